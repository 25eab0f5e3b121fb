//! Numbers for those who watch; what they mean for the pace is on the board.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// What was measured last; `None` where nothing is, or cannot be now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Measured {
    /// Milliseconds that capture is behind the server.
    pub capture_lag_ms: Option<u64>,
    /// Changed keys that are not carried over yet.
    pub backlog: Option<usize>,
    /// Milliseconds that the replica most behind is behind.
    pub replica_lag_ms: Option<u64>,
    /// Milliseconds that a writing statement of others takes on average.
    pub write_ms: Option<f64>,
}

/// Cheap to clone; all clones show the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Gauges(Arc<Mutex<Measured>>);

impl Gauges {
    pub(super) fn set(&self, change: impl FnOnce(&mut Measured)) {
        change(&mut self.measured());
    }

    pub(super) fn now(&self) -> Measured {
        *self.measured()
    }

    fn measured(&self) -> MutexGuard<'_, Measured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
