//! The two tables of a migration and how rows go from one to the other.

use super::{Key, Mapping, TableName};

/// Original, shadow, and the mapping between them.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The table being changed.
    pub original: TableName,
    /// The new shape being filled.
    pub shadow: TableName,
    /// Key and columns.
    pub mapping: Mapping,
}

impl Pair {
    /// The statement that carries the rows of the original for which `predicate` holds.
    pub fn carry(&self, predicate: &str) -> String {
        self.mapping.carry(&self.original, &self.shadow, predicate)
    }

    /// The statement that removes the shadow's rows of these keys.
    pub fn remove(&self, keys: &[Key]) -> String {
        self.mapping.remove(&self.shadow, keys)
    }
}
