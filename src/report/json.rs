//! One JSON object a line on stdout. The last line is always `finished`.

use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use zosc::error::{Error, Kind, ServerCode};
use zosc::event::{Blocker, Dated, Event, Progress, Stage};
use zosc::outcome::{Outcome, Rehearsed};

use super::numbers::{fraction, percent, tenth};
use super::{About, Ending};

/// The version of the form of lines; raised when what is there changes its meaning.
pub(crate) const VERSION: u8 = 1;

/// Whoever reads may take a minute of silence for death. A line is promised every 10 seconds, and
/// the clock is looked at once a second.
const SILENCE: Duration = Duration::from_secs(9);

/// Progress comes about once a second; more often than this is not passed on.
const PROGRESS_EVERY: Duration = Duration::from_millis(900);

/// The parts that every line has.
#[derive(Serialize)]
struct Line<'a, E: Serialize> {
    v: u8,
    at: String,
    id: Option<&'a str>,
    table: Option<&'a str>,
    #[serde(flatten)]
    event: E,
}

/// Events of the process rather than of the library.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Own<'a> {
    /// How far a stage is.
    Progress {
        #[serde(flatten)]
        progress: &'a Progress,
        percent: Option<f64>,
    },
    /// Nothing to tell, but still there.
    Alive { stage: Option<Stage> },
    /// What went wrong.
    Error {
        code: &'a str,
        kind: Kind,
        message: &'a str,
        hint: Option<&'a str>,
        hints: &'a [String],
        mysql: Option<&'a ServerCode>,
        resumable: bool,
    },
    /// How it ended; the last line.
    Finished {
        outcome: &'a str,
        exit_code: u8,
        seconds: f64,
        rows: Option<u64>,
        locked_ms: Option<u64>,
        attempts: Option<u32>,
        kept: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        rehearsal: Option<Rehearsal<'a>>,
    },
}

/// What a rehearsal by copy has measured.
#[derive(Serialize)]
struct Rehearsal<'a> {
    /// Of the new table.
    bytes: u64,
    /// From the shadow to the end of verification.
    seconds: f64,
    /// About so long the table would have been locked.
    settled_ms: u64,
    /// Who would have been in the way of the lock.
    blockers: &'a [Blocker],
}

/// Lines on stdout.
pub(super) struct Json {
    about: About,
    started: Instant,
    last_line: Instant,
    last_progress: Option<Instant>,
    stage: Option<Stage>,
}

impl Json {
    pub(super) fn new(about: About) -> Self {
        let now = Instant::now();
        Self { about, started: now, last_line: now, last_progress: None, stage: None }
    }

    pub(super) fn event(&mut self, dated: &Dated) {
        match &dated.event {
            Event::Progress(progress) => self.progress(dated.at, progress),
            event => {
                if let Event::Stage { stage, .. } = event {
                    self.stage = Some(*stage);
                    self.last_progress = None;
                }
                if let Event::Run { table, .. } = event {
                    self.about.table.get_or_insert_with(|| table.clone());
                }
                self.line(dated.at, event);
            }
        }
    }

    fn progress(&mut self, at: SystemTime, progress: &Progress) {
        if self.last_progress.is_some_and(|last| last.elapsed() < PROGRESS_EVERY) {
            return;
        }
        self.last_progress = Some(Instant::now());
        let percent = progress.fraction.map(percent);
        let rows_per_second = tenth(progress.rows_per_second);
        let fraction = progress.fraction.map(fraction);
        let progress = &Progress { rows_per_second, fraction, ..progress.clone() };
        self.line(at, Own::Progress { progress, percent });
    }

    /// Called every second.
    pub(super) fn pulse(&mut self) {
        if let Some(sign) = self.sign_of_life(Instant::now()) {
            self.line(SystemTime::now(), sign);
        }
    }

    fn sign_of_life(&self, now: Instant) -> Option<Own<'static>> {
        let is_due = now.duration_since(self.last_line) >= SILENCE;
        is_due.then_some(Own::Alive { stage: self.stage })
    }

    pub(super) fn end(&mut self, ending: &Ending) {
        if let Err(error) = &ending.result {
            self.line(SystemTime::now(), self::error(error));
        }
        let swapped = match &ending.result {
            Ok(Outcome::Copied(swapped)) => Some(swapped),
            _ => None,
        };
        let measured = match &ending.result {
            Ok(Outcome::Rehearsed(Rehearsed::Copied(measured))) => Some(measured),
            _ => None,
        };
        let finished = Own::Finished {
            outcome: ending.result.as_ref().map_or("failed", Outcome::word),
            exit_code: ending.exit_code,
            seconds: tenth(self.started.elapsed().as_secs_f64()),
            rows: swapped
                .map(|swapped| swapped.verified_rows)
                .or(measured.map(|measured| measured.verified_rows)),
            locked_ms: swapped.map(|swapped| zosc::event::millis(swapped.locked)),
            attempts: swapped.map(|swapped| swapped.attempts),
            kept: swapped.map(|swapped| swapped.kept.plain()),
            rehearsal: measured.map(|measured| Rehearsal {
                bytes: measured.bytes,
                seconds: tenth(measured.took.as_secs_f64()),
                settled_ms: zosc::event::millis(measured.settled_in),
                blockers: &measured.blockers,
            }),
        };
        self.line(SystemTime::now(), finished);
    }

    fn line(&mut self, at: SystemTime, event: impl Serialize) {
        self.last_line = Instant::now();
        print(at, &self.about, event);
    }
}

fn error(error: &Error) -> Own<'_> {
    Own::Error {
        code: error.code,
        kind: error.kind,
        message: &error.message,
        hint: error.hints.first().map(String::as_str),
        hints: &error.hints,
        mysql: error.server.as_ref(),
        resumable: error.kind.is_resumable(),
    }
}

/// The words of all events.
pub(crate) fn words() -> Vec<&'static str> {
    Event::WORDS.into_iter().chain(["alive", "error", "finished"]).collect()
}

/// An error outside of a run: the only line.
pub(super) fn print_error(failure: &Error) {
    print(SystemTime::now(), &About { id: None, table: None }, error(failure));
}

/// Writes a line. When nobody reads it any more, the work still goes on.
pub(super) fn print(at: SystemTime, about: &About, event: impl Serialize) {
    let written = encode(at, about, event)
        .map_err(std::io::Error::from)
        .and_then(|line| writeln!(std::io::stdout().lock(), "{line}"));
    if let Err(error) = written {
        tracing::warn!(%error, "an event could not be written to stdout");
    }
}

fn encode(at: SystemTime, about: &About, event: impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(&Line {
        v: VERSION,
        at: humantime::format_rfc3339_millis(at).to_string(),
        id: about.id.as_deref(),
        table: about.table.as_deref(),
        event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(event: impl Serialize) -> String {
        let about = About { id: None, table: Some("shop.orders".into()) };
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        let line = encode(at, &about, event).unwrap();
        let common = r#"{"v":1,"at":"2023-11-14T22:13:20.123Z","id":null,"table":"shop.orders","#;
        line.strip_prefix(common).expect(&line).to_owned()
    }

    #[test]
    fn events_of_the_library() {
        let stage = Event::Stage { stage: Stage::Copy, resumed: false };
        assert_eq!(encoded(&stage), r#""event":"stage","stage":"copy","resumed":false}"#);
        let plan = Event::Plan(serde_json::json!({ "method": "instant" }));
        assert_eq!(encoded(&plan), r#""event":"plan","method":"instant"}"#);
        let waiting = Event::Waiting { what: "lock".into(), detail: "d".into() };
        assert_eq!(encoded(&waiting), r#""event":"waiting","for":"lock","detail":"d"}"#);
    }

    #[test]
    fn words_of_events() {
        let words = words();
        for word in ["plan", "progress", "alive", "swap", "error", "finished"] {
            assert_eq!(words.iter().filter(|known| **known == word).count(), 1, "{word}");
        }
    }

    #[test]
    fn silence_is_broken_in_time() {
        let mut json = Json::new(About { id: None, table: None });
        json.stage = Some(Stage::Wait);
        let after = |seconds| json.sign_of_life(json.last_line + Duration::from_secs(seconds));
        assert!(after(8).is_none());
        // Looked at once a second, this leaves no more than ten between two lines.
        let sign = after(9).map(encoded);
        assert_eq!(sign.as_deref(), Some(r#""event":"alive","stage":"wait"}"#));
    }

    #[test]
    fn progress_has_a_percentage() {
        let progress = Progress {
            stage: Stage::Verify,
            rows: 1,
            rows_estimate: 3,
            fraction: Some(0.3333),
            exact: true,
            rows_per_second: 0.5,
            eta_seconds: None,
            backlog: 0,
            lag_ms: 7,
            chunk_rows: 10,
            chunk_ms: 90,
            workers: 2,
        };
        let own = Own::Progress { progress: &progress, percent: Some(percent(1.0 / 3.0)) };
        assert_eq!(
            encoded(own),
            r#""event":"progress","stage":"verify","rows":1,"rows_estimate":3,"#.to_owned()
                + r#""fraction":0.3333,"exact":true,"rows_per_second":0.5,"eta_seconds":null,"backlog":0,"lag_ms":7,"#
                + r#""chunk_rows":10,"chunk_ms":90,"workers":2,"percent":33.3}"#
        );
    }

    #[test]
    fn errors_carry_what_the_server_said() {
        let mut failure = Error::new(Kind::Differs, "duplicate_key", "m").hint("h");
        failure.server = Some(ServerCode { errno: 1062, sqlstate: "23000".into(), flavour: None });
        assert_eq!(
            encoded(error(&failure)),
            r#""event":"error","code":"duplicate_key","kind":"differs","message":"m","#.to_owned()
                + r#""hint":"h","hints":["h"],"mysql":{"errno":1062,"sqlstate":"23000"},"#
                + r#""resumable":false}"#
        );
    }
}
