//! What came of it.

use std::time::Duration;

use crate::event::Blocker;
use crate::schema::TableName;

/// How a change ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The table already is as asked.
    Nothing,
    /// A run with this id has finished before.
    Already,
    /// The server changed the table at once (`ALGORITHM=INSTANT`).
    Instant,
    /// The server changed only metadata (`ALGORITHM=INPLACE`).
    InPlace,
    /// The table was copied, verified and swapped.
    Copied(Swapped),
    /// All went through but the change itself, and what was made for it is gone.
    Rehearsed(Rehearsed),
}

/// The result of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rehearsed {
    /// The server would change the table itself, without a copy, as it did with an empty clone.
    WithoutCopy,
    /// The table was copied and verified.
    Copied(Measured),
}

/// What a rehearsal by copy has measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Rows that were compared and found equal.
    pub verified_rows: u64,
    /// Bytes of the shadow with its indexes, by statistics.
    pub bytes: u64,
    /// From the beginning of the shadow to the end of verification.
    pub took: Duration,
    /// How long it took to carry over and to compare what had changed last: about so long the table
    /// would have been locked.
    pub settled_in: Duration,
    /// Who would have been in the way of the lock.
    pub blockers: Vec<Blocker>,
}

/// The result of a swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swapped {
    /// The original, under its new name.
    pub kept: TableName,
    /// Rows that were compared and found equal.
    pub verified_rows: u64,
    /// How long the application was locked out: from asking for the lock to giving it back.
    pub locked: Duration,
    /// Attempts that were needed.
    pub attempts: u32,
}

impl Outcome {
    /// The stable word for events.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Already => "already",
            Self::Instant => "instant",
            Self::InPlace => "in_place",
            Self::Copied(_) => "copied",
            Self::Rehearsed(_) => "rehearsed",
        }
    }
}
