//! How far a run is, and how it ended.

/// How far a run is. The phase is written before it is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The shadow is being built, filled or verified.
    Copying,
    /// The server has been told to change the table itself, or is about to be.
    Altering,
    /// The swap has begun: which table is which must be looked at.
    Swapping,
    /// Swapped; the original is kept.
    Swapped,
    /// Done without a copy.
    Direct,
    /// Ended without a change.
    Failed,
    /// Swapped, and the kept table has been dropped.
    Cleaned,
    /// A rehearsal that went through: nothing was changed.
    Rehearsed,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The tables were swapped.
    Swapped,
    /// The server changed the table itself.
    Direct,
    /// Nothing was changed and nothing is left.
    Failed,
    /// The kept table of a swapped run was dropped.
    Cleaned,
    /// All went through but the change itself; nothing is left.
    Rehearsed,
}

impl Phase {
    pub(super) const ALL: [Self; 8] = [
        Self::Copying,
        Self::Altering,
        Self::Swapping,
        Self::Swapped,
        Self::Direct,
        Self::Failed,
        Self::Cleaned,
        Self::Rehearsed,
    ];

    /// The word in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Altering => "altering",
            Self::Swapping => "swapping",
            Self::Swapped => "swapped",
            Self::Direct => "direct",
            Self::Failed => "failed",
            Self::Cleaned => "cleaned",
            Self::Rehearsed => "rehearsed",
        }
    }

    /// Whether the change was made.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Swapped | Self::Direct | Self::Cleaned)
    }

    /// Whether the run has not ended by itself: it is alive, or dead with leftovers.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Copying | Self::Altering | Self::Swapping)
    }
}

impl Ended {
    pub(super) fn phase(self) -> Phase {
        match self {
            Self::Swapped => Phase::Swapped,
            Self::Direct => Phase::Direct,
            Self::Failed => Phase::Failed,
            Self::Cleaned => Phase::Cleaned,
            Self::Rehearsed => Phase::Rehearsed,
        }
    }
}
