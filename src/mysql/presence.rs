//! Which connections to a server are ours, and how many of them it works for just now: for those who
//! must tell others' load from our own.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Cheap to clone; all clones of a [`Server`](super::Server) have one.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    open: Mutex<HashSet<u32>>,
    streams: Mutex<HashSet<u32>>,
    running: AtomicUsize,
}

/// A connection of ours, until it is dropped.
#[derive(Debug)]
pub(super) struct Present {
    presence: Presence,
    connection: u32,
}

/// A statement of ours that runs, until it is dropped.
#[derive(Debug)]
pub(super) struct Running<'p>(&'p Presence);

impl Presence {
    /// How many connections of ours are open.
    pub fn open(&self) -> usize {
        lock(&self.shared.open).len()
    }

    /// Those for which the server works: statements, and streams of the binary log.
    pub fn running(&self) -> usize {
        self.shared.running.load(Ordering::Relaxed) + lock(&self.shared.streams).len()
    }

    /// The server's ids of our connections.
    pub fn ids(&self) -> HashSet<u32> {
        lock(&self.shared.open).clone()
    }

    pub(super) fn enters(&self, connection: u32) -> Present {
        lock(&self.shared.open).insert(connection);
        Present { presence: self.clone(), connection }
    }
}

impl Present {
    pub(super) fn runs(&self) -> Running<'_> {
        self.presence.shared.running.fetch_add(1, Ordering::Relaxed);
        Running(&self.presence)
    }

    /// From now on the server sends on it what it has, without being asked.
    pub(super) fn streams(&self) {
        lock(&self.presence.shared.streams).insert(self.connection);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.shared.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        lock(&self.presence.shared.open).remove(&self.connection);
        lock(&self.presence.shared.streams).remove(&self.connection);
    }
}

fn lock(ids: &Mutex<HashSet<u32>>) -> MutexGuard<'_, HashSet<u32>> {
    ids.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_counted_while_it_lasts() {
        let presence = Presence::default();
        let (one, other) = (presence.enters(1), presence.enters(2));
        let running = one.runs();
        other.streams();
        assert_eq!((presence.open(), presence.running()), (2, 2));
        drop(running);
        assert_eq!(presence.running(), 1);
        drop(other);
        assert_eq!((presence.open(), presence.running()), (1, 0));
        assert_eq!(presence.ids(), HashSet::from([1]));
    }
}
