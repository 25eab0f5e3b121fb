//! Which statements in the log are this run's own: the swap renames the original itself.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// How the run's own statements are told from those of others. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Ours {
    /// The comment that leads the run's statements, where the server keeps it. It is the same after
    /// a crash, when the connections are others.
    comment: Option<String>,
    /// How the names of the run's stand-ins for triggers begin: the server drops the comment of
    /// statements that make triggers, and after a crash the connections are others.
    stand_ins: Option<String>,
    /// Connections of this run: the server writes some statements anew and drops the comment.
    threads: Arc<Mutex<HashSet<u32>>>,
}

impl Ours {
    pub(super) fn new(comment: Option<String>, stand_ins: Option<String>) -> Self {
        Self { comment, stand_ins, threads: Arc::default() }
    }

    /// From now on takes what this connection does for ours.
    pub(super) fn allow_thread(&self, connection: u32) {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).insert(connection);
    }

    /// Whether a statement is ours.
    pub(super) fn ran(&self, connection: u32, text: &[u8]) -> bool {
        let led = |comment: &String| text.starts_with(comment.as_bytes());
        let named = |begin: &String| text.windows(begin.len()).any(|at| at == begin.as_bytes());
        self.comment.as_ref().is_some_and(led)
            || self.stand_ins.as_ref().is_some_and(named)
            || self.threads.lock().unwrap_or_else(PoisonError::into_inner).contains(&connection)
    }
}
