//! What a run obeys while it works. Each of these may be changed at any time; [`Live`] is their one
//! owner, and whoever obeys them looks between transactions.

mod limits;
mod named;
pub mod read;
mod window;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use limits::{Limits, Replica, Replicas, Threshold};
pub use named::Setting;
pub use window::Window;

/// All of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// How hard to work.
    pub effort: Effort,
    /// What slows the work down or stops it.
    pub limits: Limits,
    /// The bounds of the swap.
    pub swap: SwapBounds,
    /// When the swap may begin.
    pub cut_over: CutOver,
}

/// When the swap may begin, beside an operator's word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CutOver {
    /// Not while this file exists.
    pub flag_file: Option<PathBuf>,
    /// Only in these times of the day; none is always.
    pub windows: Vec<Window>,
}

/// How hard copy, refresh and verify may work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// The most connections that copy at once.
    pub workers: usize,
    /// How long one chunk's statement should take.
    pub chunk_time: Duration,
    /// The most rows of one chunk.
    pub max_chunk_rows: u64,
    /// After each transaction of the copy a worker rests for so many times the time that it took.
    pub nice: f64,
}

/// How long the swap may wait and hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwapBounds {
    /// The longest wait for the lock; statements of the application queue behind it meanwhile.
    pub lock_timeout: Duration,
    /// The longest time under the lock.
    pub max_hold: Duration,
    /// How often to try.
    pub attempts: u32,
}

impl Default for Effort {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            workers: cores.clamp(1, 8),
            chunk_time: Duration::from_millis(100),
            max_chunk_rows: 50_000,
            nice: 0.0,
        }
    }
}

impl Default for SwapBounds {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(1),
            max_hold: Duration::from_secs(3),
            attempts: 30,
        }
    }
}

/// The settings as they are now. Cheap to clone; all clones speak of the same run.
#[derive(Debug, Clone)]
pub struct Live {
    settings: Arc<watch::Sender<Settings>>,
}

impl Live {
    /// As the run begins.
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(watch::Sender::new(settings)) }
    }

    /// How hard to work now.
    pub fn effort(&self) -> Effort {
        self.settings.borrow().effort
    }

    /// The bounds of the swap now.
    pub fn swap(&self) -> SwapBounds {
        self.settings.borrow().swap
    }

    /// All of them now.
    pub fn now(&self) -> Settings {
        self.settings.borrow().clone()
    }

    /// Sets some anew; who waits for changes learns of it.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        self.settings.send_modify(change);
    }

    /// For those who wait until one changes.
    pub fn watch(&self) -> watch::Receiver<Settings> {
        self.settings.subscribe()
    }
}
