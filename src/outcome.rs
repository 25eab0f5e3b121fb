//! What came of it.

use std::time::Duration;

use crate::schema::TableName;

/// How a change ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        }
    }
}
