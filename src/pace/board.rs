//! What was read last of each signal, and what it means when a signal cannot be read: after a grace
//! it counts as pressing, and the run does not wait for it for ever.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::reading::{Pressure, Reason};
use crate::error::{Error, Kind, Result};

/// A signal that was read may be unreadable for so long before it counts as pressing.
const GRACE: Duration = Duration::from_secs(10);
/// A run does not wait longer for a signal than this.
const BOUND: Duration = Duration::from_mins(10);

/// Cheap to clone; all clones are one board.
#[derive(Debug, Clone, Default)]
pub(super) struct Board {
    slots: Arc<Mutex<Vec<Slot>>>,
}

/// What is known of one signal.
#[derive(Debug)]
struct Slot {
    reason: Reason,
    pressure: Pressure,
    /// Whether it ever was read.
    is_known: bool,
    /// When it was read last; before it ever was, when we began to try.
    read: Instant,
    /// Why it could not be read since.
    trouble: Option<String>,
}

impl Board {
    /// A place for a signal that nothing is known of yet: until it is read, work rests.
    pub(super) fn add(&self, reason: Reason) -> usize {
        let mut slots = self.slots();
        let pressure = Pressure::Over(format!("{} is not known yet", what(reason)));
        let (read, trouble) = (Instant::now(), None);
        slots.push(Slot { reason, pressure, is_known: false, read, trouble });
        slots.len() - 1
    }

    /// What a look at a signal has come to.
    pub(super) fn put(&self, slot: usize, look: Result<Pressure>) {
        let slot = &mut self.slots()[slot];
        match look {
            Ok(pressure) => {
                slot.pressure = pressure;
                slot.is_known = true;
                slot.read = Instant::now();
                slot.trouble = None;
            }
            Err(error) => {
                tracing::debug!(%error, reason = slot.reason.word(), "a signal cannot be read");
                slot.trouble = Some(error.to_string());
            }
        }
    }

    /// What presses most; an error when a signal could not be read for too long.
    pub(super) fn worst(&self) -> Result<(Reason, Pressure)> {
        let mut worst = (Reason::Load, Pressure::Easy);
        for slot in self.slots().iter() {
            let pressure = slot.pressure_at(slot.read.elapsed())?;
            if pressure.weight() > worst.1.weight() {
                worst = (slot.reason, pressure);
            }
        }
        Ok(worst)
    }

    /// Whether a signal that was read, and not long ago, says that there must be no work.
    pub(super) fn is_over(&self, reason: Reason) -> bool {
        self.slots().iter().any(|slot| {
            slot.reason == reason
                && slot.read.elapsed() < GRACE
                && slot.is_known
                && matches!(slot.pressure, Pressure::Over(_))
        })
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// How much it presses when it was read so long ago.
    fn pressure_at(&self, age: Duration) -> Result<Pressure> {
        if age < GRACE {
            return Ok(self.pressure.clone());
        }
        let seconds = age.as_secs();
        let why = self.trouble.as_deref().unwrap_or("there is no answer");
        let what = what(self.reason);
        if age < BOUND {
            let detail = format!("{what} has not been readable for {seconds} s: {why}");
            return Ok(Pressure::Over(detail));
        }
        let message = format!("{what} could not be read for {seconds} s: {why}");
        Err(Error::new(Kind::Resumable, "signal_lost", message)
            .hint("make it readable, or run without that limit: the same command goes on"))
    }
}

/// A signal in words.
fn what(reason: Reason) -> &'static str {
    match reason {
        Reason::Commanded => "the operator's word",
        Reason::FlagFile => "whether a flag file is there",
        Reason::Window => "the time of the day",
        Reason::Load | Reason::CriticalLoad => "the server's load",
        Reason::ReplicaLag => "the replicas' lag",
        Reason::Query => "the answer to `--throttle-query`",
        Reason::Http => "the answer of `--throttle-http`",
        Reason::WriteLatency => "the time that writes take",
        Reason::History => "the length of InnoDB's history",
        Reason::CaptureLag => "how far capture is behind",
        Reason::Disk => "the free space on the server's disk",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(pressure: Pressure, trouble: Option<&str>) -> Slot {
        let trouble = trouble.map(str::to_owned);
        Slot { reason: Reason::Http, pressure, is_known: true, read: Instant::now(), trouble }
    }

    #[test]
    fn what_cannot_be_read_presses_after_a_grace_and_not_for_ever() {
        let unread = slot(Pressure::Easy, Some("no route to host"));
        assert_eq!(unread.pressure_at(Duration::from_secs(9)).unwrap(), Pressure::Easy);
        let Pressure::Over(detail) = unread.pressure_at(Duration::from_secs(11)).unwrap() else {
            panic!("it must press");
        };
        assert!(detail.contains("11 s") && detail.contains("no route to host"), "{detail}");
        let end = unread.pressure_at(BOUND).unwrap_err();
        assert_eq!((end.code, end.kind), ("signal_lost", Kind::Resumable));
    }

    #[test]
    fn the_worst_decides() {
        let board = Board::default();
        let (load, http) = (board.add(Reason::Load), board.add(Reason::Http));
        assert!(matches!(board.worst().unwrap().1, Pressure::Over(_)), "before they are read");
        board.put(load, Ok(Pressure::Tight("busy".into())));
        board.put(http, Ok(Pressure::Easy));
        assert_eq!(board.worst().unwrap(), (Reason::Load, Pressure::Tight("busy".into())));
        board.put(http, Ok(Pressure::Over("no".into())));
        board.put(http, Err(Error::failed("x", "gone")));
        assert_eq!(board.worst().unwrap().0, Reason::Http, "the last answer holds for a while");
    }
}
