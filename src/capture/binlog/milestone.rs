//! Histories that lie before the positions in the journal: what a replica is asked to read on behind
//! when it is promoted.

use std::sync::{Mutex, PoisonError};

use super::position::{Position, log_end};
use crate::error::Result;
use crate::mysql::{History, Server, Session};

/// The next history that is to be saved: when a position behind it is.
#[derive(Debug)]
pub struct Milestone {
    server: Server,
    next: Mutex<Option<(History, Position)>>,
}

impl Milestone {
    /// None is set yet.
    pub fn new(server: Server) -> Self {
        Self { server, next: Mutex::default() }
    }

    /// The history, if all of it lies before `position`.
    pub(crate) fn passed(&self, position: &Position) -> Option<History> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let (history, place) = next.as_ref()?;
        (!place.is_after(position)).then(|| history.clone())
    }

    /// Sets the next one when there is none, or `passed` was saved.
    pub(crate) async fn set(&self, session: &mut Session, passed: bool) -> Result<()> {
        let is_set = self.next.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_set && !passed {
            return Ok(());
        }
        // In this order: what the history has lies before the place.
        let next = match History::of(session).await? {
            Some(history) => Some((history, log_end(&self.server, session).await?)),
            None => None,
        };
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}
