//! A run on a terminal: what it tells is folded into a [`Model`], which is drawn again and again.

mod draw;
mod model;

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zosc::error::{Error, Result};

use super::colours;

pub(crate) use self::model::Model;

/// Keys are read so long at a time, to notice that nobody wants them any more.
const PATIENCE: Duration = Duration::from_millis(200);

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// To see no more.
    Quit,
    /// To say this to the run.
    Say(&'static str),
    /// Nothing, but the terminal has another size.
    Resized,
}

/// The terminal while it is ours; dropping it gives it back as it was. So does a panic.
pub(crate) struct Screen {
    terminal: DefaultTerminal,
    colours: bool,
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

impl Screen {
    /// An error where there is no terminal.
    pub(crate) fn is_possible(run: &str) -> Result<()> {
        if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
            return Ok(());
        }
        Err(Error::usage("no_terminal", "`zosc top` needs a terminal, and there is none")
            .hint(format!("`zosc ctl {run} status --watch` tells the same in lines")))
    }

    /// Takes the terminal; with what is typed.
    pub(crate) fn open() -> Result<(Self, UnboundedReceiver<Key>)> {
        let terminal = ratatui::try_init().map_err(|error| unusable(&error))?;
        let screen = Self { terminal, colours: colours() };
        let (sender, keys) = unbounded_channel();
        std::thread::spawn(move || listen(&sender));
        Ok((screen, keys))
    }

    /// Draws what is known now.
    pub(crate) fn draw(&mut self, model: &Model) -> Result<()> {
        let drawn = self.terminal.draw(|frame| draw::draw(frame, model, self.colours));
        drawn.map(|_| ()).map_err(|error| unusable(&error))
    }
}

/// Says that a run has ended, on stdout.
pub(crate) fn ended(model: &Model) {
    let text = format!("{} has ended; `zosc status` tells what is left\n", model.name());
    if let Err(error) = std::io::stdout().lock().write_all(text.as_bytes()) {
        tracing::debug!(%error, "nobody reads stdout any more");
    }
}

/// Until nobody wants keys any more, or there are none.
fn listen(keys: &UnboundedSender<Key>) {
    while !keys.is_closed() {
        let read =
            event::poll(PATIENCE).and_then(|is_there| is_there.then(event::read).transpose());
        let key = match read {
            Ok(Some(Event::Key(key))) => meant(key),
            Ok(Some(Event::Resize(..))) => Some(Key::Resized),
            Ok(_) => None,
            Err(error) => return tracing::debug!(%error, "the terminal cannot be read"),
        };
        if key.is_some_and(|key| keys.send(key).is_err()) {
            return;
        }
    }
}

fn meant(KeyEvent { code, modifiers, kind, .. }: KeyEvent) -> Option<Key> {
    if kind != KeyEventKind::Press {
        return None;
    }
    match (code, modifiers.contains(KeyModifiers::CONTROL)) {
        (KeyCode::Char('c'), true) | (KeyCode::Char('q'), false) => Some(Key::Quit),
        (KeyCode::Char('p'), false) => Some(Key::Say("throttle")),
        (KeyCode::Char('r'), false) => Some(Key::Say("no-throttle")),
        (KeyCode::Char('c'), false) => Some(Key::Say("cut-over --check")),
        _ => None,
    }
}

fn unusable(error: &std::io::Error) -> Error {
    Error::failed("no_screen", format!("the terminal cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_last_line_says() {
        let key = |letter, modifiers| meant(KeyEvent::new(KeyCode::Char(letter), modifiers));
        let (none, control) = (KeyModifiers::NONE, KeyModifiers::CONTROL);
        assert_eq!(key('q', none), Some(Key::Quit));
        assert_eq!(key('c', control), Some(Key::Quit));
        assert_eq!(key('c', none), Some(Key::Say("cut-over --check")));
        assert_eq!(key('p', none), Some(Key::Say("throttle")));
        assert_eq!(key('r', none), Some(Key::Say("no-throttle")));
        assert_eq!((key('x', none), key('q', control)), (None, None));
    }
}
