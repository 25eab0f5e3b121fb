//! A model of the server: the original table, and a binary log that is ahead of what readers see.
//!
//! A commit has two moments. It is *logged*: capture may read its events. Later it is *visible*:
//! new snapshots contain it and its row locks are gone. Commits become visible in log order
//! (`binlog_order_commits`). Between the two lies the window in which a reader of the log knows of
//! a change that a reader of the table does not see.

use std::collections::BTreeMap;

use zosc::ledger::Tick;

pub type Key = i64;

/// Keys run from 0 to here, exclusive.
pub const KEYS: Key = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub value: u8,
    /// Nullable, and unique where it is not null.
    pub unique: Option<u8>,
}

pub type Rows = BTreeMap<Key, Row>;

/// What an application does inside a transaction.
#[derive(Debug, Clone)]
pub enum Statement {
    /// Insert the row, or update it if there is one.
    Put(Key, Row),
    Delete(Key),
    /// `UPDATE … SET key = …`: the old and the new key are both changed.
    Move(Key, Key),
    /// Two rows exchange their unique values.
    Swap(Key, Key),
    /// Insert and delete: nothing remains but two events in the log.
    Flash(Key),
}

#[derive(Debug)]
struct Commit {
    /// As the log's events name them: in order, and repeated if changed repeatedly.
    keys: Vec<Key>,
    after: Vec<(Key, Option<Row>)>,
}

/// A consistent read of the original.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub rows: Rows,
    /// The last commit that it contains.
    pub tick: Tick,
}

impl Snapshot {
    /// Whether both rows are there and hold one unique value. To be asked of one snapshot: with
    /// two reads the value may have wandered from one row to the other in between.
    pub fn violates(&self, one: Key, other: Key) -> bool {
        let unique = |key| self.rows.get(&key).and_then(|row: &Row| row.unique);
        one != other && unique(one).is_some() && unique(one) == unique(other)
    }
}

#[derive(Debug)]
pub struct Server {
    /// Commit number `n` is at `n - 1`.
    log: Vec<Commit>,
    /// With every logged commit: what a writer, who waits for row locks, works on.
    newest: Rows,
    /// With every visible commit.
    visible: Snapshot,
    /// Whether the original itself has the unique key, or only the shadow.
    has_unique_key: bool,
}

impl Server {
    pub fn new(has_unique_key: bool) -> Self {
        Self {
            log: Vec::new(),
            newest: Rows::new(),
            visible: Snapshot { rows: Rows::new(), tick: 0 },
            has_unique_key,
        }
    }

    /// Logs an application's transaction. One that meets a locked row, a duplicate or a missing
    /// row rolls back, of which nothing is ever seen.
    pub fn commit(&mut self, transaction: &[Statement]) {
        let mut rows = self.newest.clone();
        let mut keys = Vec::new();
        for statement in transaction {
            match execute(statement, &mut rows) {
                Some(changed) if !self.is_refused(&rows, &changed) => keys.extend(changed),
                _ => return,
            }
        }
        let after = keys.iter().map(|key| (*key, rows.get(key).copied())).collect();
        self.log.push(Commit { keys, after });
        self.newest = rows;
    }

    /// A row stays locked until its writer is visible. Unique values are not locked here, which
    /// allows more than a server does; every prefix of the log still obeys the unique key.
    fn is_refused(&self, rows: &Rows, changed: &[Key]) -> bool {
        let unseen = &self.log[index(self.visible.tick)..];
        let is_locked = unseen.iter().any(|commit| changed.iter().any(|k| commit.keys.contains(k)));
        is_locked || (self.has_unique_key && first_duplicate(rows).is_some())
    }

    /// Commits a row of our own. See [`Server::has_acknowledged`].
    pub fn fence(&mut self) -> Tick {
        self.log.push(Commit { keys: Vec::new(), after: Vec::new() });
        self.log_end()
    }

    /// Whether the commit's client has its OK. In log order, so all earlier commits are visible.
    pub fn has_acknowledged(&self, tick: Tick) -> bool {
        self.visible.tick >= tick
    }

    /// Makes the next logged commit visible.
    pub fn show(&mut self) {
        if let Some(commit) = self.log.get(index(self.visible.tick)) {
            for (key, row) in &commit.after {
                match row {
                    Some(row) => self.visible.rows.insert(*key, *row),
                    None => self.visible.rows.remove(key),
                };
            }
            self.visible.tick += 1;
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        self.visible.clone()
    }

    pub fn log_end(&self) -> Tick {
        self.log.len() as Tick
    }

    /// The keys of a commit's events, or `None` past the end of the log.
    pub fn events(&self, tick: Tick) -> Option<&[Key]> {
        self.log.get(index(tick - 1)).map(|commit| commit.keys.as_slice())
    }

    /// The last commit up to `upto` that changed the key; 0 is none.
    pub fn last_change(&self, key: Key, upto: Tick) -> Tick {
        (1..=upto)
            .rev()
            .find(|tick| self.events(*tick).is_some_and(|keys| keys.contains(&key)))
            .unwrap_or(0)
    }
}

/// Two keys that hold one unique value.
pub fn first_duplicate(rows: &Rows) -> Option<(Key, Key)> {
    let mut holders = BTreeMap::new();
    rows.iter().find_map(|(key, row)| Some((holders.insert(row.unique?, *key)?, *key)))
}

/// The keys that it changes, or `None` when it cannot be done.
fn execute(statement: &Statement, rows: &mut Rows) -> Option<Vec<Key>> {
    match *statement {
        Statement::Put(key, row) => {
            rows.insert(key, row);
            Some(vec![key])
        }
        Statement::Delete(key) => rows.remove(&key).map(|_| vec![key]),
        Statement::Move(from, to) if rows.contains_key(&to) || from == to => None,
        Statement::Move(from, to) => {
            let row = rows.remove(&from)?;
            rows.insert(to, row);
            Some(vec![from, to])
        }
        Statement::Swap(one, other) => {
            let (first, second) = (*rows.get(&one)?, *rows.get(&other)?);
            rows.insert(one, Row { unique: second.unique, ..first });
            rows.insert(other, Row { unique: first.unique, ..second });
            Some(vec![one, other])
        }
        Statement::Flash(key) if rows.contains_key(&key) => None,
        Statement::Flash(key) => Some(vec![key, key]),
    }
}

fn index(tick: Tick) -> usize {
    usize::try_from(tick).expect("a schedule is short")
}
