//! A table as the server describes it.

use super::{Column, TableName, Trigger};

/// One column of an index.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct IndexColumn {
    /// The column's name; `None` for a functional key part.
    pub column: Option<String>,
    /// Set when only a prefix is indexed: its length in characters or bytes.
    pub prefix: Option<u64>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Index {
    /// Its name; `PRIMARY` for the primary key.
    pub name: String,
    /// Whether it is unique.
    pub unique: bool,
    /// Whether the optimizer may use it (`FORCE INDEX` on an invisible index is an error).
    pub visible: bool,
    /// `BTREE`, `FULLTEXT`, `SPATIAL`, `HASH`.
    pub index_type: String,
    /// Its columns in order.
    pub columns: Vec<IndexColumn>,
}

/// A foreign key, seen from either side.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: String,
    /// The table that has the constraint.
    pub child: TableName,
    /// The table that it refers to.
    pub parent: TableName,
}

/// A CHECK constraint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Its name.
    pub name: String,
}

/// What the server says of a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// The storage engine, such as `InnoDB`.
    pub engine: String,
    /// Whether it is partitioned.
    pub partitioned: bool,
    /// The table's comment.
    pub comment: String,
    /// All columns in table order, invisible ones included.
    pub columns: Vec<Column>,
    /// All indexes, the primary key first if there is one.
    pub indexes: Vec<Index>,
    /// Foreign keys of this table.
    pub foreign_keys: Vec<ForeignKey>,
    /// Foreign keys of other tables (or of itself) that refer to this one.
    pub referenced_by: Vec<ForeignKey>,
    /// Triggers on this table.
    pub triggers: Vec<Trigger>,
    /// CHECK constraints of this table.
    pub checks: Vec<Check>,
    /// `SHOW CREATE TABLE` without the `AUTO_INCREMENT=` option: the fingerprint of its shape.
    pub definition: String,
    /// Rows as statistics guess them. For progress only, never for correctness.
    pub rows_estimate: u64,
    /// Data and index bytes as statistics guess them.
    pub bytes_estimate: u64,
}

impl Table {
    /// The column of that name. Column names are compared without case, as the server does.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| same_name(&column.name, name))
    }

    /// The index of that name.
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| same_name(&index.name, name))
    }
}

/// Column and index names are equal without regard to case on every server.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}
