//! The simulated verification: every range is compared in one snapshot of both tables while the
//! application writes; what changed meanwhile is compared again between two ranges, and what changed
//! since at the end.

use std::collections::BTreeSet;

use zosc::ledger::{Ledger, Tick};

use crate::copy::Range;
use crate::server::{Key, Rows, Server};
use crate::shadow::Shadow;

/// Two ranges, to have two positions.
const MIDDLE: Key = 3;
const RANGES: [Range; 2] =
    [Range { above: None, upto: Some(MIDDLE) }, Range { above: Some(MIDDLE), upto: None }];

/// What is compared in one snapshot.
#[derive(Debug, Clone)]
enum Scope {
    Range(Range),
    /// These are dirty; when they are compared, those that did not change since are so no longer.
    Dirty(Vec<Key>),
}

#[derive(Debug)]
enum Stage {
    /// Not before the copy is complete.
    NotBegun,
    /// The number of the range, and whether its turn comes after that of the dirty keys.
    Next(usize, bool),
    Fenced {
        next: usize,
        scope: Scope,
        from: Tick,
        fence: Tick,
    },
    /// Different keys are judged when capture has been where the log was at the snapshot.
    Compared {
        next: usize,
        scope: Scope,
        from: Tick,
        different: BTreeSet<Key>,
        until: Tick,
    },
    Done,
}

#[derive(Debug)]
pub struct Verify {
    stage: Stage,
    /// The position that the first range was compared from.
    from: Tick,
    /// Keys that differed without having been touched.
    pub diverged: BTreeSet<Key>,
}

impl Verify {
    pub fn new() -> Self {
        Self { stage: Stage::NotBegun, from: 0, diverged: BTreeSet::new() }
    }

    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Whether the key's range is still to be compared: from then on a stray write is not noticed
    /// unless the key is touched.
    pub fn will_look_at(&self, key: Key) -> bool {
        let next = match self.stage {
            Stage::NotBegun => 0,
            Stage::Next(range, _) => range,
            Stage::Fenced { next, scope: Scope::Range(_), .. } => next - 1,
            Stage::Fenced { next, .. } | Stage::Compared { next, .. } => next,
            Stage::Done => RANGES.len(),
        };
        RANGES[next..].iter().any(|range| range.contains(key))
    }

    pub fn step(
        &mut self,
        server: &mut Server,
        shadow: &Shadow,
        ledger: &mut Ledger<Key>,
        captured: Tick,
    ) {
        match &self.stage {
            Stage::NotBegun if ledger.copy_is_complete() => {
                ledger.watch();
                self.from = ledger.safe();
                self.stage = Stage::Next(0, false);
            }
            Stage::Next(range, _) if *range == RANGES.len() => self.stage = Stage::Done,
            Stage::Next(range, is_clean) => {
                let from = ledger.safe();
                let (scope, next) = if *is_clean || *range == 0 {
                    (Scope::Range(RANGES[*range]), range + 1)
                } else {
                    (Scope::Dirty(ledger.dirty_after(self.from)), *range)
                };
                self.stage = Stage::Fenced { next, scope, from, fence: server.fence() };
            }
            Stage::Fenced { next, scope, from, fence } if server.has_acknowledged(*fence) => {
                let mut different = differences(&server.snapshot().rows, shadow.rows());
                different.retain(|key| match scope {
                    Scope::Range(range) => range.contains(*key),
                    Scope::Dirty(keys) => keys.contains(key),
                });
                let (next, scope, from) = (*next, scope.clone(), *from);
                let until = server.log_end();
                self.stage = Stage::Compared { next, scope, from, different, until };
            }
            Stage::Compared { next, scope, from, different, until } if captured >= *until => {
                let untouched = different.iter().filter(|key| !ledger.touched_after(key, *from));
                self.diverged.extend(untouched);
                let was_dirty = matches!(scope, Scope::Dirty(_));
                if was_dirty {
                    ledger.forget_clean(*from);
                    self.from = *from;
                }
                self.stage = Stage::Next(*next, was_dirty);
            }
            _ => {}
        }
    }

    /// Under the lock, with nothing pending: what was touched is compared. The keys that differ in
    /// all that verification looked at.
    pub fn finish(
        mut self,
        server: &Server,
        shadow: &Shadow,
        ledger: &mut Ledger<Key>,
    ) -> BTreeSet<Key> {
        let different = differences(&server.snapshot().rows, shadow.rows());
        let dirty = ledger.dirty_after(self.from);
        self.diverged.extend(dirty.iter().filter(|key| different.contains(key)));
        self.diverged
    }
}

/// The keys whose rows are not the same, or on one side only.
pub fn differences(original: &Rows, shadow: &Rows) -> BTreeSet<Key> {
    let keys = original.keys().chain(shadow.keys());
    keys.filter(|key| original.get(key) != shadow.get(key)).copied().collect()
}
