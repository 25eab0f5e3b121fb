//! The only place that prints: what the library says becomes lines for people, a live line on a
//! terminal, or JSON for programs.

mod answer;
mod bar;
mod capabilities;
mod control;
mod ending;
mod json;
mod metrics;
mod record;
mod text;
mod top;

use std::io::IsTerminal as _;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc::UnboundedReceiver, oneshot};
use tokio::task::JoinHandle;
use zosc::error::Error;
use zosc::event::{Dated, Event};
use zosc::numbers;

use self::bar::Bar;
use self::json::Json;
use self::text::Text;

pub(crate) use self::answer::{Answer, answer, document, failure};
pub(crate) use self::control::{living, spoken};
pub(crate) use self::ending::{Ending, exit_codes};
pub(crate) use self::json::words as words_of_events;
pub(crate) use self::metrics::Metrics;
pub(crate) use self::record::Recorder;
pub(crate) use self::top::{Key, Model, Screen, ended};

/// For whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people, on stderr.
    Text,
    /// For programs: one object a line, on stdout.
    Json,
}

impl Format {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// The word that asks for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// How much people want to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Warnings and the end.
    Quiet,
    /// Also what goes on.
    Normal,
    /// Also the log, at this level.
    Verbose(u8),
}

/// What the run is about: a part of every JSON line.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// The caller's own name for the change.
    pub(crate) id: Option<String>,
    /// `schema.table`, as soon as it is known.
    pub(crate) table: Option<String>,
}

/// Whether colours are wanted, see <https://no-color.org>.
pub(crate) fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Tells programs that the command line is not understood; of a run, they wait for its end.
pub(crate) fn misused(error: &Error, is_run: bool) {
    if is_run {
        Json::new(About { id: None, table: None }).end(&Ending::from(Err(error.clone())));
    } else {
        json::print_error(error);
    }
}

/// Listens to a run until it has ended.
pub(crate) struct Report {
    listener: JoinHandle<Ears>,
    ended: oneshot::Sender<()>,
}

impl Report {
    /// Starts listening.
    pub(crate) fn begin(
        format: Format,
        verbosity: Verbosity,
        about: About,
        heard: UnboundedReceiver<Dated>,
        recorder: Option<Recorder>,
    ) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let sink = match (format, verbosity) {
            (Format::Json, _) => Sink::Json(Json::new(about)),
            // The log would tear the live line apart.
            (Format::Text, Verbosity::Normal) if on_terminal => Sink::Bar(Bar::new(about)),
            (Format::Text, _) => Sink::Text(Text::new(about, verbosity)),
        };
        let (ended, told) = oneshot::channel();
        let ears = Ears { sink, recorder };
        Self { listener: tokio::spawn(listen(ears, heard, told)), ended }
    }

    /// Says how it ended; gives the exit code.
    pub(crate) async fn end(self, ending: Ending) -> u8 {
        if self.ended.send(()).is_err() {
            tracing::debug!("the report ended before the run");
        }
        match self.listener.await {
            Ok(ears) => ears.end(&ending),
            Err(error) => tracing::error!(%error, "the report was lost"),
        }
        ending.exit_code
    }
}

/// Whoever listens to a run.
struct Ears {
    sink: Sink,
    recorder: Option<Recorder>,
}

impl Ears {
    fn event(&mut self, dated: &Dated) {
        if let Some(recorder) = &mut self.recorder {
            recorder.hear(dated);
        }
        self.sink.event(dated);
    }

    fn end(mut self, ending: &Ending) {
        if let Some(Err(error)) = self.recorder.map(|recorder| recorder.write(ending)) {
            let message = format!("the report could not be written: {error}");
            let (code, hint) = ("report_not_written".to_owned(), None);
            let event = Event::Warning { code, message, hint };
            self.sink.event(&Dated { at: SystemTime::now(), event });
        }
        self.sink.end(ending);
    }
}

/// The forms of a report: a closed set.
enum Sink {
    Text(Text),
    Bar(Bar),
    Json(Json),
}

impl Sink {
    fn event(&mut self, dated: &Dated) {
        match self {
            Self::Text(text) => text.event(dated),
            Self::Bar(bar) => bar.event(&dated.event),
            Self::Json(json) => json.event(dated),
        }
    }

    fn pulse(&mut self) {
        if let Self::Json(json) = self {
            json.pulse();
        }
    }

    fn end(&mut self, ending: &Ending) {
        match self {
            Self::Text(text) => text.end(ending),
            Self::Bar(bar) => bar.end(ending),
            Self::Json(json) => {
                json.end(ending);
                // People read stderr whatever programs read.
                if let Err(error) = &ending.result {
                    text::say(&ending::failure(error));
                }
            }
        }
    }
}

/// Until told that the run has ended: whoever still holds the mouth, such as a signal handler, must
/// not keep the process alive.
async fn listen(
    mut ears: Ears,
    mut heard: UnboundedReceiver<Dated>,
    mut ended: oneshot::Receiver<()>,
) -> Ears {
    let mut pulse = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            dated = heard.recv() => match dated {
                Some(dated) => ears.event(&dated),
                None => break,
            },
            _ = pulse.tick() => ears.sink.pulse(),
            _ = &mut ended => break,
        }
    }
    while let Ok(dated) = heard.try_recv() {
        ears.event(&dated);
    }
    ears
}
