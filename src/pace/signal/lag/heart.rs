//! Writes the run's heartbeat for as long as somebody looks at replicas.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::super::Line;
use super::beats::Beats;
use crate::error::{Error, Result};
use crate::journal::{Journal, TAKEN_OVER};
use crate::mysql::Server;
use crate::settings::{Limits, Live};

/// More often is not worth it, whatever the limit is.
const OFTEN: Duration = Duration::from_millis(100);
/// Nor more seldom.
const SELDOM: Duration = Duration::from_secs(1);
/// A server that has not acknowledged a beat for so long says nothing of its replicas either.
const STALLED: Duration = Duration::from_secs(5);

/// A beating heart; it stops when it is dropped.
#[derive(Debug)]
pub(super) struct Heart {
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    beats: Beats,
    /// Numbers of others, such as an earlier process of this run, are not above this.
    base: u64,
    /// When a beat was acknowledged last; before the first one, when we began.
    acknowledged: Instant,
    has_beaten: bool,
    trouble: Option<Error>,
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How often it beats, and replicas are asked.
pub(in crate::pace::signal) fn interval(limits: &Limits) -> Duration {
    (limits.max_lag / 4).clamp(OFTEN, SELDOM)
}

impl Heart {
    pub(super) fn start(server: &Server, journal: &Journal, live: &Live) -> Self {
        // A random multiple of 2^32, so that no other process' beats are taken for ours.
        let base = u64::from(fastrand::u32(1..=u32::MAX >> 1)) << 32;
        let state = Arc::new(Mutex::new(State {
            beats: Beats::default(),
            base,
            acknowledged: Instant::now(),
            has_beaten: false,
            trouble: None,
        }));
        let beating =
            keep_beating(Line::to(server), journal.clone(), live.clone(), Arc::clone(&state));
        Self { state, task: tokio::spawn(beating) }
    }

    /// An error when no beat shows anything.
    pub(super) fn is_alive(&self) -> Result<()> {
        let state = lock(&self.state);
        if state.has_beaten && state.acknowledged.elapsed() < STALLED {
            return Ok(());
        }
        let why = state.trouble.as_ref().map_or_else(String::new, |error| format!(": {error}"));
        let message = format!("the server has not taken a heartbeat{why}");
        Err(Error::not_ready("no_heartbeat", message))
    }

    /// How far one is behind by the beat that it has; `None` when it has none of ours.
    pub(super) fn behind(&self, seen: Option<u64>) -> Option<Duration> {
        let state = lock(&self.state);
        let seen = seen.filter(|seen| seen >> 32 == state.base >> 32)?;
        Some(state.beats.behind(seen, Instant::now()))
    }

    /// How long the oldest beat is on its way that some replica lacks.
    pub(super) fn age(&self) -> Duration {
        lock(&self.state).beats.behind(0, Instant::now())
    }

    /// All replicas have got this beat.
    pub(super) fn forget(&self, got_by_all: u64) {
        lock(&self.state).beats.forget(got_by_all);
    }
}

impl State {
    fn note(&mut self, number: u64, beaten: Result<()>) {
        match beaten {
            Ok(()) => {
                let at = Instant::now();
                self.beats.acknowledged(number, at);
                (self.acknowledged, self.has_beaten, self.trouble) = (at, true, None);
            }
            Err(error) => {
                tracing::debug!(%error, "no heartbeat");
                self.trouble = Some(error);
            }
        }
    }
}

/// Ends with an error that lasts: when the run has ended or was taken over.
async fn keep_beating(mut line: Line, journal: Journal, settings: Live, state: Arc<Mutex<State>>) {
    let mut number = lock(&state).base;
    loop {
        let begun = Instant::now();
        // A number is never sent twice: whether a lost one was committed does not matter.
        number += 1;
        let beaten = line.ask(async |session| journal.beat(session, number).await).await;
        let is_over = beaten.as_ref().is_err_and(|error| error.code == TAKEN_OVER);
        lock(&state).note(number, beaten);
        if is_over {
            return;
        }
        let pause = interval(&settings.now().limits).saturating_sub(begun.elapsed());
        tokio::time::sleep(pause).await;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
