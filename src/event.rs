//! What the library says while it works. It prints nothing: `report` turns events to text or JSON.

mod plan;
mod words;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::sync::mpsc;

pub use plan::text as plan_in_words;

use crate::status::Status;

/// The stages of a run, in the order of the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the story's own words
#[non_exhaustive]
pub enum Stage {
    Plan,
    Shadow,
    Capture,
    Copy,
    Verify,
    Wait,
    Cutover,
    Tidy,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Plan,
        Self::Shadow,
        Self::Capture,
        Self::Copy,
        Self::Verify,
        Self::Wait,
        Self::Cutover,
        Self::Tidy,
    ];
}

/// One thing that happened. Durations are in the unit that the field's name says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// What will be done.
    Plan(serde_json::Value),
    /// The run has a number, by which it is known from now on.
    Run {
        /// Its number in the journal.
        run: u64,
        /// `schema.table`.
        #[serde(skip)] // every line has it
        table: String,
        /// What was asked for.
        statement: String,
    },
    /// A stage begins.
    Stage {
        /// Which.
        stage: Stage,
        /// Whether it goes on where an earlier run stopped.
        resumed: bool,
    },
    /// How far the stage is; about once a second.
    Progress(Progress),
    /// Work waits for the server; `reason` is a stable slug.
    Throttled {
        /// Why, for machines.
        reason: String,
        /// Why, for people.
        detail: String,
    },
    /// Work goes on.
    Unthrottled {
        /// How long it waited.
        seconds: f64,
    },
    /// Something to know.
    Warning {
        /// A stable slug.
        code: String,
        /// A sentence.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The run waits for something that is not work.
    Waiting {
        /// For what, as a stable slug.
        #[serde(rename = "for")]
        what: String,
        /// For what, as a sentence.
        detail: String,
    },
    /// Where the run listens to operators.
    Listening {
        /// The socket's path, or the address and port.
        address: String,
        /// `unix` or `tcp`.
        over: String,
    },
    /// An operator has said what changes the run, or tried to.
    Command {
        /// Who: `uid 1000 (pid 123)` or `tcp 10.0.0.1:5`.
        by: String,
        /// The words, without secrets.
        words: String,
        /// Whether it was done.
        ok: bool,
    },
    /// A command of the operator was run at a moment of the run.
    Hook {
        /// The moment's word.
        stage: String,
        /// The program.
        command: String,
        /// Whether it ended well.
        ok: bool,
        /// How long it took.
        ms: u64,
        /// What it printed.
        output: String,
    },
    /// The application's traffic was told to pause or to go on.
    Traffic {
        /// `pause` or `resume`.
        action: String,
        /// Whether it was done, and soon enough.
        ok: bool,
        /// How long it took.
        ms: u64,
    },
    /// An attempt at the swap ended.
    Swap {
        /// From 1.
        attempt: u32,
        /// `granted`, `lock_timeout`, `hold_exceeded`, `lost`, `not_queued`, `not_now`, `forbidden` (by
        /// a hook) or `not_paused` (traffic).
        outcome: String,
        /// Milliseconds from asking for the lock to giving it back.
        locked_ms: u64,
        /// Who was in the way.
        blockers: Vec<Blocker>,
    },
}

impl Event {
    /// The stable words of all of them.
    pub const WORDS: [&'static str; 13] = [
        "plan",
        "run",
        "stage",
        "progress",
        "throttled",
        "unthrottled",
        "warning",
        "waiting",
        "listening",
        "command",
        "hook",
        "traffic",
        "swap",
    ];
}

/// How far a stage is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Progress {
    /// Which stage.
    pub stage: Stage,
    /// Rows done.
    pub rows: u64,
    /// Rows there may be: by statistics for the copy, as many as were copied for the comparison.
    pub rows_estimate: u64,
    /// How much is done, from 0 to 1; never less than before. `None` where nobody knows.
    pub fraction: Option<f64>,
    /// Whether that is where the copy stands between the least and the greatest key, rather than
    /// rows by `rows_estimate`.
    pub exact: bool,
    /// Rows a second, in the last half minute.
    pub rows_per_second: f64,
    /// Seconds left at that rate, if it can be told.
    pub eta_seconds: Option<u64>,
    /// Changed keys that are not carried over yet.
    pub backlog: usize,
    /// Milliseconds that capture is behind the server.
    pub lag_ms: u64,
    /// Rows of the next chunk.
    pub chunk_rows: u64,
    /// Milliseconds that the last chunk took.
    pub chunk_ms: u64,
    /// Workers that may copy.
    pub workers: usize,
}

/// A session that holds or waits for a lock on the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocker {
    /// The connection's id, for `KILL`.
    pub thread: u64,
    /// Its account.
    pub user: String,
    /// Where it comes from.
    pub host: String,
    /// How long its transaction or statement has been going on.
    pub seconds: u64,
    /// Its statement, if it runs one.
    pub statement: Option<String>,
}

/// In words, with its statement if it is a short one.
impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { thread, user, host, seconds, statement } = self;
        let statement = statement.as_deref().unwrap_or("idle in a transaction");
        let statement: String = statement.chars().take(200).collect();
        write!(f, "connection {thread} ({user}@{host}) for {seconds} s: {statement}")
    }
}

/// An event with its time.
#[derive(Debug, Clone)]
pub struct Dated {
    /// When it happened, by this machine's clock. For display only.
    pub at: SystemTime,
    /// What happened.
    pub event: Event,
}

/// The library's mouth: cheap to clone, never waits.
#[derive(Debug, Clone)]
pub struct Events {
    sender: mpsc::UnboundedSender<Dated>,
    status: Arc<Mutex<Status>>,
    others: Arc<Mutex<Vec<mpsc::UnboundedSender<Dated>>>>,
}

impl Events {
    /// A mouth and the ear to it.
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Dated>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, status: Arc::default(), others: Arc::default() }, receiver)
    }

    /// Says something. When nobody listens any more it is only logged: events never fail the work.
    pub fn say(&self, event: Event) {
        let dated = Dated { at: SystemTime::now(), event };
        self.status.lock().unwrap_or_else(PoisonError::into_inner).hear(&dated);
        self.others().retain(|other| other.send(dated.clone()).is_ok());
        if let Err(unheard) = self.sender.send(dated) {
            tracing::debug!(event = ?unheard.0.event, "nobody listens");
        }
    }

    /// What the run is doing, as it was said so far.
    pub fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One more ear: for what is said from now on.
    pub fn listen(&self) -> mpsc::UnboundedReceiver<Dated> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.others().push(sender);
        receiver
    }

    fn others(&self) -> MutexGuard<'_, Vec<mpsc::UnboundedSender<Dated>>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stage begins.
    pub fn stage(&self, stage: Stage) {
        self.stage_of(stage, false);
    }

    /// A stage begins; whether it goes on where an earlier run stopped.
    pub fn stage_of(&self, stage: Stage, resumed: bool) {
        self.say(Event::Stage { stage, resumed });
    }

    /// Something to know.
    pub fn warn(&self, code: &str, message: impl Into<String>, hint: Option<&str>) {
        self.say(Event::Warning {
            code: code.to_owned(),
            message: message.into(),
            hint: hint.map(str::to_owned),
        });
    }

    /// The run waits for something.
    pub fn waiting(&self, what: &str, detail: impl Into<String>) {
        self.say(Event::Waiting { what: what.to_owned(), detail: detail.into() });
    }
}

/// Whole milliseconds, as events give them.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
