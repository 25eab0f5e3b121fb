//! A model of the shadow table as InnoDB keeps it at READ COMMITTED: open transactions hold the
//! rows that they deleted or inserted; whoever needs the same key or unique value waits for them;
//! a committed row in the way is a duplicate at once. Deleting an absent row locks nothing.

use std::collections::{BTreeMap, BTreeSet};

use zosc::ledger::Tick;

use crate::server::{Key, Row, Rows};

pub type TransactionId = u32;

#[derive(Debug, Default)]
pub struct Shadow {
    rows: Rows,
    /// The snapshot that a key's row, or its absence, was last read from.
    read_at: BTreeMap<Key, Tick>,
    open: BTreeMap<TransactionId, Writes>,
    begun: TransactionId,
}

#[derive(Debug, Default)]
struct Writes {
    deleted: BTreeSet<Key>,
    inserted: Rows,
}

/// How a statement went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    Done,
    /// Another transaction holds what it needs.
    Waits,
    /// Error 1062: the row of the first key meets the committed row of the second.
    Duplicate(Key, Key),
}

impl Shadow {
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    pub fn read_at(&self, key: Key) -> Tick {
        self.read_at.get(&key).copied().unwrap_or(0)
    }

    pub fn begin(&mut self) -> TransactionId {
        self.begun += 1;
        self.open.insert(self.begun, Writes::default());
        self.begun
    }

    /// `DELETE FROM shadow WHERE key IN (keys)`.
    pub fn delete(&mut self, id: TransactionId, keys: &[Key]) -> Attempt {
        let is_held =
            |key| self.others(id).any(|w| w.deleted.contains(key) || w.inserted.contains_key(key));
        if keys.iter().any(is_held) {
            return Attempt::Waits;
        }
        let found: Vec<Key> = keys.iter().copied().filter(|k| self.rows.contains_key(k)).collect();
        self.writes(id).deleted.extend(found);
        Attempt::Done
    }

    /// `INSERT INTO shadow SELECT …`, row by row; `rest` is what remains to be inserted. A
    /// statement that waits keeps the locks of the rows that are in.
    pub fn insert(&mut self, id: TransactionId, rest: &mut Rows) -> Attempt {
        while let Some((key, row)) = rest.first_key_value().map(|(key, row)| (*key, *row)) {
            match self.clash(id, key, row) {
                Attempt::Done => {
                    rest.remove(&key);
                    self.writes(id).inserted.insert(key, row);
                }
                trouble => return trouble,
            }
        }
        Attempt::Done
    }

    fn clash(&self, id: TransactionId, key: Key, row: Row) -> Attempt {
        let mine = &self.open[&id].deleted;
        let meets = |k: &Key, r: &Row| *k == key || (r.unique.is_some() && r.unique == row.unique);
        let in_the_way: Vec<Key> = self
            .rows
            .iter()
            .filter(|(k, r)| meets(k, r) && !mine.contains(k))
            .map(|(k, _)| *k)
            .collect();
        let is_undecided = |k: &Key| self.others(id).any(|w| w.deleted.contains(k));
        if let Some(theirs) = in_the_way.iter().find(|k| !is_undecided(k)) {
            Attempt::Duplicate(key, *theirs)
        } else if !in_the_way.is_empty()
            || self.others(id).any(|w| w.inserted.iter().any(|(k, r)| meets(k, r)))
        {
            Attempt::Waits
        } else {
            Attempt::Done
        }
    }

    /// Commits; `keys` are now as they were in the snapshot `read_at`.
    pub fn commit(
        &mut self,
        id: TransactionId,
        keys: impl IntoIterator<Item = Key>,
        read_at: Tick,
    ) {
        let writes = self.open.remove(&id).expect("the transaction is open");
        for key in writes.deleted {
            self.rows.remove(&key);
        }
        self.rows.extend(writes.inserted);
        self.read_at.extend(keys.into_iter().map(|key| (key, read_at)));
    }

    pub fn roll_back(&mut self, id: TransactionId) {
        self.open.remove(&id).expect("the transaction is open");
    }

    /// Somebody else's hand.
    pub fn tamper(&mut self, key: Key, row: Option<Row>) {
        match row {
            Some(row) => self.rows.insert(key, row),
            None => self.rows.remove(&key),
        };
    }

    pub fn has_open_transactions(&self) -> bool {
        !self.open.is_empty()
    }

    fn writes(&mut self, id: TransactionId) -> &mut Writes {
        self.open.get_mut(&id).expect("the transaction is open")
    }

    fn others(&self, id: TransactionId) -> impl Iterator<Item = &Writes> {
        self.open.iter().filter(move |(other, _)| **other != id).map(|(_, writes)| writes)
    }
}
