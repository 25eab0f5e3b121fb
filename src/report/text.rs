//! Plain lines on stderr, for logs and for people without a terminal.

use std::io::Write as _;
use std::time::{Duration, Instant};

use zosc::event::{Dated, Event};

use super::{About, Ending, Verbosity, ending};

/// How often progress gets a line.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Lines on stderr.
pub(super) struct Text {
    about: About,
    verbosity: Verbosity,
    last_progress: Option<Instant>,
}

impl Text {
    pub(super) fn new(about: About, verbosity: Verbosity) -> Self {
        Self { about, verbosity, last_progress: None }
    }

    pub(super) fn event(&mut self, dated: &Dated) {
        match &dated.event {
            Event::Progress(_) => {
                if self.last_progress.is_some_and(|last| last.elapsed() < PROGRESS_EVERY) {
                    return;
                }
                self.last_progress = Some(Instant::now());
            }
            Event::Stage { .. } => self.last_progress = None,
            _ => {}
        }
        let grave = matches!(dated.event, Event::Warning { .. });
        if self.verbosity == Verbosity::Quiet && !grave {
            return;
        }
        let at = humantime::format_rfc3339_seconds(dated.at);
        for line in dated.event.to_string().lines() {
            say(&format!("{at} {line}\n"));
        }
    }

    pub(super) fn end(&mut self, ending: &Ending) {
        say(&ending::text(ending, self.about.table.as_deref()));
    }
}

/// Writes to stderr. When nobody reads it any more, the work still goes on.
pub(super) fn say(text: &str) {
    if let Err(error) = std::io::stderr().lock().write_all(text.as_bytes()) {
        tracing::debug!(%error, "stderr is closed");
    }
}
