//! Pausing the application's traffic around an attempt at the swap. Resuming is the promise: once
//! pausing was begun, traffic is resumed whatever comes, by this run or by the next one, which the
//! journal tells of it.
//!
//! The journal holds a flag and never a command: others may write there.

mod debt;
mod resumer;

use std::time::Duration;

pub use debt::{Relief, settle, settle_all};

use resumer::Resumer;

use crate::command::CommandLine;
use crate::crash::crash_point;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Events, millis};
use crate::hooks::Subject;
use crate::journal::Journal;
use crate::mysql::{Server, Session};
use crate::settings::SwapBounds;

/// The longest wait for traffic to be paused, unless told otherwise.
pub const PAUSE_LIMIT: Duration = Duration::from_secs(5);

/// The slug of the error that traffic still rests.
pub const NOT_RESUMED: &str = "traffic_not_resumed";

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrafficSettings {
    /// Pauses and resumes traffic; `None`: the lock alone holds it up.
    pub valve: Option<Valve>,
    /// A person says that what an earlier run has paused goes on again.
    pub is_resumed: bool,
}

/// A pair of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valve {
    /// Pauses traffic: all of it rests when this has ended with success.
    pub pause: CommandLine,
    /// Lets traffic go on; also where it was not paused, and again after it was let go on.
    pub resume: CommandLine,
    /// The longest wait for `pause`.
    pub limit: Duration,
}

/// The application's traffic, as far as a run may pause it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Traffic {
    valve: Option<Valve>,
    subject: Subject,
    events: Events,
}

/// Traffic is paused, or may be: it is resumed at the latest when this is dropped.
#[derive(Debug)]
#[must_use = "traffic is resumed when this is dropped, and only `resume` waits for it"]
pub struct Paused {
    resumer: Option<Resumer>,
}

/// What came of asking for a pause.
#[derive(Debug)]
pub enum Answer {
    /// Traffic rests, or nobody asked for that.
    Go(Paused),
    /// It could not be paused in time, and goes on.
    Skip,
}

impl Traffic {
    /// As it was asked for.
    pub fn new(settings: &TrafficSettings, subject: &Subject, events: &Events) -> Self {
        let valve = settings.valve.clone();
        Self { valve, subject: subject.clone(), events: events.clone() }
    }

    /// Pauses traffic for attempt `number` at the swap. It is resumed after the pause's limit and all
    /// that the attempt may take, even if the attempt has not ended by then.
    pub async fn pause(
        &self,
        server: &Server,
        journal: &Journal,
        session: &mut Session,
        bounds: &SwapBounds,
        number: u32,
    ) -> Result<Answer> {
        let Some(valve) = &self.valve else { return Ok(Answer::Go(Paused { resumer: None })) };
        journal.traffic(session, true).await?;
        crash_point!("pause-due");
        let longest = valve.limit + 2 * bounds.lock_timeout + bounds.max_hold;
        let resumer = Resumer::start(self, valve, server, journal, longest);
        let mut facts = self.subject.facts("pause_traffic");
        facts.put("attempt", number);
        let ran = valve.pause.run(&facts, valve.limit).await;
        let (ok, ms) = (ran.is_good(), millis(ran.took));
        self.events.say(Event::Traffic { action: "pause".to_owned(), ok, ms });
        crash_point!("paused");
        let paused = Paused { resumer: Some(resumer) };
        if ok {
            return Ok(Answer::Go(paused));
        }
        let trouble = ran.trouble(&valve.pause);
        let message = format!("attempt {number} at the swap is not made: {trouble}");
        self.events.warn("traffic_not_paused", message, None);
        paused.resume().await?;
        Ok(Answer::Skip)
    }
}

impl Paused {
    /// Whether traffic rests because of it.
    pub fn rests(&self) -> bool {
        self.resumer.is_some()
    }

    /// Resumes traffic and waits for it. An error when that failed for a minute, or when the journal
    /// could not be told; then it is in the journal.
    pub async fn resume(mut self) -> Result<()> {
        match self.resumer.take() {
            Some(resumer) => resumer.end().await,
            None => Ok(()),
        }
    }
}

/// The error that traffic still rests.
fn not_resumed(run: u64, trouble: &str) -> Error {
    let message = format!("traffic that run {run} has paused was not resumed: {trouble}");
    Error::new(Kind::Resumable, NOT_RESUMED, message)
        .hint("resume it by hand, now")
        .hint("then go on with `--traffic-is-resumed`, or `zosc clean --yes` with it")
}
