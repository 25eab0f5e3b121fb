//! The tables of the transaction being read: which of them is the original, which the fence.

use std::collections::HashMap;
use std::sync::Arc;

use super::cursor::{corrupt, little_endian};
use super::image::Layout;
use super::kind::Change;
use super::rows::{self, KeyReader, Rows};
use super::shape;
use super::statement::Names;
use super::table_map::TableMap;
use crate::capture::{Token, Watched};
use crate::error::Result;
use crate::schema::Key;

/// A table id that stands for no table: the event only ends a statement.
const NO_TABLE: u64 = 0x00FF_FFFF;

/// What a transaction's rows say.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The keys that it changed.
    pub(super) keys: Vec<Key>,
    /// The fences that it wrote.
    pub(super) fences: Vec<Token>,
}

/// What a table is to us.
#[derive(Debug, Clone)]
enum Role {
    /// The table whose keys are delivered.
    Original(Arc<(Layout, KeyReader)>),
    /// The journal's fence table.
    Fence(Arc<Layout>),
    /// Any other: its rows are passed over.
    Other,
}

/// Table ids and what they stand for; valid until the transaction ends.
#[derive(Debug)]
pub(super) struct Tables {
    watched: Watched,
    roles: HashMap<u64, Role>,
    /// The original's columns as they were last described and found to be as planned.
    original: Option<Described<(Layout, KeyReader)>>,
    fence: Option<Described<Layout>>,
}

/// A description and what was made of it, so that it is read only once.
#[derive(Debug)]
struct Described<T> {
    columns: Box<[u8]>,
    read: Arc<T>,
}

impl Seen {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.fences.is_empty()
    }
}

impl Tables {
    pub(super) fn new(watched: Watched) -> Self {
        Self { watched, roles: HashMap::new(), original: None, fence: None }
    }

    /// Takes in a table map.
    pub(super) fn map(&mut self, data: &[u8], names: &Names) -> Result<()> {
        let map = TableMap::parse(data)?;
        let is = |table: &crate::schema::TableName| {
            let same = |name: &[u8], known| {
                std::str::from_utf8(name).is_ok_and(|name| names.same(name, known))
            };
            same(map.schema, &table.schema) && same(map.table, &table.table)
        };
        let role = if is(&self.watched.original.name) {
            let Watched { original, key, .. } = &self.watched;
            let read = || shape::original(&map, original, key);
            Role::Original(once(&mut self.original, map.columns, read)?)
        } else if is(&self.watched.fence) {
            Role::Fence(once(&mut self.fence, map.columns, || shape::fence(&map))?)
        } else {
            Role::Other
        };
        self.roles.insert(map.id, role);
        Ok(())
    }

    /// Takes in a rows event of a table that the transaction has named; adds what it says.
    pub(super) fn read(
        &self,
        change: Change,
        code: u8,
        data: &[u8],
        seen: &mut Seen,
    ) -> Result<()> {
        let id = rows::table_id(data)?;
        match self.roles.get(&id) {
            Some(Role::Other) => {}
            Some(Role::Original(reading)) => {
                let (layout, reader) = &**reading;
                let body = rows::body(change, code, data)?;
                let mut rows = Rows::parse(change, code, &body)?;
                rows.check(layout)?;
                while let Some(row) = rows.next(layout)? {
                    reader.read(row, &mut seen.keys)?;
                }
            }
            Some(Role::Fence(layout)) => {
                let body = rows::body(change, code, data)?;
                let mut rows = Rows::parse(change, code, &body)?;
                rows.check(layout)?;
                while let Some(row) = rows.next(layout)? {
                    let token = row.after.and_then(|after| *after.first()?);
                    seen.fences.extend(token.map(little_endian));
                }
            }
            None if id == NO_TABLE => {}
            None => return Err(corrupt("rows of a table that it does not name")),
        }
        Ok(())
    }

    /// The transaction ended.
    pub(super) fn forget(&mut self) {
        self.roles.clear();
    }
}

fn once<T>(
    known: &mut Option<Described<T>>,
    columns: &[u8],
    read: impl FnOnce() -> Result<T>,
) -> Result<Arc<T>> {
    if let Some(known) = known.as_ref().filter(|known| *known.columns == *columns) {
        return Ok(Arc::clone(&known.read));
    }
    let read = Arc::new(read()?);
    *known = Some(Described { columns: columns.into(), read: Arc::clone(&read) });
    Ok(read)
}
