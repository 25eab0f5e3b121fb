//! The one who decides how hard to work, and says when work rests.

use std::time::{Duration, Instant};

use super::board::Board;
use super::controller::Controller;
use super::reading::{Pressure, Reason};
use super::{Answer, Pace, Slowed};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Events};

/// How often the answer is thought over even if nothing new was read.
const TICK: Duration = Duration::from_millis(250);

/// What is over sooner is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(1);

/// Makes the answer out of what is on the board.
pub(super) struct Mind {
    pace: Pace,
    board: Board,
    events: Events,
    controller: Controller,
    /// Since when work rests, and the reason that was told last.
    resting: Option<(Instant, Option<Reason>)>,
}

impl Mind {
    pub(super) fn new(pace: Pace, board: Board, events: Events) -> Self {
        let replicas = pace.live.now().limits.replicas;
        // What a replica has to do is seen when it is late with it.
        let are_watched = replicas.discover || !replicas.named.is_empty();
        let controller = if are_watched { Controller::begins_softly() } else { Controller::new() };
        Self { pace, board, events, controller, resting: None }
    }

    pub(super) async fn think(mut self) {
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
