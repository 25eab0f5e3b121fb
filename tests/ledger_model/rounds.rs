//! The simulated refresh: a round takes what is pending, fences, and carries the covered keys over
//! in parallel batches; the rows of what fails are removed, then each key is tried again with
//! nothing beside it; what still fails goes back.

use std::collections::VecDeque;

use zosc::ledger::{ChunkNo, Entry, Fate, Frontier, Ledger, Tick};

use crate::copy::PATIENCE;
use crate::rules::{Rule, Rules};
use crate::server::{Key, Rows, Server};
use crate::shadow::{Attempt, Shadow, TransactionId};
use crate::world::Wrong;

type Pending = (Key, Entry);

#[derive(Debug)]
enum Stage {
    Waiting,
    Deleted { id: TransactionId },
    Inserting { id: TransactionId, rest: Rows, read_at: Tick },
    Inserted { id: TransactionId, read_at: Tick },
}

/// One refresh: `DELETE`, `INSERT … SELECT`, `COMMIT` of some keys.
#[derive(Debug)]
struct Batch {
    entries: Vec<Pending>,
    stage: Stage,
    waited: u32,
}

enum Progress {
    Going(Batch),
    Carried,
    Failed(Vec<Pending>, Attempt),
}

#[derive(Debug)]
struct Round {
    fence: Tick,
    batches: Vec<Batch>,
    failed: Vec<Pending>,
    /// Tried one after the other.
    again: VecDeque<Batch>,
    back: Vec<Pending>,
}

#[derive(Debug)]
pub struct Rounds {
    /// Keys in a batch.
    batch: usize,
    /// Keys in a round.
    most: usize,
    /// At most one, unless the barrier is off.
    running: Vec<Round>,
}

/// What a step of a round may touch.
pub struct Scene<'a> {
    pub rules: Rules,
    pub server: &'a mut Server,
    pub shadow: &'a mut Shadow,
    pub ledger: &'a mut Ledger<Key>,
}

impl Rounds {
    pub fn new(batch: usize, most: usize) -> Self {
        Self { batch, most, running: Vec::new() }
    }

    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Takes of what is pending, decides each key's fate and fences. Gives the keys that are kept.
    pub fn take(&mut self, scene: &mut Scene<'_>) -> Vec<Key> {
        if scene.rules.has(Rule::Barrier) && !self.running.is_empty() {
            return Vec::new();
        }
        let Some(round) = scene.ledger.take_round(self.most) else { return Vec::new() };
        let mut covered = Vec::new();
        let mut back = Vec::new();
        for (key, entry) in round.entries.iter().copied() {
            match fate(scene.rules, &round.frontier, key, entry) {
                Fate::Refresh => covered.push((key, entry)),
                Fate::Forget => {}
                Fate::Keep => back.push((key, entry)),
            }
        }
        covered.sort_unstable_by_key(|(key, _)| *key);
        let kept = back.iter().map(|(key, _)| *key).collect();
        if !scene.rules.has(Rule::Barrier) {
            scene.ledger.close_round(back.drain(..));
        }
        self.running.push(Round {
            fence: if scene.rules.has(Rule::Fence) { scene.server.fence() } else { 0 },
            batches: covered.chunks(self.batch).map(|keys| Batch::new(keys.to_vec())).collect(),
            failed: Vec::new(),
            again: VecDeque::new(),
            back,
        });
        kept
    }

    /// One step of one batch, `lane` says which; or of the round as a whole.
    pub fn step(&mut self, lane: usize, scene: &mut Scene<'_>) -> Result<(), Wrong> {
        if self.running.is_empty() {
            return Ok(());
        }
        let at = lane % self.running.len();
        let round = &mut self.running[at];
        if scene.server.has_acknowledged(round.fence) && round.step(lane, scene)? {
            let over = self.running.remove(at);
            if scene.rules.has(Rule::Barrier) {
                scene.ledger.close_round(over.back);
            } else {
                over.back.iter().for_each(|(key, entry)| scene.ledger.enter(*key, entry.since));
            }
        }
        Ok(())
    }

    /// The client dies: see [`crate::copy::Copy::die`].
    pub fn die(&mut self, commits: u8, shadow: &mut Shadow) {
        let batches =
            self.running.iter().flat_map(|round| round.batches.iter().chain(&round.again));
        for (n, batch) in batches.enumerate() {
            match batch.stage {
                Stage::Inserted { id, read_at } if commits >> (n % 8) & 1 == 1 => {
                    shadow.commit(id, batch.keys(), read_at);
                }
                Stage::Deleted { id }
                | Stage::Inserting { id, .. }
                | Stage::Inserted { id, .. } => shadow.roll_back(id),
                Stage::Waiting => {}
            }
        }
    }
}

fn fate(rules: Rules, frontier: &Frontier<Key>, key: Key, entry: Entry) -> Fate {
    let segment = frontier.segment(&key);
    let entry = if rules.has(Rule::Due) { entry } else { Entry { due: 0, ..entry } };
    let fate = frontier.fate(segment, entry);
    let late = Entry { due: ChunkNo::MAX, ..entry };
    let is_beyond = frontier.fate(segment, late) == Fate::Forget;
    let some_are_in_flight = || (0..segment).any(|s| frontier.fate(s, late) == Fate::Keep);
    let is_below_the_mark = || (0..=segment).all(|s| frontier.fate(s, entry) == Fate::Refresh);
    match fate {
        _ if !rules.has(Rule::Covered) => Fate::Refresh,
        _ if !rules.has(Rule::Beyond) && is_beyond && some_are_in_flight() => Fate::Keep,
        Fate::Refresh if !rules.has(Rule::Islands) && !is_below_the_mark() => Fate::Keep,
        fate => fate,
    }
}

impl Round {
    /// Whether the round is over.
    fn step(&mut self, lane: usize, scene: &mut Scene<'_>) -> Result<bool, Wrong> {
        if !self.batches.is_empty() {
            let batch = self.batches.swap_remove(lane % self.batches.len());
            match batch.step(scene) {
                Progress::Going(batch) => self.batches.push(batch),
                Progress::Carried => {}
                Progress::Failed(entries, _) => self.failed.extend(entries),
            }
        } else if !self.failed.is_empty() {
            if scene.rules.has(Rule::RemovedFirst) {
                let keys: Vec<Key> = self.failed.iter().map(|(key, _)| *key).collect();
                let id = scene.shadow.begin();
                if scene.shadow.delete(id, &keys) != Attempt::Done {
                    scene.shadow.roll_back(id);
                    return Ok(false);
                }
                scene.shadow.commit(id, [], 0);
            }
            self.again.extend(self.failed.drain(..).map(|entry| Batch::new(vec![entry])));
        } else if let Some(batch) = self.again.pop_front() {
            match batch.step(scene) {
                Progress::Going(batch) => self.again.push_front(batch),
                Progress::Carried => {}
                Progress::Failed(_, Attempt::Duplicate(mine, theirs))
                    if scene.server.snapshot().violates(mine, theirs) =>
                {
                    return Err(Wrong::Violation(mine, theirs));
                }
                Progress::Failed(entries, _) => self.back.extend(entries),
            }
        } else {
            return Ok(true);
        }
        Ok(false)
    }
}

impl Batch {
    fn new(entries: Vec<Pending>) -> Self {
        Self { entries, stage: Stage::Waiting, waited: 0 }
    }

    fn keys(&self) -> Vec<Key> {
        self.entries.iter().map(|(key, _)| *key).collect()
    }

    fn step(mut self, scene: &mut Scene<'_>) -> Progress {
        let keys = self.keys();
        let (id, attempt) = match &mut self.stage {
            Stage::Waiting => {
                let id = scene.shadow.begin();
                let attempt = scene.shadow.delete(id, &keys);
                if attempt == Attempt::Done {
                    self.stage = Stage::Deleted { id };
                    return Progress::Going(self);
                }
                // A statement that waits for its first lock is the same as one not yet sent.
                scene.shadow.roll_back(id);
                return Progress::Going(self);
            }
            Stage::Deleted { id } => {
                let snapshot = scene.server.snapshot();
                let mut rest = snapshot.rows;
                rest.retain(|key, _| keys.contains(key));
                self.stage = Stage::Inserting { id: *id, rest, read_at: snapshot.tick };
                return Progress::Going(self);
            }
            Stage::Inserting { id, rest, read_at } => {
                let (id, read_at) = (*id, *read_at);
                let attempt = scene.shadow.insert(id, rest);
                if attempt == Attempt::Done {
                    self.stage = Stage::Inserted { id, read_at };
                    return Progress::Going(self);
                }
                (id, attempt)
            }
            Stage::Inserted { id, read_at } => {
                scene.shadow.commit(*id, keys, *read_at);
                return Progress::Carried;
            }
        };
        if attempt == Attempt::Waits && self.waited < PATIENCE {
            self.waited += 1;
            return Progress::Going(self);
        }
        scene.shadow.roll_back(id);
        Progress::Failed(self.entries, attempt)
    }
}
