//! The changes not yet carried over, and how far the copy is. Pure: no I/O, no clock, no SQL.
//!
//! Chunks of the copy are numbered from 1 as they start; they start in key order, so chunk `n` holds
//! the keys between the upper bounds of chunks `n - 1` and `n`. A change is entered with `due`, the
//! highest chunk number started so far. A round takes pending keys and decides each key's [`Fate`]
//! against one [`Frontier`], the state of the chunks at the moment it was taken.
//!
//! Why it is right: let `c` be the last change of a key. If the key's chunk started after `c` was
//! delivered, its snapshot was opened behind a fence that came after `c`, so the copied row is
//! current and `c` may be forgotten; that is so, too, when its chunk has not started by now, which
//! is seen from the key lying beyond all chunks. Otherwise `due` is at least the key's chunk, so `c`
//! is kept until that chunk is complete and is refreshed then, in a round that starts after `c`.
//!
//! So all keys that are kept lie in chunks in flight: there are no more of them than those chunks
//! have had rows, however many changes come.

mod backlog;
mod touched;

use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::Arc;

use backlog::Backlog;
use touched::Touched;

/// A chunk's number, from 1 in the order of starting; 0 is "before the first".
pub type ChunkNo = u64;

/// The number of a delivered transaction, from 1 in commit order; 0 is "before the first".
pub type Tick = u64;

/// The changes that are known and not yet carried over.
#[derive(Debug)]
pub struct Ledger<K> {
    chunks: Chunks<K>,
    backlog: Backlog<K>,
    delivered: Tick,
    touched: Touched<K>,
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
    /// Keys that were pending.
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
    /// Its chunk had not started when the change was delivered, or has not even now: the copy
    /// brings it.
    Forget,
    /// Its chunk may be in flight: wait for the next round.
    Keep,
}

/// The state of the chunks at one moment.
#[derive(Debug, Clone)]
pub struct Frontier<K> {
    /// Chunks of the unbroken complete run from the first one.
    mark: ChunkNo,
    /// Ascending finite upper bounds of the segments: neighbouring chunks that are all copied, or
    /// all not, are one, so there are about two for each chunk in flight.
    uppers: Vec<K>,
    /// Whether each segment is copied; the segment after the last upper bound is there only when
    /// the last chunk has started.
    complete: Vec<bool>,
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
    /// An empty ledger: nothing copied, nothing changed. Every key weighs 1.
    pub fn new() -> Self {
        Self::weighing(|_| 1)
    }

    /// The same; `weigh` tells how much a key weighs while it is pending, and a key always weighs
    /// the same.
    pub fn weighing(weigh: fn(&K) -> usize) -> Self {
        Self {
            chunks: Chunks {
                mark: 0,
                mark_upper: None,
                open: VecDeque::new(),
                last_started: false,
            },
            backlog: Backlog::new(weigh),
            delivered: 0,
            touched: Touched::new(weigh),
        }
    }

    /// The end of the unbroken run of chunks that are copied; `None` before the first is, and when it
    /// has no end.
    pub fn mark(&self) -> Option<&K> {
        self.chunks.mark_upper.as_ref()
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
        self.touched.touch(&key, tick);
        let entry = Entry { due: self.chunks.started(), since: tick };
        self.backlog.pend(key, entry);
    }

    /// Says that everything up to transaction `tick` has been entered.
    pub fn deliver(&mut self, tick: Tick) {
        self.delivered = self.delivered.max(tick);
    }

    /// The last transaction that was entered whole.
    pub fn delivered(&self) -> Tick {
        self.delivered
    }

    /// Takes keys for a round, of about the weight `most` and at least one; `None` when nothing is
    /// pending. Rounds go on until all that was pending has been in one, and only then begin anew.
    ///
    /// # Panics
    /// When the round before has not been closed: two rounds at once could refresh one key twice,
    /// and the older refresh might finish last.
    pub fn take_round(&mut self, most: usize) -> Option<Round<K>> {
        let entries = self.backlog.take(most)?;
        Some(Round { entries, frontier: self.chunks.frontier() })
    }

    /// Takes all that is pending for a round, as [`Ledger::take_round`] does.
    ///
    /// # Panics
    /// When the round before has not been closed.
    pub fn take_all(&mut self) -> Option<Round<K>> {
        self.backlog.gather();
        self.take_round(usize::MAX)
    }

    /// Ends the round; `back` are the keys that were kept or whose refresh failed.
    pub fn close_round(&mut self, back: impl IntoIterator<Item = (K, Entry)>) {
        self.backlog.close();
        for (key, entry) in back {
            self.backlog.pend(key, entry);
        }
    }

    /// Keys known and not carried over, those of a running round included.
    pub fn backlog(&self) -> usize {
        self.backlog.len()
    }

    /// What the backlog weighs.
    pub fn weight(&self) -> usize {
        self.backlog.weight()
    }

    /// Whether keys that were pending when a round began the last sweep wait for their own round.
    pub fn is_mid_sweep(&self) -> bool {
        self.backlog.is_mid_sweep()
    }

    /// A number to ask [`Ledger::has_swept`] with.
    pub fn next_sweep(&self) -> u64 {
        self.backlog.next_sweep()
    }

    /// Whether every key that was known when [`Ledger::next_sweep`] gave this number has been in a
    /// round since that was taken after, and has ended.
    pub fn has_swept(&self, number: u64) -> bool {
        self.backlog.has_swept(number)
    }

    /// Every change up to this transaction has been refreshed or forgotten: a run may resume there.
    pub fn safe(&self) -> Tick {
        self.backlog.floor().map_or(self.delivered, |oldest| oldest - 1)
    }

    /// From now on remembers the last transaction of every changed key; keys known and not yet
    /// carried over count as changed now.
    pub fn watch(&mut self) {
        self.touched.watch(self.backlog.keys(), self.delivered + 1);
    }

    /// Whether the key changed after transaction `tick`, as far as is delivered. Only while watching.
    pub fn touched_after(&self, key: &K, tick: Tick) -> bool {
        self.touched.is_after(key, tick)
    }

    /// All keys that changed after transaction `tick`; those that did not are watched no longer.
    pub fn dirty_after(&mut self, tick: Tick) -> Vec<K> {
        self.forget_clean(tick);
        self.touched.keys().cloned().collect()
    }

    /// All keys that did not change after transaction `tick` were compared since, so they are watched
    /// no longer. No comparison may be under way that began before.
    pub fn forget_clean(&mut self, tick: Tick) {
        self.touched.forget(tick);
    }

    /// How many keys changed since they are watched.
    pub fn dirty(&self) -> usize {
        self.touched.len()
    }

    /// What the keys weigh that changed since they are watched.
    pub fn dirty_weight(&self) -> usize {
        self.touched.weight()
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
        let copied = (self.mark > 0).then_some((self.mark_upper.as_ref(), true));
        let open = self.open.iter().flat_map(|chunk| {
            let part = chunk.part.as_ref().filter(|_| !chunk.complete);
            let part = part.map(|part| (Some(part), true));
            part.into_iter().chain([(chunk.upper.as_ref(), chunk.complete)])
        });
        let mut segments: Vec<(Option<&K>, bool)> = Vec::new();
        for (upper, is_copied) in copied.into_iter().chain(open) {
            match segments.last_mut() {
                Some(before) if before.1 == is_copied => before.0 = upper,
                _ => segments.push((upper, is_copied)),
            }
        }
        Frontier {
            mark: self.mark,
            uppers: segments.iter().filter_map(|(upper, _)| upper.cloned()).collect(),
            complete: segments.iter().map(|(_, is_copied)| *is_copied).collect(),
        }
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

    /// What is to be done with a key in `segment`.
    pub fn fate(&self, segment: usize, entry: Entry) -> Fate {
        match self.complete.get(segment) {
            Some(true) => Fate::Refresh,
            // Its chunk will start after this moment, hence after the change was delivered.
            None => Fate::Forget,
            Some(false) if entry.due <= self.mark => Fate::Forget,
            Some(false) => Fate::Keep,
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
