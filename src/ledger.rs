//! The changes not yet carried over, and how far the copy is. Pure: no I/O, no clock, no SQL.
//!
//! Chunks of the copy are numbered from 1 as they start; they start in key order, so chunk `n` holds
//! the keys between the upper bounds of chunks `n - 1` and `n`. A change is entered with `due`, the
//! highest chunk number started so far. A round takes everything pending and decides each key's
//! [`Fate`] against one [`Frontier`], the state of the chunks at the moment it was taken.
//!
//! Why it is right: let `c` be the last change of a key. If the key's chunk started after `c` was
//! delivered, its snapshot was opened behind a fence that came after `c`, so the copied row is
//! current and `c` may be forgotten. Otherwise `due` is at least the key's chunk, so `c` is kept
//! until that chunk is complete and is refreshed then, in a round that starts after `c`.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

/// A chunk's number, from 1 in the order of starting; 0 is "before the first".
pub type ChunkNo = u64;

/// The number of a delivered transaction, from 1 in commit order; 0 is "before the first".
pub type Tick = u64;

/// The changes that are known and not yet carried over.
#[derive(Debug)]
pub struct Ledger<K> {
    chunks: Chunks<K>,
    pending: HashMap<K, Entry>,
    /// The oldest `since` in `pending`.
    pending_floor: Option<Tick>,
    in_round: Option<InRound<K>>,
    delivered: Tick,
    touched: Option<HashMap<K, Tick>>,
}

/// What is remembered of a changed key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The highest chunk number started when the key's latest change was entered.
    pub due: ChunkNo,
    /// The transaction of its earliest change that is not carried over.
    pub since: Tick,
}

/// The keys of a round, with the state of the chunks that decides their fate.
#[derive(Debug)]
pub struct Round<K> {
    /// Every key that was pending.
    pub entries: Arc<[(K, Entry)]>,
    /// The chunks as they were when the round was taken. Deciding by a later state would be wrong:
    /// a chunk that completes in between may lack a change that this round is about to forget.
    pub frontier: Frontier<K>,
}

/// What a round does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its row was copied: carry the current row over.
    Refresh,
    /// Its chunk had not started when the change was delivered: the copy brings it.
    Forget,
    /// Its chunk may be in flight: wait for the next round.
    Keep,
}

/// The state of the chunks at one moment.
#[derive(Debug, Clone)]
pub struct Frontier<K> {
    /// Chunks of the unbroken complete run from the first one.
    mark: ChunkNo,
    /// Ascending finite upper bounds: of the mark's chunk, if any, then of each later started chunk,
    /// those that are copied in part with two.
    uppers: Vec<K>,
    /// Whether each segment is copied; the segment after the last upper bound is there only when
    /// the last chunk has started.
    complete: Vec<bool>,
}

#[derive(Debug)]
struct InRound<K> {
    entries: Arc<[(K, Entry)]>,
    floor: Option<Tick>,
}

#[derive(Debug)]
struct Chunks<K> {
    mark: ChunkNo,
    mark_upper: Option<K>,
    /// Started chunks above the mark.
    open: VecDeque<Chunk<K>>,
    last_started: bool,
}

#[derive(Debug)]
struct Chunk<K> {
    /// `None` is the last chunk, which has no upper bound.
    upper: Option<K>,
    /// Copied up to here, when it is copied in parts.
    part: Option<K>,
    complete: bool,
}

impl<K: Eq + Hash + Clone> Default for Ledger<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Eq + Hash + Clone> Ledger<K> {
    /// An empty ledger: nothing copied, nothing changed.
    pub fn new() -> Self {
        Self {
            chunks: Chunks {
                mark: 0,
                mark_upper: None,
                open: VecDeque::new(),
                last_started: false,
            },
            pending: HashMap::new(),
            pending_floor: None,
            in_round: None,
            delivered: 0,
            touched: None,
        }
    }

    /// Records that the next chunk starts; its rows are those up to and including `upper`, or all
    /// that are left. Must be called *before* the fence that precedes the chunk's statement.
    ///
    /// # Panics
    /// When the last chunk has started already.
    pub fn start_chunk(&mut self, upper: Option<K>) -> ChunkNo {
        assert!(!self.chunks.last_started, "a chunk started after the last one");
        self.chunks.last_started = upper.is_none();
        self.chunks.open.push_back(Chunk { upper, part: None, complete: false });
        self.chunks.started()
    }

    /// Records that a chunk's rows up to and including `upto` are copied, by a transaction that has
    /// committed; the others are still in flight. Parts come in the order of keys.
    ///
    /// Needed whenever a chunk has several transactions: the rows of the first may be in the way of
    /// the second, and only a refresh takes them out of it.
    ///
    /// # Panics
    /// When the chunk is not in flight.
    pub fn finish_part(&mut self, number: ChunkNo, upto: K) {
        self.chunks.in_flight(number).part = Some(upto);
    }

    /// Records that a chunk's transaction, or its last one, has committed.
    ///
    /// # Panics
    /// When the chunk is not in flight.
    pub fn finish_chunk(&mut self, number: ChunkNo) {
        self.chunks.finish(number);
    }

    /// Whether the last chunk and all before it are complete.
    pub fn copy_is_complete(&self) -> bool {
        self.chunks.last_started && self.chunks.open.is_empty()
    }

    /// Enters a key changed by transaction `tick`.
    pub fn enter(&mut self, key: K, tick: Tick) {
        if let Some(touched) = &mut self.touched {
            touched.insert(key.clone(), tick);
        }
        let entry = Entry { due: self.chunks.started(), since: tick };
        self.pend(key, entry);
    }

    /// Says that everything up to transaction `tick` has been entered.
    pub fn deliver(&mut self, tick: Tick) {
        self.delivered = self.delivered.max(tick);
    }

    /// The last transaction that was entered whole.
    pub fn delivered(&self) -> Tick {
        self.delivered
    }

    /// Takes all that is pending for a round; `None` when nothing is pending.
    ///
    /// # Panics
    /// When the round before has not been closed: two rounds at once could refresh one key twice,
    /// and the older refresh might finish last.
    pub fn take_round(&mut self) -> Option<Round<K>> {
        assert!(self.in_round.is_none(), "a round was taken while another is out");
        if self.pending.is_empty() {
            return None;
        }
        let entries: Arc<[(K, Entry)]> = self.pending.drain().collect();
        self.in_round =
            Some(InRound { entries: Arc::clone(&entries), floor: self.pending_floor.take() });
        Some(Round { entries, frontier: self.chunks.frontier() })
    }

    /// Ends the round; `back` are the keys that were kept or whose refresh failed.
    pub fn close_round(&mut self, back: impl IntoIterator<Item = (K, Entry)>) {
        self.in_round = None;
        for (key, entry) in back {
            self.pend(key, entry);
        }
    }

    /// Keys known and not carried over, those of a running round included.
    pub fn backlog(&self) -> usize {
        self.pending.len() + self.in_round.as_ref().map_or(0, |round| round.entries.len())
    }

    /// Every change up to this transaction has been refreshed or forgotten: a run may resume there.
    pub fn safe(&self) -> Tick {
        let round_floor = self.in_round.as_ref().and_then(|round| round.floor);
        match self.pending_floor.into_iter().chain(round_floor).min() {
            Some(oldest) => oldest - 1,
            None => self.delivered,
        }
    }

    /// From now on remembers the last transaction of every changed key; keys known and not yet
    /// carried over count as changed now.
    pub fn watch(&mut self) {
        let now = self.delivered + 1;
        let unsettled = self
            .pending
            .keys()
            .chain(self.in_round.iter().flat_map(|round| round.entries.iter().map(|(key, _)| key)));
        let seed = unsettled.map(|key| (key.clone(), now)).collect();
        self.touched = Some(seed);
    }

    /// Whether the key changed after transaction `tick`, as far as is delivered. Only while watching.
    pub fn touched_after(&self, key: &K, tick: Tick) -> bool {
        self.touched.as_ref().is_some_and(|touched| touched.get(key).is_some_and(|at| *at > tick))
    }

    /// All keys that changed after transaction `tick`; those that did not are watched no longer.
    pub fn dirty_after(&mut self, tick: Tick) -> Vec<K> {
        let Some(touched) = &mut self.touched else { return Vec::new() };
        touched.retain(|_, at| *at > tick);
        touched.keys().cloned().collect()
    }

    fn pend(&mut self, key: K, entry: Entry) {
        let floor = self.pending_floor.get_or_insert(entry.since);
        *floor = (*floor).min(entry.since);
        self.pending
            .entry(key)
            .and_modify(|known| {
                known.due = known.due.max(entry.due);
                known.since = known.since.min(entry.since);
            })
            .or_insert(entry);
    }
}

impl<K: Clone> Chunks<K> {
    fn started(&self) -> ChunkNo {
        self.mark + self.open.len() as ChunkNo
    }

    fn in_flight(&mut self, number: ChunkNo) -> &mut Chunk<K> {
        let index = number.checked_sub(self.mark + 1).and_then(|index| usize::try_from(index).ok());
        index
            .and_then(|index| self.open.get_mut(index))
            .filter(|chunk| !chunk.complete)
            .expect("a chunk finished that is not in flight")
    }

    fn finish(&mut self, number: ChunkNo) {
        self.in_flight(number).complete = true;
        while let Some(chunk) = self.open.pop_front_if(|first| first.complete) {
            self.mark += 1;
            self.mark_upper = chunk.upper;
        }
    }

    fn frontier(&self) -> Frontier<K> {
        let mut uppers: Vec<K> = self.mark_upper.iter().cloned().collect();
        let mut complete = Vec::with_capacity(self.open.len() + 1);
        if self.mark > 0 {
            complete.push(true);
        }
        for chunk in &self.open {
            if let Some(part) = chunk.part.as_ref().filter(|_| !chunk.complete) {
                uppers.push(part.clone());
                complete.push(true);
            }
            uppers.extend(chunk.upper.clone());
            complete.push(chunk.complete);
        }
        Frontier { mark: self.mark, uppers, complete }
    }
}

impl<K> Frontier<K> {
    /// The finite upper bounds of the segments, ascending. A key's segment is the number of bounds
    /// that are less than it.
    pub fn uppers(&self) -> &[K] {
        &self.uppers
    }

    /// Whether every key is in a copied segment, so that nobody need ask where a key lies.
    pub fn is_all_covered(&self) -> bool {
        self.complete.len() > self.uppers.len() && self.complete.iter().all(|complete| *complete)
    }

    /// Whether no key is in a copied segment.
    pub fn is_none_covered(&self) -> bool {
        !self.complete.iter().any(|complete| *complete)
    }

    /// What is to be done with a key in `segment`.
    pub fn fate(&self, segment: usize, entry: Entry) -> Fate {
        if self.complete.get(segment).copied().unwrap_or(false) {
            Fate::Refresh
        } else if entry.due <= self.mark {
            Fate::Forget
        } else {
            Fate::Keep
        }
    }
}

impl<K: Ord> Frontier<K> {
    /// The key's segment, for keys that the client may order.
    pub fn segment(&self, key: &K) -> usize {
        self.uppers.partition_point(|upper| upper < key)
    }
}

#[cfg(test)]
mod tests;
