//! The keys that are known and not carried over.
//!
//! They gather; then all that have gathered go through rounds, one part after another: a *sweep*. What
//! comes back from a round gathers for the next sweep, behind all others, so that keys which must wait
//! are never in the way of those which need not.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use super::{Entry, Tick};

#[derive(Debug)]
pub(super) struct Backlog<K> {
    weigh: fn(&K) -> usize,
    gathering: HashMap<K, Entry>,
    /// The oldest `since` in `gathering`.
    gathering_floor: Option<Tick>,
    /// What is left of the running sweep. A key may be here and gather anew.
    sweep: VecDeque<(K, Entry)>,
    /// The part that is in a round.
    out: Option<Arc<[(K, Entry)]>>,
    /// The oldest `since` of the running sweep.
    sweep_floor: Option<Tick>,
    /// Sweeps that have begun.
    sweeps: u64,
    weight: usize,
}

impl<K: Eq + Hash> Backlog<K> {
    pub(super) fn new(weigh: fn(&K) -> usize) -> Self {
        Self {
            weigh,
            gathering: HashMap::new(),
            gathering_floor: None,
            sweep: VecDeque::new(),
            out: None,
            sweep_floor: None,
            sweeps: 0,
            weight: 0,
        }
    }

    /// Lets a key wait for the next sweep.
    pub(super) fn pend(&mut self, key: K, entry: Entry) {
        let floor = self.gathering_floor.get_or_insert(entry.since);
        *floor = (*floor).min(entry.since);
        if let Some(known) = self.gathering.get_mut(&key) {
            known.due = known.due.max(entry.due);
            known.since = known.since.min(entry.since);
            return;
        }
        self.weight += (self.weigh)(&key);
        self.gathering.insert(key, entry);
    }

    /// Takes the next part of the sweep, of about the weight `most` and at least one key.
    ///
    /// # Panics
    /// When a part is out.
    pub(super) fn take(&mut self, most: usize) -> Option<Arc<[(K, Entry)]>> {
        assert!(self.out.is_none(), "a round was taken while another is out");
        if self.sweep.is_empty() {
            if self.gathering.is_empty() {
                return None;
            }
            self.sweep.extend(std::mem::take(&mut self.gathering));
            self.sweep_floor = self.gathering_floor.take();
            self.sweeps += 1;
        }
        let mut weight = 0;
        let fits = |(key, _): &&(K, Entry)| {
            let has_room = weight == 0 || weight < most;
            weight += (self.weigh)(key);
            has_room
        };
        let count = self.sweep.iter().take_while(fits).count();
        self.out = Some(self.sweep.drain(..count).collect());
        if self.sweep.is_empty() {
            self.sweep = VecDeque::new();
        }
        self.out.clone()
    }

    /// Ends a sweep before its time: what is left of it gathers with the rest.
    pub(super) fn gather(&mut self) {
        if self.sweep.is_empty() {
            return;
        }
        self.sweeps -= 1;
        for (key, entry) in std::mem::take(&mut self.sweep) {
            self.weight -= (self.weigh)(&key);
            self.pend(key, entry);
        }
    }

    /// The part that was out is done with; what must wait on is to pend again.
    pub(super) fn close(&mut self) {
        for (key, _) in self.out.take().iter().flat_map(|out| out.iter()) {
            self.weight -= (self.weigh)(key);
        }
        if self.sweep.is_empty() {
            self.sweep_floor = None;
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        let out = self.out.iter().flat_map(|out| out.iter());
        self.gathering.keys().chain(self.sweep.iter().chain(out).map(|(key, _)| key))
    }

    pub(super) fn len(&self) -> usize {
        self.gathering.len() + self.sweep.len() + self.out.as_ref().map_or(0, |out| out.len())
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// The oldest `since` of all.
    pub(super) fn floor(&self) -> Option<Tick> {
        self.gathering_floor.into_iter().chain(self.sweep_floor).min()
    }

    /// Whether a part of a sweep waits to be taken.
    pub(super) fn is_mid_sweep(&self) -> bool {
        !self.sweep.is_empty()
    }

    /// The sweep that what gathers now will go with.
    pub(super) fn next_sweep(&self) -> u64 {
        self.sweeps + 1
    }

    /// Whether all that was known when [`Self::next_sweep`] gave this number has gone through a
    /// round since.
    pub(super) fn has_swept(&self, number: u64) -> bool {
        let is_over = self.sweep.is_empty() && self.out.is_none();
        let is_idle = is_over && self.gathering.is_empty();
        is_idle || self.sweeps > number || (self.sweeps == number && is_over)
    }
}
