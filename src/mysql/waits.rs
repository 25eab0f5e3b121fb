//! What the run waits for, said once for all who wait: not at each try, and not for a moment's sake.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::Events;
use crate::halt::Halt;

/// What is over sooner is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(1);
/// How often it is said again.
const SAY_AGAIN: Duration = Duration::from_secs(30);

/// Cheap to clone; all clones speak with one mouth.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits {
    events: Option<Events>,
    open: Arc<Mutex<HashMap<&'static str, Open>>>,
}

/// Something that is waited for.
#[derive(Debug)]
struct Open {
    since: Instant,
    waiting: usize,
    said: Option<Instant>,
}

/// One who waits, until it is dropped: because what it waits for has come, or because nobody needs
/// that any more.
#[derive(Debug)]
pub(super) struct Wait {
    waits: Waits,
    what: &'static str,
    halt: Halt,
    is_in_vain: bool,
}

impl Waits {
    pub(super) fn heard_by(events: &Events) -> Self {
        Self { events: Some(events.clone()), open: Arc::default() }
    }

    /// Begins to wait for `what`, a stable slug, for as long as the run does not stop.
    pub(super) fn enter(&self, what: &'static str, halt: &Halt) -> Wait {
        let new = || Open { since: Instant::now(), waiting: 0, said: None };
        self.open().entry(what).or_insert_with(new).waiting += 1;
        Wait { waits: self.clone(), what, halt: halt.clone(), is_in_vain: false }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<&'static str, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// Still waiting: says so if it is time to.
    pub(super) fn tell(&self, detail: impl FnOnce(Duration) -> String) {
        let mut all = self.waits.open();
        let Some(open) = all.get_mut(self.what) else { return };
        let since = open.since.elapsed();
        let is_due = open.said.map_or(since >= WORTH_A_WORD, |said| said.elapsed() >= SAY_AGAIN);
        if is_due && let Some(events) = &self.waits.events {
            open.said = Some(Instant::now());
            events.waiting(self.what, detail(since));
        }
    }

    /// It was waited for long enough.
    pub(super) fn in_vain(mut self) {
        self.is_in_vain = true;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut all = self.waits.open();
        let Some(open) = all.get_mut(self.what) else { return };
        open.waiting -= 1;
        if open.waiting > 0 {
            return;
        }
        let goes_on = !self.is_in_vain && self.halt.check().is_ok();
        if let Some(Open { since, said: Some(_), .. }) = all.remove(self.what)
            && let Some(events) = self.waits.events.as_ref().filter(|_| goes_on)
        {
            let seconds = since.elapsed().as_secs_f32();
            events.warn("goes_on", format!("all goes on after a wait of {seconds:.1} s"), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::UnboundedReceiver;

    use super::*;
    use crate::event::{Dated, Event};

    /// Those who wait together, long enough for a word; and what is said.
    fn two_wait(halt: &Halt) -> ([Wait; 2], UnboundedReceiver<Dated>) {
        let (events, heard) = Events::channel();
        let waits = Waits::heard_by(&events);
        let both = [waits.enter("server", halt), waits.enter("server", halt)];
        waits.open().get_mut("server").unwrap().since -= WORTH_A_WORD;
        for wait in &both {
            wait.tell(|_| String::new());
        }
        (both, heard)
    }

    fn said(mut heard: UnboundedReceiver<Dated>) -> Vec<String> {
        std::iter::from_fn(|| heard.try_recv().ok())
            .map(|dated| match dated.event {
                Event::Waiting { what, .. } => what,
                Event::Warning { code, .. } => code,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn it_is_said_once_for_all_who_wait() {
        let (both, heard) = two_wait(&Halt::new());
        drop(both);
        assert_eq!(said(heard), ["server", "goes_on"]);
    }

    #[test]
    fn nothing_goes_on_when_the_run_stops_or_the_wait_was_in_vain() {
        let halt = Halt::new();
        let (both, heard) = two_wait(&halt);
        halt.stop(crate::error::Error::failed("x", "x"));
        drop(both);
        assert_eq!(said(heard), ["server"]);
        let ([first, last], heard) = two_wait(&Halt::new());
        drop(first);
        last.in_vain();
        assert_eq!(said(heard), ["server"]);
    }
}
