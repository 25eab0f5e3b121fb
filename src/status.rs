//! What a run is doing now, put together from what it has said: for those who ask later, such as the
//! control socket. Pure.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::event::{Blocker, Dated, Event, Progress, Stage};

/// So many warnings are remembered, the last ones.
const WARNINGS: usize = 50;

/// A run, as its events tell.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Status {
    /// The run's number, as soon as it has one.
    pub run: Option<u64>,
    /// Its table, `schema.table`.
    pub table: Option<String>,
    /// The stage that has begun last.
    pub stage: Option<Stage>,
    /// How far it is.
    pub progress: Option<Progress>,
    /// Why work rests, if it does.
    pub throttled: Option<Why>,
    /// What the run waits for beside work, as it was said last in this stage.
    pub waiting: Option<Why>,
    /// For how long work has rested so far, before the present rest.
    pub rested: Duration,
    /// What was warned of, the newest last.
    pub warnings: Vec<Warning>,
    /// The attempts at the swap.
    pub attempts: Vec<Attempt>,
}

/// A reason, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// For machines.
    pub reason: String,
    /// For people.
    pub detail: String,
    /// When it was said.
    #[serde(skip)]
    pub since: SystemTime,
}

/// Something to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// A stable slug.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// An attempt at the swap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// How it ended, as [`Event::Swap`] says it.
    pub outcome: String,
    /// How long the table was locked.
    pub locked_ms: u64,
    /// Who was in the way.
    pub blockers: Vec<Blocker>,
}

impl Status {
    /// Takes in what was said.
    pub(crate) fn hear(&mut self, Dated { at, event }: &Dated) {
        match event {
            Event::Stage { stage, .. } => {
                self.stage = Some(*stage);
                self.waiting = None;
            }
            Event::Progress(progress) => self.progress = Some(progress.clone()),
            Event::Throttled { reason, detail } => {
                let since = self.throttled.as_ref().map_or(*at, |why| why.since);
                self.throttled =
                    Some(Why { reason: reason.clone(), detail: detail.clone(), since });
            }
            Event::Unthrottled { seconds } => {
                self.throttled = None;
                self.rested += Duration::try_from_secs_f64(*seconds).unwrap_or_default();
            }
            Event::Warning { code, message, .. } => {
                if self.warnings.len() == WARNINGS {
                    self.warnings.remove(0);
                }
                self.warnings.push(Warning { code: code.clone(), message: message.clone() });
            }
            Event::Waiting { what, detail } => {
                let (reason, detail) = (what.clone(), detail.clone());
                self.waiting = Some(Why { reason, detail, since: *at });
            }
            Event::Swap { attempt, outcome, locked_ms, blockers } => self.attempts.push(Attempt {
                number: *attempt,
                outcome: outcome.clone(),
                locked_ms: *locked_ms,
                blockers: blockers.clone(),
            }),
            Event::Run { run, table, .. } => {
                self.run = Some(*run);
                self.table = Some(table.clone());
            }
            Event::Plan(_)
            | Event::Hook { .. }
            | Event::Traffic { .. }
            | Event::Listening { .. }
            | Event::Command { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(status: &mut Status, second: u64, event: Event) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        status.hear(&Dated { at, event });
    }

    fn throttled(reason: &str) -> Event {
        Event::Throttled { reason: reason.into(), detail: String::new() }
    }

    #[test]
    fn a_rest_lasts_over_its_reasons() {
        let mut status = Status::default();
        hear(&mut status, 10, throttled("load"));
        hear(&mut status, 20, throttled("replica_lag"));
        let why = status.throttled.as_ref().unwrap();
        assert_eq!(why.reason, "replica_lag");
        assert_eq!(why.since, SystemTime::UNIX_EPOCH + Duration::from_secs(10));
        hear(&mut status, 30, Event::Unthrottled { seconds: 20.0 });
        assert_eq!((status.throttled, status.rested), (None, Duration::from_secs(20)));
    }

    #[test]
    fn the_last_warnings_are_remembered() {
        let mut status = Status::default();
        for number in 0..WARNINGS + 2 {
            let (code, message) = (number.to_string(), String::new());
            hear(&mut status, 0, Event::Warning { code, message, hint: None });
        }
        assert_eq!((status.warnings.len(), &*status.warnings[0].code), (WARNINGS, "2"));
    }

    #[test]
    fn what_was_waited_for_ends_with_the_stage() {
        let mut status = Status::default();
        let (what, detail) = ("contention".to_owned(), String::new());
        hear(&mut status, 0, Event::Waiting { what, detail });
        assert!(status.waiting.is_some());
        hear(&mut status, 1, Event::Stage { stage: Stage::Verify, resumed: false });
        assert_eq!((status.stage, status.waiting), (Some(Stage::Verify), None));
    }
}
