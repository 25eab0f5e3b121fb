//! The operator's own commands at the moments of a run. Those before something that cannot be taken
//! back are waited for and may forbid it; those that only tell run beside the work, one at a time and
//! in order. None is run while the table is locked.

mod moment;
mod source;
mod subject;
mod teller;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

pub use moment::Moment;
pub use source::Source;
pub use subject::Subject;

use teller::{Said, Teller};

use crate::command::Facts;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Events, millis};
use crate::halt::Halt;
use crate::journal::RunRow;
use crate::outcome::Outcome;
use crate::request::Request;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSettings {
    /// Where hooks come from, in the order in which they are called.
    pub sources: Vec<Source>,
    /// How long one may take.
    pub limit: Duration,
    /// What it means when one fails; `None`: it forbids what it may forbid, and is a warning
    /// elsewhere.
    pub on_failure: Option<OnFailure>,
}

/// What it means when a hook fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// The run stops, or the attempt at the swap is not made.
    Stop,
    /// A warning.
    Warn,
}

impl Default for HookSettings {
    fn default() -> Self {
        Self { sources: Vec::new(), limit: Duration::from_secs(30), on_failure: None }
    }
}

/// The hooks of a run; cheap to clone.
#[derive(Debug, Clone)]
pub struct Hooks {
    caller: Arc<Caller>,
    teller: Teller,
}

/// Calls hooks.
#[derive(Debug)]
struct Caller {
    settings: HookSettings,
    subject: Subject,
    events: Events,
    halt: Halt,
}

impl Hooks {
    /// Begins to listen to the run. A usage error if what looks like a hook is none.
    pub fn begin(request: &Request, events: &Events, halt: &Halt) -> Result<Self> {
        let settings = request.hooks.clone();
        for source in &settings.sources {
            source.check()?;
        }
        let subject = Subject::new(request, events);
        let (events, halt) = (events.clone(), halt.clone());
        let caller = Arc::new(Caller { settings, subject, events, halt });
        let teller = Teller::begin(&caller);
        Ok(Self { caller, teller })
    }

    /// What commands are told.
    pub fn subject(&self) -> &Subject {
        &self.caller.subject
    }

    /// The run has this row: says so, once.
    pub fn is_run(&self, row: &RunRow) {
        if self.caller.subject.is_run(row.id) {
            let (table, statement) = (row.table.plain(), row.statement.clone());
            self.caller.events.say(Event::Run { run: row.id, table, statement });
        }
    }

    /// Asks whether the run may begin: nothing is made yet.
    pub async fn may_begin(&self) -> Result<()> {
        let facts = self.facts(Moment::Startup);
        self.caller.ask(Moment::Startup, &facts).await.map_err(|trouble| {
            Error::refused("hook_forbids", format!("a hook forbids the run: {trouble}"))
        })
    }

    /// Asks whether rows may be copied.
    pub async fn may_copy(&self) -> Result<()> {
        let facts = self.facts(Moment::BeforeCopy);
        self.caller.ask(Moment::BeforeCopy, &facts).await.map_err(|trouble| {
            let message = format!("a hook forbids the copy: {trouble}");
            Error::new(Kind::Resumable, "hook_forbids", message)
        })
    }

    /// Asks whether this attempt at the swap, counted from 1, may be made; false was told why.
    pub async fn may_swap(&self, attempt: u32) -> bool {
        let mut facts = self.facts(Moment::BeforeCutOver);
        facts.put("attempt", attempt);
        let Err(trouble) = self.caller.ask(Moment::BeforeCutOver, &facts).await else {
            return true;
        };
        let message = format!("a hook forbids attempt {attempt} at the swap: {trouble}");
        self.caller.events.warn("hook_forbids", message, None);
        false
    }

    /// Tells of a moment beside the work; `more` are facts of its own.
    pub fn tell(&self, moment: Moment, more: &[(&'static str, Value)]) {
        let mut facts = self.facts(moment);
        for (name, value) in more {
            facts.put(name, value.clone());
        }
        self.teller.tell(Said { moment, facts }, &self.caller);
    }

    /// Tells how the run has ended, and waits until all was told, for a bounded time. What changed
    /// nothing is not told.
    pub async fn end(&self, done: &Result<Outcome>) {
        self.teller.hear_out().await;
        match done {
            Ok(Outcome::Nothing | Outcome::Already) => {}
            Ok(Outcome::Rehearsed(_)) => self.tell(Moment::Rehearsed, &[]),
            Ok(outcome) => self.tell(Moment::Swapped, &[("outcome", outcome.word().into())]),
            Err(error) => {
                let (code, message) = (error.code.into(), error.message.clone().into());
                self.tell(Moment::Failed, &[("code", code), ("error", message)]);
            }
        }
        self.teller.end(&self.caller).await;
    }

    fn facts(&self, moment: Moment) -> Facts {
        self.caller.subject.facts(moment.word())
    }
}

impl Caller {
    /// Calls the hooks of a moment that may forbid what comes next; why one does.
    async fn ask(&self, moment: Moment, facts: &Facts) -> Result<(), String> {
        let called = tokio::select! {
            called = self.call(moment, facts) => called,
            // Dropping the call kills the hook.
            _ = self.halt.stopped() => return Ok(()),
        };
        match called {
            Err(trouble) if self.settings.on_failure == Some(OnFailure::Warn) => {
                self.events.warn("hook_failed", trouble, None);
                Ok(())
            }
            called => called,
        }
    }

    /// Calls the hooks of a moment that only tell.
    async fn tell(&self, moment: Moment, facts: &Facts) {
        let Err(trouble) = self.call(moment, facts).await else { return };
        let is_over = matches!(moment, Moment::Swapped | Moment::Rehearsed | Moment::Failed);
        if self.settings.on_failure == Some(OnFailure::Stop) && !is_over {
            let message = format!("a hook failed: {trouble}");
            return self.halt.stop(
                Error::new(Kind::Resumable, "hook_failed", message)
                    .hint("with `--hook-failure warn` the run would go on"),
            );
        }
        self.events.warn("hook_failed", trouble, None);
    }

    /// One after the other; the first that fails ends it.
    async fn call(&self, moment: Moment, facts: &Facts) -> Result<(), String> {
        for source in &self.settings.sources {
            let commands = source.commands(moment).map_err(|error| error.message)?;
            for command in commands {
                let ran = command.run(facts, self.settings.limit).await;
                self.events.say(Event::Hook {
                    stage: moment.word().to_owned(),
                    command: command.program().to_owned(),
                    ok: ran.is_good(),
                    ms: millis(ran.took),
                    output: ran.printed.clone(),
                });
                if !ran.is_good() {
                    return Err(format!("at {}, {}", moment.word(), ran.trouble(&command)));
                }
            }
        }
        Ok(())
    }
}
