//! How far our own capture is behind.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Pressure;
use crate::settings::Limits;

/// What is not carried over yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behind {
    /// How far capture is behind the server.
    pub lag: Duration,
    /// Changed keys that wait.
    pub keys: usize,
    /// Of the room there is for them, how much is taken: beyond 1.0 capture waits.
    pub filled: f64,
}

type Look = Arc<dyn Fn() -> Behind + Send + Sync>;

/// Who can tell, once there is a capture. Cheap to clone; all clones have the same.
#[derive(Clone, Default)]
pub(in crate::pace) struct Capture(Arc<Mutex<Option<Look>>>);

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Capture")
    }
}

impl Capture {
    pub(in crate::pace) fn is_told_by(&self, look: Look) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
    }

    /// What is not carried over yet, once there is a capture.
    pub(in crate::pace) fn behind(&self) -> Option<Behind> {
        let look = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        look.map(|look| look())
    }

    pub(super) fn look(&self, limits: &Limits) -> Pressure {
        self.behind().map_or(Pressure::Easy, |behind| judge(behind, limits.max_capture_lag))
    }
}

fn judge(behind: Behind, limit: Duration) -> Pressure {
    let Behind { lag, keys, filled } = behind;
    let seconds = Duration::as_secs_f64;
    if lag > limit {
        let (lag, limit) = (seconds(&lag), seconds(&limit));
        Pressure::Over(format!("capture is {lag:.1} s behind the server (at most {limit:.1} s)"))
    } else if filled > 1.0 {
        Pressure::Over(format!("{keys} changed keys wait to be carried over"))
    } else if filled > 0.5 {
        Pressure::Tight(format!("{keys} changed keys wait to be carried over"))
    } else {
        Pressure::Easy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_presses_before_it_is_full() {
        let pressure = |lag, filled| {
            let behind = Behind { lag: Duration::from_secs(lag), keys: 7, filled };
            judge(behind, Duration::from_secs(10)).weight()
        };
        let all = [pressure(10, 0.5), pressure(0, 0.6), pressure(0, 1.1), pressure(11, 0.0)];
        assert_eq!(all, [0, 2, 3, 3]);
    }
}
