//! The tables of the transaction being read: which of them is the original, which the fence.

use std::collections::HashMap;
use std::sync::Arc;

use super::image::Layout;
use super::rows::KeyReader;
use super::shape;
use super::statement::Names;
use super::table_map::TableMap;
use crate::capture::Watched;
use crate::error::Result;

/// What a table is to us.
#[derive(Debug, Clone)]
pub(super) enum Role {
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

    /// The table of a rows event, if the transaction has named it.
    pub(super) fn role(&self, id: u64) -> Option<&Role> {
        self.roles.get(&id)
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
