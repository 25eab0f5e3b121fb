//! The keys that changed since they are watched, with the last transaction that changed each.

use std::collections::HashMap;
use std::hash::Hash;

use super::Tick;

#[derive(Debug)]
pub(super) struct Touched<K> {
    weigh: fn(&K) -> usize,
    /// `None` while nobody watches.
    ticks: Option<HashMap<K, Tick>>,
    weight: usize,
}

impl<K: Eq + Hash + Clone> Touched<K> {
    pub(super) fn new(weigh: fn(&K) -> usize) -> Self {
        Self { weigh, ticks: None, weight: 0 }
    }

    /// From now on remembers; `unsettled` keys count as changed by transaction `now`.
    pub(super) fn watch<'k>(&mut self, unsettled: impl Iterator<Item = &'k K>, now: Tick)
    where
        K: 'k,
    {
        self.ticks = Some(HashMap::new());
        self.weight = 0;
        for key in unsettled {
            self.touch(key, now);
        }
    }

    pub(super) fn touch(&mut self, key: &K, tick: Tick) {
        let Some(ticks) = &mut self.ticks else { return };
        if let Some(known) = ticks.get_mut(key) {
            *known = tick;
        } else {
            self.weight += (self.weigh)(key);
            ticks.insert(key.clone(), tick);
        }
    }

    pub(super) fn is_after(&self, key: &K, tick: Tick) -> bool {
        let at = self.ticks.as_ref().and_then(|ticks| ticks.get(key));
        at.is_some_and(|at| *at > tick)
    }

    /// Forgets the keys that did not change after `tick`.
    pub(super) fn forget(&mut self, tick: Tick) {
        let Some(ticks) = &mut self.ticks else { return };
        let (weigh, weight) = (self.weigh, &mut self.weight);
        ticks.retain(|key, at| {
            let stays = *at > tick;
            *weight -= if stays { 0 } else { weigh(key) };
            stays
        });
        // Most of it may be empty now.
        ticks.shrink_to(2 * ticks.len());
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.ticks.iter().flat_map(HashMap::keys)
    }

    pub(super) fn len(&self) -> usize {
        self.ticks.as_ref().map_or(0, HashMap::len)
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }
}
