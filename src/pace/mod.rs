//! May we go on, and how hard? One answer with its reason for copy and verification, asked between
//! transactions only.
//!
//! [`signal`]s are read side by side, each at its own interval; what presses most goes to the
//! [`controller`]. What cannot be read counts as pressing ([`board`]).

mod board;
mod check;
mod controller;
mod gauges;
mod mind;
mod reading;
mod signal;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use board::Board;
use gauges::Gauges;
use mind::Mind;
use signal::{Capture, Probe};

pub use check::check;
pub use gauges::Measured;
pub use reading::Reason;
pub use signal::Behind;

use crate::error::Result;
use crate::event::{Events, millis};
use crate::halt::Halt;
use crate::journal::Journal;
use crate::mysql::Server;
use crate::settings::{Effort, Live};

/// So many times the time that a chunk should take count as work, at most.
const MOST_CHUNK_TIMES: u32 = 10;

/// When replicas are too far behind for so long, they are spared by refresh, too.
const SPARE_AFTER: Duration = Duration::from_secs(30);

/// The answer; cheap to clone, all clones give the same.
#[derive(Debug, Clone)]
pub struct Pace {
    live: Live,
    halt: Halt,
    answer: Arc<watch::Sender<Answer>>,
    /// Why an operator wants no work, if one does.
    held: Arc<Mutex<Option<String>>>,
    /// Something was read or said.
    news: Arc<Notify>,
    capture: Capture,
    gauges: Gauges,
    /// Since when replicas are too far behind, if they are.
    lagging: Arc<Mutex<Option<Instant>>>,
}

/// How hard to work now, and why no harder.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What is allowed; no worker when work rests.
    pub effort: Effort,
    /// Why it is less than was asked for.
    pub slowed: Option<Slowed>,
}

/// Why there is less work than was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slowed {
    /// For machines.
    pub reason: Reason,
    /// For people.
    pub detail: String,
    /// Whether work rests altogether.
    pub rests: bool,
    /// Since when, for whatever reasons.
    #[serde(skip)]
    pub since: Instant,
}

/// The tasks that keep looking; they end when this is dropped.
#[derive(Debug)]
pub struct Watching {
    _tasks: JoinSet<()>,
}

impl Pace {
    /// Begins to look. Work rests until every signal was read once.
    pub fn start(
        server: &Server,
        journal: &Journal,
        live: &Live,
        events: &Events,
        halt: &Halt,
    ) -> (Self, Watching) {
        let pace = Self::new(live, halt);
        let (board, mut tasks) = (Board::default(), JoinSet::new());
        for probe in Probe::all(server, journal, live, pace.capture.clone()) {
            let slot = board.add(probe.reason());
            let (board, gauges, news) = (board.clone(), pace.gauges.clone(), pace.news.clone());
            tasks.spawn(probe.keep_looking(slot, board, live.clone(), gauges, news));
        }
        tasks.spawn(Mind::new(pace.clone(), board, events.clone()).think());
        (pace, Watching { _tasks: tasks })
    }

    /// Before anything was read.
    fn new(live: &Live, halt: &Halt) -> Self {
        let effort = Effort { workers: 0, ..live.effort() };
        Self {
            live: live.clone(),
            halt: halt.clone(),
            answer: Arc::new(watch::Sender::new(Answer { effort, slowed: None })),
            held: Arc::default(),
            news: Arc::default(),
            capture: Capture::default(),
            gauges: Gauges::default(),
            lagging: Arc::default(),
        }
    }

    /// How hard to work now.
    pub fn effort(&self) -> Effort {
        self.answer.borrow().effort
    }

    /// The answer with its reason.
    pub fn answer(&self) -> Answer {
        self.answer.borrow().clone()
    }

    /// What is measured now, for those who watch.
    pub fn measured(&self) -> Measured {
        let behind = self.capture.behind();
        Measured {
            capture_lag_ms: behind.map(|behind| millis(behind.lag)),
            backlog: behind.map(|behind| behind.keys),
            ..self.gauges.now()
        }
    }

    /// Waits until worker `number` (from 0) may start a transaction, or until there is nothing left
    /// to do for it; an error when the run stops.
    pub async fn ready(&self, number: usize, nothing_left: &CancellationToken) -> Result<()> {
        let mut answer = self.answer.subscribe();
        loop {
            self.halt.check()?;
            if nothing_left.is_cancelled() || number < answer.borrow_and_update().effort.workers {
                return Ok(());
            }
            tokio::select! {
                changed = answer.changed() => if changed.is_err() { return Ok(()); },
                () = nothing_left.cancelled() => {}
                cause = self.halt.stopped() => return Err(cause),
            }
        }
    }

    /// Rests after a transaction that took so long: as `nice` asks for, or longer. What is asked for
    /// meanwhile counts at once. Ends early when nothing is left to do, or when the run stops.
    pub async fn rest(&self, took: Duration, nothing_left: &CancellationToken) {
        let begun = Instant::now();
        let mut answer = self.answer.subscribe();
        loop {
            let rest = rest_after(took, &answer.borrow_and_update().effort);
            let left = rest.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => return,
                changed = answer.changed() => if changed.is_err() { return; },
                () = nothing_left.cancelled() => return,
                _ = self.halt.stopped() => return,
            }
        }
    }

    /// No work until [`Pace::let_go`], because of `why`.
    pub fn hold(&self, why: impl Into<String>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.into());
        self.news.notify_one();
    }

    /// Takes [`Pace::hold`] back; whether there was anything to take back.
    pub fn let_go(&self) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.news.notify_one();
        held.is_some()
    }

    /// From now on capture is looked at, too: work rests when it is too far behind.
    pub fn watch_capture(&self, look: Arc<dyn Fn() -> Behind + Send + Sync>) {
        self.capture.is_told_by(look);
    }

    /// Whether replicas have been too far behind for so long that refresh spares them, too.
    pub fn spares_replicas(&self) -> bool {
        let lagging = *self.lagging.lock().unwrap_or_else(PoisonError::into_inner);
        lagging.is_some_and(|since| since.elapsed() > SPARE_AFTER)
    }

    /// Notes whether replicas are too far behind now.
    fn note_lag(&self, lags: bool) {
        let mut lagging = self.lagging.lock().unwrap_or_else(PoisonError::into_inner);
        *lagging = if lags { lagging.or_else(|| Some(Instant::now())) } else { None };
    }

    fn commanded(&self) -> Option<String> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How long to rest after a transaction that took so long. One that took much longer than it should
/// has waited for a lock: the server had that time for itself already.
fn rest_after(took: Duration, effort: &Effort) -> Duration {
    took.min(effort.chunk_time * MOST_CHUNK_TIMES).mul_f64(effort.nice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    const LONG: Duration = Duration::from_hours(1);
    const PATIENCE: Duration = Duration::from_secs(30);

    fn resting() -> (Pace, CancellationToken, tokio::task::JoinHandle<()>) {
        let mut settings = Settings::default();
        settings.effort = Effort { nice: 1.0, chunk_time: LONG, ..settings.effort };
        let pace = Pace::new(&Live::new(settings), &Halt::new());
        let (resting, nothing_left) = (pace.clone(), CancellationToken::new());
        let token = nothing_left.clone();
        let rest = tokio::spawn(async move { resting.rest(LONG, &token).await });
        (pace, nothing_left, rest)
    }

    #[tokio::test]
    async fn a_rest_ends_when_less_is_asked_for() {
        let (pace, _nothing_left, rest) = resting();
        tokio::task::yield_now().await;
        pace.answer.send_modify(|answer| answer.effort.workers = 1);
        tokio::task::yield_now().await;
        assert!(!rest.is_finished(), "another answer that asks for the same rest");
        pace.answer.send_modify(|answer| answer.effort.nice = 0.0);
        tokio::time::timeout(PATIENCE, rest).await.expect("it still rests").unwrap();
    }

    #[tokio::test]
    async fn a_rest_ends_when_nothing_is_left() {
        let (_pace, nothing_left, rest) = resting();
        tokio::task::yield_now().await;
        nothing_left.cancel();
        tokio::time::timeout(PATIENCE, rest).await.expect("it still rests").unwrap();
    }

    #[test]
    fn nobody_rests_from_waiting() {
        let effort =
            Effort { nice: 2.0, chunk_time: Duration::from_millis(100), ..Effort::default() };
        let rest = |took| rest_after(Duration::from_millis(took), &effort).as_millis();
        assert_eq!([rest(30), rest(1000), rest(50_000)], [60, 2000, 2000]);
    }
}
