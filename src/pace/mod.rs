//! May we go on, and how hard? One answer with its reason for copy and verification, asked between
//! transactions only.
//!
//! [`signal`]s are read side by side, each at its own interval; what presses most goes to the
//! [`controller`]. What cannot be read counts as pressing ([`board`]).

mod board;
mod check;
mod controller;
mod gauges;
mod reading;
mod signal;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use board::Board;
use controller::Controller;
use gauges::Gauges;
use reading::Pressure;
use signal::{Capture, Probe};

pub use check::check;
pub use gauges::Measured;
pub use reading::Reason;
pub use signal::Behind;

use crate::error::{Error, Kind, Result};
use crate::event::{Event, Events, millis};
use crate::halt::Halt;
use crate::journal::Journal;
use crate::mysql::Server;
use crate::settings::{Effort, Live};

/// How often the answer is thought over even if nothing new was read.
const TICK: Duration = Duration::from_millis(250);

/// What is over sooner is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(1);

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
        let pace = Self {
            live: live.clone(),
            halt: halt.clone(),
            answer: Arc::new(watch::Sender::new(Answer {
                effort: Effort { workers: 0, ..live.effort() },
                slowed: None,
            })),
            held: Arc::default(),
            news: Arc::default(),
            capture: Capture::default(),
            gauges: Gauges::default(),
            lagging: Arc::default(),
        };
        let (board, mut tasks) = (Board::default(), JoinSet::new());
        for probe in Probe::all(server, journal, live, pace.capture.clone()) {
            let slot = board.add(probe.reason());
            let (board, gauges, news) = (board.clone(), pace.gauges.clone(), pace.news.clone());
            tasks.spawn(probe.keep_looking(slot, board, live.clone(), gauges, news));
        }
        tasks.spawn(Mind::new(pace.clone(), board, events.clone()).think());
        (pace, Watching { _tasks: tasks })
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

    /// Rests after a transaction that took so long: as `nice` asks for, or longer.
    pub async fn rest(&self, took: Duration) {
        let rest = took.mul_f64(self.effort().nice);
        if !rest.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                _ = self.halt.stopped() => {}
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

/// Makes the answer out of what is on the board.
struct Mind {
    pace: Pace,
    board: Board,
    events: Events,
    controller: Controller,
    /// Since when work rests, and the reason that was told last.
    resting: Option<(Instant, Option<Reason>)>,
}

impl Mind {
    fn new(pace: Pace, board: Board, events: Events) -> Self {
        let replicas = pace.live.now().limits.replicas;
        // What a replica has to do is seen when it is late with it.
        let are_watched = replicas.discover || !replicas.named.is_empty();
        let controller = if are_watched { Controller::begins_softly() } else { Controller::new() };
        Self { pace, board, events, controller, resting: None }
    }

    async fn think(mut self) {
        let mut last = Instant::now();
        loop {
            match self.pressing() {
                Ok((reason, pressure)) => {
                    self.decide(reason, &pressure, last.elapsed());
                    last = Instant::now();
                }
                Err(end) => return self.pace.halt.stop(end),
            }
            tokio::select! {
                () = self.pace.news.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    /// What presses most; an error when the run must stop.
    fn pressing(&self) -> Result<(Reason, Pressure)> {
        let (reason, pressure) = self.board.worst()?;
        self.pace.note_lag(self.board.is_over(Reason::ReplicaLag));
        if let Pressure::Critical(detail) = pressure {
            let message = format!("the run stops because {detail}");
            return Err(Error::new(Kind::Resumable, reason.word(), message)
                .hint("the same command goes on when the server has calmed down"));
        }
        Ok(match self.pace.commanded() {
            Some(why) => (Reason::Commanded, Pressure::Over(why)),
            None => (reason, pressure),
        })
    }

    fn decide(&mut self, reason: Reason, pressure: &Pressure, elapsed: Duration) {
        let effort = self.controller.look(pressure, elapsed, &self.pace.live.effort());
        let since = self.pace.answer.borrow().slowed.as_ref().map(|slowed| slowed.since);
        let slowed = pressure.detail().map(|detail| Slowed {
            reason,
            detail: detail.to_owned(),
            rests: effort.workers == 0,
            since: since.unwrap_or_else(Instant::now),
        });
        self.tell(slowed.as_ref());
        self.pace.answer.send_if_modified(|answer| {
            let new = Answer { effort, slowed };
            let is_new = *answer != new;
            *answer = new;
            is_new
        });
    }

    /// Says that work rests, once for each reason, and that it goes on.
    fn tell(&mut self, slowed: Option<&Slowed>) {
        match (slowed.filter(|slowed| slowed.rests), &mut self.resting) {
            (Some(_), None) => self.resting = Some((Instant::now(), None)),
            (Some(slowed), Some((since, told))) => {
                if since.elapsed() >= WORTH_A_WORD && *told != Some(slowed.reason) {
                    *told = Some(slowed.reason);
                    let (reason, detail) = (slowed.reason.word().to_owned(), slowed.detail.clone());
                    self.events.say(Event::Throttled { reason, detail });
                }
            }
            (None, resting) => {
                if let Some((since, Some(_))) = resting.take() {
                    let seconds = since.elapsed().as_secs_f64();
                    self.events.say(Event::Unthrottled { seconds });
                }
            }
        }
    }
}
