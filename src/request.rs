//! What is asked: plain data, no flags, no I/O.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::capture::Mode;
use crate::schema::TableName;
use crate::sql::Statement;
use crate::swap::Way;

/// One schema change, as understood.
#[derive(Debug, Clone)]
pub struct Request {
    /// The table to change.
    pub table: TableName,
    /// The user's words, classified.
    pub statement: Statement,
    /// The caller's own name for this change; a finished id is not run again.
    pub id: Option<String>,
    /// Copy even where the server could change the table at once.
    pub copy: bool,
    /// Findings that the caller allows, by their rule's name.
    pub allow: BTreeSet<String>,
    /// How hard to work.
    pub effort: Effort,
    /// Where changed keys come from; `None` leaves the choice to the plan.
    pub capture: Option<Mode>,
    /// How the tables are exchanged; `None` leaves the choice to the plan.
    pub swap_way: Option<Way>,
    /// The bounds of the swap.
    pub swap: SwapBounds,
    /// The schema of the journal.
    pub journal_schema: String,
}

/// How hard copy, refresh and verify may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// The most connections that copy at once.
    pub workers: usize,
    /// How long one chunk's statement should take.
    pub chunk_time: Duration,
    /// The most rows of one chunk.
    pub max_chunk_rows: u64,
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
