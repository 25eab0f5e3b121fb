//! The simulated copy: a worker takes a chunk, fences, reads, inserts, commits.

use zosc::ledger::{ChunkNo, Ledger, Tick};

use crate::rules::{Rule, Rules};
use crate::server::{KEYS, Key, Rows, Server, Snapshot};
use crate::shadow::{Attempt, Shadow, TransactionId};
use crate::world::{Journal, Wrong};

/// How often a statement is found waiting before its lock wait times out.
pub const PATIENCE: u32 = 3;

/// The keys above `above`, up to and including `upto`; `None` is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    pub above: Option<Key>,
    pub upto: Option<Key>,
}

impl Range {
    pub fn contains(self, key: Key) -> bool {
        self.above.is_none_or(|above| key > above) && self.upto.is_none_or(|upto| key <= upto)
    }

    pub fn keys(self) -> impl Iterator<Item = Key> {
        (0..KEYS).filter(move |key| self.contains(*key))
    }

    fn first_half(self) -> Self {
        let middle = self.keys().nth((self.keys().count() / 2).saturating_sub(1));
        if self.keys().count() < 2 { self } else { Self { upto: middle, ..self } }
    }
}

/// What is still to be copied of a chunk.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    number: ChunkNo,
    rest: Range,
}

#[derive(Debug)]
enum Stage {
    Idle,
    /// The fence is before the chunk: only when that rule is off.
    FencedTooSoon(Tick),
    Fenced(Chunk, Tick),
    Ready(Chunk),
    Inserting(Piece, Rows),
    Inserted(Piece),
    Committed(Piece),
    /// It met a duplicate: first capture has to be where the log was then…
    AwaitsCapture(Chunk, Tick),
    /// … then every key known by then has to go through a round.
    AwaitsSweep(Chunk, u64),
}

/// One transaction: the whole chunk, or a part of it.
#[derive(Debug, Clone, Copy)]
struct Piece {
    chunk: Chunk,
    range: Range,
    id: TransactionId,
    read_at: Tick,
    waited: u32,
}

#[derive(Debug)]
struct Worker {
    stage: Stage,
    met_duplicate: bool,
    /// After the duplicate capture and a round have gone by.
    has_waited: bool,
}

/// Where the next chunk begins.
#[derive(Debug, Clone, Copy)]
enum Next {
    Above(Option<Key>),
    /// The last chunk has started.
    Nowhere,
}

impl Next {
    fn after(range: Range) -> Self {
        range.upto.map_or(Self::Nowhere, |upto| Self::Above(Some(upto)))
    }
}

#[derive(Debug)]
pub struct Copy {
    workers: Vec<Worker>,
    /// Chunks that an earlier run started and did not complete.
    gaps: Vec<Chunk>,
    next: Next,
}

/// What a worker's step may touch.
pub struct Scene<'a> {
    pub rules: Rules,
    pub server: &'a mut Server,
    pub shadow: &'a mut Shadow,
    pub journal: &'a mut Journal,
    pub ledger: &'a mut Ledger<Key>,
    pub captured: Tick,
}

impl Copy {
    /// Goes on from the journal: its chunks are complete, what lies between them is to be copied.
    pub fn resume(workers: usize, journal: &Journal, ledger: &mut Ledger<Key>) -> Self {
        let mut complete = journal.complete.clone();
        complete.sort_unstable();
        let mut copy = Self {
            workers: (0..workers).map(|_| Worker::idle()).collect(),
            gaps: Vec::new(),
            next: Next::Above(None),
        };
        for range in complete {
            if let Next::Above(above) = copy.next
                && above != range.above
            {
                let rest = Range { above, upto: range.above };
                copy.gaps.push(Chunk { number: ledger.start_chunk(rest.upto), rest });
            }
            let number = ledger.start_chunk(range.upto);
            ledger.finish_chunk(number);
            copy.next = Next::after(range);
        }
        copy
    }

    pub fn retries_a_duplicate(&self) -> bool {
        self.workers.iter().any(|worker| worker.met_duplicate)
    }

    /// Whether a chunk that has started and is not complete has the key.
    pub fn is_in_flight(&self, key: Key) -> bool {
        let of_workers = self.workers.iter().filter_map(|worker| match worker.stage {
            Stage::Idle | Stage::FencedTooSoon(_) => None,
            Stage::Fenced(chunk, _)
            | Stage::Ready(chunk)
            | Stage::AwaitsCapture(chunk, _)
            | Stage::AwaitsSweep(chunk, _) => Some(chunk),
            Stage::Inserting(piece, _) | Stage::Inserted(piece) | Stage::Committed(piece) => {
                Some(piece.chunk)
            }
        });
        of_workers.chain(self.gaps.iter().copied()).any(|chunk| chunk.rest.contains(key))
    }

    /// The next chunk, of so many keys, recorded as started.
    fn start(&mut self, keys: Key, ledger: &mut Ledger<Key>) -> Option<Chunk> {
        if let Some(gap) = self.gaps.pop() {
            return Some(gap);
        }
        let Next::Above(above) = self.next else { return None };
        let bound = above.unwrap_or(-1) + keys;
        let rest = Range { above, upto: (bound < KEYS - 1).then_some(bound) };
        self.next = Next::after(rest);
        Some(Chunk { number: ledger.start_chunk(rest.upto), rest })
    }

    /// One step of one worker. See [`crate::world::Step::Copy`].
    pub fn step(
        &mut self,
        worker: usize,
        keys: Key,
        cuts: bool,
        scene: &mut Scene<'_>,
    ) -> Result<(), Wrong> {
        let worker = worker % self.workers.len();
        let stage = std::mem::replace(&mut self.workers[worker].stage, Stage::Idle);
        self.workers[worker].stage = match stage {
            Stage::Idle if !scene.rules.has(Rule::StartBeforeFence) => {
                Stage::FencedTooSoon(scene.server.fence())
            }
            Stage::Idle => match self.start(keys, scene.ledger) {
                Some(chunk) => fence(chunk, scene),
                None => Stage::Idle,
            },
            Stage::FencedTooSoon(tick) if scene.server.has_acknowledged(tick) => {
                self.start(keys, scene.ledger).map_or(Stage::Idle, Stage::Ready)
            }
            Stage::Fenced(chunk, tick) if scene.server.has_acknowledged(tick) => {
                Stage::Ready(chunk)
            }
            Stage::Ready(chunk) => {
                let range = if cuts { chunk.rest.first_half() } else { chunk.rest };
                let Snapshot { mut rows, tick } = scene.server.snapshot();
                rows.retain(|key, _| range.contains(*key));
                let id = scene.shadow.begin();
                Stage::Inserting(Piece { chunk, range, id, read_at: tick, waited: 0 }, rows)
            }
            Stage::Inserting(mut piece, mut rest) => {
                match scene.shadow.insert(piece.id, &mut rest) {
                    Attempt::Done => Stage::Inserted(piece),
                    Attempt::Waits if piece.waited < PATIENCE => {
                        piece.waited += 1;
                        Stage::Inserting(piece, rest)
                    }
                    Attempt::Waits => {
                        scene.shadow.roll_back(piece.id);
                        fence(piece.chunk, scene)
                    }
                    Attempt::Duplicate(mine, theirs) => {
                        scene.shadow.roll_back(piece.id);
                        self.workers[worker].on_duplicate(piece.chunk, (mine, theirs), scene)?
                    }
                }
            }
            Stage::Inserted(piece) => {
                commit(piece, scene.shadow, scene.journal);
                Stage::Committed(piece)
            }
            Stage::Committed(Piece { chunk, range, .. }) if range.upto != chunk.rest.upto => {
                if let Some(upto) = range.upto.filter(|_| scene.rules.has(Rule::Parts)) {
                    scene.ledger.finish_part(chunk.number, upto);
                }
                let rest = Range { above: range.upto, ..chunk.rest };
                fence(Chunk { rest, ..chunk }, scene)
            }
            Stage::Committed(Piece { chunk, .. }) => {
                scene.ledger.finish_chunk(chunk.number);
                self.workers[worker] = Worker::idle();
                Stage::Idle
            }
            Stage::AwaitsCapture(chunk, tick) if scene.captured >= tick => {
                Stage::AwaitsSweep(chunk, scene.ledger.next_sweep())
            }
            Stage::AwaitsSweep(chunk, sweep) if scene.ledger.has_swept(sweep) => {
                self.workers[worker].has_waited = true;
                fence(chunk, scene)
            }
            waiting => waiting,
        };
        Ok(())
    }

    /// The client dies: what the server has not been told to commit rolls back, and of what it has
    /// been told `commits` says, by worker, whether that arrived.
    pub fn die(&mut self, commits: u8, shadow: &mut Shadow, journal: &mut Journal) {
        for (n, worker) in self.workers.iter().enumerate() {
            match worker.stage {
                Stage::Inserted(piece) if commits >> n & 1 == 1 => commit(piece, shadow, journal),
                Stage::Inserting(piece, _) | Stage::Inserted(piece) => shadow.roll_back(piece.id),
                _ => {}
            }
        }
    }
}

impl Worker {
    fn idle() -> Self {
        Self { stage: Stage::Idle, met_duplicate: false, has_waited: false }
    }

    fn on_duplicate(
        &mut self,
        chunk: Chunk,
        (mine, theirs): (Key, Key),
        scene: &mut Scene<'_>,
    ) -> Result<Stage, Wrong> {
        self.met_duplicate = true;
        if !scene.rules.has(Rule::ConflictProtocol) {
            return Ok(fence(chunk, scene));
        }
        if self.has_waited && scene.server.snapshot().violates(mine, theirs) {
            return Err(Wrong::Violation(mine, theirs));
        }
        Ok(Stage::AwaitsCapture(chunk, scene.server.fence()))
    }
}

fn fence(chunk: Chunk, scene: &mut Scene<'_>) -> Stage {
    if scene.rules.has(Rule::Fence) {
        Stage::Fenced(chunk, scene.server.fence())
    } else {
        Stage::Ready(chunk)
    }
}

/// The rows and their line in the journal are one transaction.
fn commit(piece: Piece, shadow: &mut Shadow, journal: &mut Journal) {
    shadow.commit(piece.id, piece.range.keys(), piece.read_at);
    journal.complete.push(piece.range);
}
