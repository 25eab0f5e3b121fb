//! The simulated verification: every range is compared in one snapshot of both tables while the
//! application writes; what changed since is compared again at the end.

use std::collections::BTreeSet;

use zosc::ledger::{Ledger, Tick};

use crate::copy::Range;
use crate::server::{Key, Rows, Server};
use crate::shadow::Shadow;

/// Two ranges, to have two positions.
const MIDDLE: Key = 3;
const RANGES: [Range; 2] =
    [Range { above: None, upto: Some(MIDDLE) }, Range { above: Some(MIDDLE), upto: None }];

#[derive(Debug)]
enum Stage {
    /// Not before the copy is complete.
    NotBegun,
    Next(usize),
    Fenced {
        range: usize,
        from: Tick,
        fence: Tick,
    },
    /// Different keys are judged when capture has been where the log was at the snapshot.
    Compared {
        range: usize,
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
            Stage::Next(range) | Stage::Fenced { range, .. } => range,
            Stage::Compared { range, .. } => range + 1,
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
                self.stage = Stage::Next(0);
            }
            Stage::Next(range) if *range == RANGES.len() => self.stage = Stage::Done,
            Stage::Next(range) => {
                let (range, from) = (*range, ledger.safe());
                self.stage = Stage::Fenced { range, from, fence: server.fence() };
            }
            Stage::Fenced { range, from, fence } if server.has_acknowledged(*fence) => {
                let mut different = differences(&server.snapshot().rows, shadow.rows());
                different.retain(|key| RANGES[*range].contains(*key));
                let until = server.log_end();
                self.stage = Stage::Compared { range: *range, from: *from, different, until };
            }
            Stage::Compared { range, from, different, until } if captured >= *until => {
                let untouched = different.iter().filter(|key| !ledger.touched_after(key, *from));
                self.diverged.extend(untouched);
                self.stage = Stage::Next(range + 1);
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
