//! `zosc top`: a run on a terminal, by what its control socket tells.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use zosc::control;
use zosc::error::{Error, Kind, Result};

use super::args::TopArguments;
use super::living;
use crate::report::{self, Key, Model, Screen};

/// How often the run is asked.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// What comes in while the view is open.
enum News {
    Status(Value),
    Audit(Value),
    /// To what was asked for by a key.
    Answer(Value),
    Ended,
    Lost(Error),
}

/// Shows it until it ends or somebody has seen enough; gives the exit code.
pub(crate) async fn execute(arguments: &TopArguments) -> u8 {
    match watch(&arguments.run).await {
        Ok(()) => 0,
        Err(error) => {
            report::failure(arguments.output.format, &error);
            error.kind.exit_code()
        }
    }
}

async fn watch(run: &str) -> Result<()> {
    Screen::is_possible(run)?;
    let path = living::find(run).await?;
    // A wrong path is told before the screen is taken.
    let first = control::ask(&path, &json!({ "do": "status" })).await?;
    let mut model = Model::default();
    model.see(0.0, &first);
    let has_ended = show(&path, &mut model).await?;
    if has_ended {
        report::ended(&model);
    }
    Ok(())
}

/// Whether the run has ended. The terminal is as it was when this returns.
async fn show(path: &Path, model: &mut Model) -> Result<bool> {
    let (begun, mut asking) = (Instant::now(), JoinSet::new());
    let (sender, mut news) = unbounded_channel();
    asking.spawn(keep_asking(path.to_owned(), sender.clone()));
    let (mut screen, mut keys) = Screen::open()?;
    let mut stop = Signals::watch()?;
    loop {
        model.pass(begun.elapsed().as_secs_f64());
        screen.draw(model)?;
        tokio::select! {
            key = keys.recv() => match key {
                Some(Key::Quit) => return Ok(false),
                Some(Key::Say(words)) => {
                    model.say(&format!("{words} ..."));
                    asking.spawn(say(path.to_owned(), words, sender.clone()));
                }
                Some(Key::Resized) => {}
                None => return Err(gone()),
            },
            Some(news) = news.recv() => match news {
                News::Status(status) => model.see(begun.elapsed().as_secs_f64(), &status),
                News::Audit(audit) => model.hear(&audit),
                News::Answer(answer) => model.answer(&answer),
                News::Ended => return Ok(true),
                News::Lost(error) => return Err(error),
            },
            end = stop.next() => return end.map(|()| false),
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
    }
}

async fn keep_asking(path: PathBuf, news: UnboundedSender<News>) {
    loop {
        for (word, told) in
            [("status", News::Status as fn(Value) -> News), ("audit", News::Audit as _)]
        {
            let told = match living::ask(&path, &json!({ "do": word })).await {
                Ok(Some(answer)) => told(answer),
                Ok(None) => News::Ended,
                Err(error) => News::Lost(error),
            };
            let is_last = matches!(told, News::Ended | News::Lost(_));
            if news.send(told).is_err() || is_last {
                return;
            }
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Says it once. That the run has ended is noticed by who keeps asking.
async fn say(path: PathBuf, words: &'static str, news: UnboundedSender<News>) {
    let (word, value) = words.split_once(' ').unwrap_or((words, ""));
    let mut question = json!({ "do": word });
    if !value.is_empty() {
        question["value"] = value.into();
    }
    let answer = control::ask(&path, &question).await;
    let answer =
        answer.unwrap_or_else(|error| json!({ "ok": false, "message": error.to_string() }));
    if news.send(News::Answer(answer)).is_err() {
        tracing::debug!("nobody waits for the answer any more");
    }
}

/// The signals that end the view, so that the terminal is given back first.
struct Signals {
    heard: UnboundedReceiver<SignalKind>,
    _tasks: JoinSet<()>,
}

impl Signals {
    fn watch() -> Result<Self> {
        let (sender, heard) = unbounded_channel();
        let mut tasks = JoinSet::new();
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let mut signal = signal(kind).map_err(|error| {
                Error::failed("no_signals", format!("signals cannot be watched: {error}"))
            })?;
            let sender = sender.clone();
            tasks.spawn(async move {
                signal.recv().await;
                if sender.send(kind).is_err() {
                    tracing::debug!("the view is closed");
                }
            });
        }
        Ok(Self { heard, _tasks: tasks })
    }

    async fn next(&mut self) -> Result<()> {
        match self.heard.recv().await {
            Some(kind) if kind == SignalKind::interrupt() => Ok(()),
            _ => Err(Error::new(Kind::Terminated, "terminated", "the view was told to end")
                .hint("the run goes on")),
        }
    }
}

fn gone() -> Error {
    Error::failed("terminal_gone", "the terminal cannot be read any more").hint("the run goes on")
}
