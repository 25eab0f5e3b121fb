//! May the tables be swapped? An operator's word, a flag file, a time of the day and the pace each
//! may say no; while one does, the run waits with all that it has kept up to date (`wait`).

mod wait;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::{Notify, watch};

use crate::pace::Pace;
use crate::refresh::Carrier;
use crate::settings::{Live, Window};

pub use wait::wait;

/// Cheap to clone; all clones are one gate.
#[derive(Debug, Clone)]
pub struct Gate {
    live: Live,
    pace: Pace,
    state: Arc<watch::Sender<State>>,
    /// Known once the run captures.
    carrier: Arc<Mutex<Option<Carrier>>>,
    again: Arc<Notify>,
}

/// What operators have said, and where the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// An operator wants no swap until told otherwise.
    postponed: bool,
    /// An operator wants the swap whatever the flag file and the time of the day say.
    overruled: bool,
    waits: bool,
}

/// Why the tables may not be swapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shut {
    /// A stable slug: `postponed`, `flag_file`, `window` or `throttled`.
    pub reason: &'static str,
    /// For people.
    pub detail: String,
}

impl Gate {
    /// Whether an operator has postponed the swap is known from the journal.
    pub(crate) fn new(live: &Live, pace: &Pace, postponed: bool) -> Self {
        let state = State { postponed, overruled: false, waits: false };
        Self {
            live: live.clone(),
            pace: pace.clone(),
            state: Arc::new(watch::Sender::new(state)),
            carrier: Arc::default(),
            again: Arc::default(),
        }
    }

    /// Whether an operator has postponed the swap.
    pub fn is_postponed(&self) -> bool {
        self.state.borrow().postponed
    }

    /// Whether the run is ready and waits here.
    pub fn is_waiting(&self) -> bool {
        self.state.borrow().waits
    }

    /// No swap until [`Gate::go`] or `postponed` is taken back. The journal must know it first.
    pub(crate) fn postpone(&self, postponed: bool) {
        self.state.send_modify(|state| {
            state.postponed = postponed;
            state.overruled = false;
        });
    }

    /// The swap may come, whatever the flag file and the time of the day say: an operator has seen
    /// that it is ready. The journal must know it first.
    pub(crate) fn go(&self) {
        self.state.send_modify(|state| {
            state.postponed = false;
            state.overruled = true;
        });
    }

    /// Has all rows compared once more if the run waits here.
    pub(crate) fn compare_again(&self) {
        self.again.notify_one();
    }

    /// Changed keys that are not carried over, and keys that are to be compared again, for a preview;
    /// `None` before the run captures.
    pub fn pending(&self) -> Option<(usize, usize)> {
        let carrier = self.carrier.lock().unwrap_or_else(PoisonError::into_inner);
        carrier.as_ref().map(|carrier| carrier.ledger(|ledger| (ledger.backlog(), ledger.dirty())))
    }

    /// From now on [`Gate::pending`] knows.
    pub(crate) fn asks(&self, carrier: &Carrier) {
        *self.carrier.lock().unwrap_or_else(PoisonError::into_inner) = Some(carrier.clone());
    }

    /// All that keeps the tables from being swapped now, what an operator can change first.
    pub async fn shut(&self) -> Vec<Shut> {
        let State { postponed, overruled, .. } = *self.state.borrow();
        let mut all = Vec::new();
        if postponed {
            let detail = "an operator's word: `cut-over`".to_owned();
            all.push(Shut { reason: "postponed", detail });
        }
        let cut_over = self.live.now().cut_over;
        if !overruled {
            if let Some(file) = &cut_over.flag_file {
                all.extend(flag(file).await);
            }
            all.extend(outside(&cut_over.windows));
        }
        if let Some(slowed) = self.pace.answer().slowed.filter(|slowed| slowed.rests) {
            let detail = format!("work to go on: {}", slowed.detail);
            all.push(Shut { reason: "throttled", detail });
        }
        all
    }
}

/// A file of which it cannot be told counts as one that is there.
async fn flag(file: &Path) -> Option<Shut> {
    let detail = match tokio::fs::try_exists(file).await {
        Ok(false) => return None,
        Ok(true) => format!("the flag file {} to be removed", file.display()),
        Err(error) => format!("the flag file {} to be readable: {error}", file.display()),
    };
    Some(Shut { reason: "flag_file", detail })
}

fn outside(windows: &[Window]) -> Option<Shut> {
    let (day, minute) = Window::now();
    if windows.is_empty() || windows.iter().any(|window| window.contains(day, minute)) {
        return None;
    }
    let times: Vec<String> = windows.iter().map(Window::to_string).collect();
    let detail = format!("the time of the day: {}", times.join(" or "));
    Some(Shut { reason: "window", detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_cannot_be_looked_for_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("flag");
        assert_eq!(flag(&file).await, None);
        std::fs::write(&file, "").unwrap();
        assert!(flag(&file).await.unwrap().detail.contains("to be removed"));
        let below_a_file = file.join("flag");
        assert!(flag(&below_a_file).await.unwrap().detail.contains("to be readable"));
    }

    #[test]
    fn a_whole_week_is_always() {
        assert_eq!(outside(&[]), None);
        assert_eq!(outside(&["00:00-24:00".parse().unwrap()]), None);
        let (day, minute) = Window::now();
        assert!(day < 7 && minute < 24 * 60);
    }
}
