//! Where reading begins.

use std::fmt;

use super::position::Position;
use crate::mysql::History;

/// Where the reading of a run begins.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub enum Start {
    /// In the server's log.
    At {
        /// The place.
        position: Position,
        /// XA transactions that were prepared before the first start, and of which nothing needs to
        /// be known, may be committed up to here.
        settled: Position,
    },
    /// On a server that takes the place of another one: behind what that one is known to have done.
    Behind(History),
}

/// What a server is asked to send its log from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    At(&'a Position),
    Behind(&'a History),
}

impl From<Position> for Start {
    /// Goes on where another reading has stopped.
    fn from(position: Position) -> Self {
        Self::At { settled: position.clone(), position }
    }
}

impl Start {
    /// The same, but from a later position.
    #[must_use]
    pub fn further(self, later: Position) -> Self {
        match self {
            Self::At { settled, .. } => Self::At { position: later, settled },
            Self::Behind(_) => later.into(),
        }
    }

    pub(super) fn place(&self) -> Place<'_> {
        match self {
            Self::At { position, .. } => Place::At(position),
            Self::Behind(history) => Place::Behind(history),
        }
    }

    /// Up to where XA transactions may be committed that nothing is known of, if anywhere.
    pub(super) fn settled(&self) -> Option<Position> {
        match self {
            Self::At { settled, .. } => Some(settled.clone()),
            Self::Behind(_) => None,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(position) => write!(f, "at {position}"),
            Self::Behind(history) => write!(f, "behind {history}"),
        }
    }
}
