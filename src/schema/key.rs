//! The key that names a row: how its values are read, kept, compared and written as SQL.
//!
//! A [`Key`] is made in two places, from the binary log's bytes and from what the server returns for
//! [`KeyColumn::select`]; both must give the same parts for the same row (property-tested on a
//! real server).

use super::{TableName, hex, quote};
use crate::error::Result;

/// One column's value in a key. Never NULL.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum KeyPart {
    /// Signed integers.
    Int(i64),
    /// Unsigned integers, `YEAR`, `BIT`, and the index of an `ENUM`.
    UInt(u64),
    /// Bytes of a string in the column's own character set, of a binary string (padded to its length
    /// for `BINARY(n)`), or the ASCII digits of a decimal or temporal value as the server prints it.
    Bytes(Box<[u8]>),
}

/// The values of a key's columns, in the key's order.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Key(pub Box<[KeyPart]>);

/// How a key column's values are spelled.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum PartType {
    /// An integer; `bytes` wide (1, 2, 3, 4, 8).
    Integer {
        /// Whether it is unsigned.
        unsigned: bool,
        /// Its width in the row image.
        bytes: u8,
    },
    /// `YEAR`.
    Year,
    /// `BIT(n)`.
    Bit,
    /// `ENUM`, by its index.
    Enum,
    /// `DECIMAL(precision, scale)`.
    Decimal {
        /// All digits.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `DATE`.
    Date,
    /// `TIME(fsp)`.
    Time {
        /// Fractional digits.
        fsp: u8,
    },
    /// `DATETIME(fsp)`.
    DateTime {
        /// Fractional digits.
        fsp: u8,
    },
    /// `TIMESTAMP(fsp)`, always in UTC: every session of ours sets `time_zone = '+00:00'`.
    Timestamp {
        /// Fractional digits.
        fsp: u8,
    },
    /// `CHAR`, `VARCHAR`.
    Text {
        /// The column's character set.
        charset: String,
        /// The column's collation: it owns equality and order.
        collation: String,
    },
    /// `VARBINARY`.
    VarBinary,
    /// `BINARY(n)`: the log strips trailing zero bytes, so they are put back.
    Binary {
        /// The full length in bytes.
        length: usize,
    },
}

/// A column of the key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeyColumn {
    /// Its name in the original.
    pub name: String,
    /// Its name in the shadow.
    pub shadow_name: String,
    /// Its position in the original's row image, from 0.
    pub position: usize,
    /// How its values are spelled.
    pub part: PartType,
}

/// The key of a migration: the PRIMARY KEY or a UNIQUE key over NOT NULL whole columns, present in
/// both tables.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KeyShape {
    /// The index's name in the original, for `FORCE INDEX`.
    pub index: String,
    /// The index's name in the shadow.
    pub shadow_index: String,
    /// Its columns in index order; never empty.
    pub columns: Vec<KeyColumn>,
}

/// Which of the two tables SQL speaks of: a renamed key column has another name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The original.
    Original,
    /// The shadow.
    Shadow,
}

impl KeyShape {
    /// Whether the client may compare keys itself: true for integers only. For all others the
    /// order belongs to the server.
    pub fn ordered_by_client(&self) -> bool {
        self.columns.iter().all(|column| matches!(column.part, PartType::Integer { .. }))
    }

    /// Whether two keys are the same row exactly when their parts are equal: false for text, where
    /// the collation decides.
    pub fn equal_by_bytes(&self) -> bool {
        !self.columns.iter().any(|column| matches!(column.part, PartType::Text { .. }))
    }

    /// The columns on one side, quoted, separated by commas.
    pub fn columns_on(&self, side: Side) -> String {
        join(self.columns.iter().map(|column| quote(column.name_on(side))))
    }

    /// The select list that [`Self::parse`] reads, over the original. `qualifier` is its quoted
    /// name in the statement, if the statement has several tables.
    pub fn select(&self, qualifier: Option<&str>) -> String {
        join(self.columns.iter().map(|column| {
            let name = quote(&column.name);
            column.select(&qualifier.map_or(name.clone(), |table| format!("{table}.{name}")))
        }))
    }

    /// Reads one row of [`Self::select`].
    pub fn parse(&self, returned: &[Vec<u8>]) -> Result<Key> {
        let parts = self.columns.iter().zip(returned).map(|(column, value)| column.parse(value));
        Ok(Key(parts.collect::<Result<_>>()?))
    }

    /// `key IN (…)` on one side. An empty list is a predicate that is never true.
    pub fn is_one_of<'k>(&self, side: Side, keys: impl IntoIterator<Item = &'k Key>) -> String {
        self.list(side, None, keys)
    }

    /// The same with the table's name before each column, for statements with several tables.
    pub fn is_one_of_in<'k>(
        &self,
        side: Side,
        table: &TableName,
        keys: impl IntoIterator<Item = &'k Key>,
    ) -> String {
        self.list(side, Some(table), keys)
    }

    /// The key as a row of literals that carry their collation, for comparing literals.
    pub fn collated_tuple(&self, key: &Key) -> String {
        self.tuple(key, KeyColumn::collated_literal)
    }

    /// The rows with `after < key <= upto` on one side; an open end has no bound.
    ///
    /// Composite bounds are spelled `a > x OR (a = x AND b > y)` with a redundant bound on the
    /// first column, the form for which both servers use a range scan.
    pub fn range(&self, side: Side, after: Option<&Key>, upto: Option<&Key>) -> String {
        self.between(side, None, after, upto)
    }

    /// The same with the table's name before each column, for statements with several tables.
    pub fn range_in(
        &self,
        side: Side,
        table: &TableName,
        after: Option<&Key>,
        upto: Option<&Key>,
    ) -> String {
        self.between(side, Some(table), after, upto)
    }

    /// For people: `id=7` or `a=1, b='x'`, cut so that it never floods a message.
    pub fn describe(&self, key: &Key) -> String {
        let parts = self.columns.iter().zip(&key.0).map(|(column, part)| {
            let value = match (part, &column.part) {
                (KeyPart::Bytes(bytes), PartType::VarBinary | PartType::Binary { .. }) => {
                    format!("X'{}'", hex(bytes))
                }
                (KeyPart::Bytes(bytes), _) => format!("'{}'", String::from_utf8_lossy(bytes)),
                (KeyPart::Int(value), _) => value.to_string(),
                (KeyPart::UInt(value), _) => value.to_string(),
            };
            format!("{}={}", column.name, value.chars().take(80).collect::<String>())
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    fn tuple(&self, key: &Key, literal: impl Fn(&KeyColumn, &KeyPart) -> String) -> String {
        let parts =
            join(self.columns.iter().zip(&key.0).map(|(column, part)| literal(column, part)));
        parenthesized(parts, self.columns.len())
    }

    /// MySQL compares an ENUM inside a row with `IN` as text, so its number never matches there;
    /// alone, and by `=`, it compares as a number.
    fn rows_of_literals_mislead(&self) -> bool {
        self.columns.len() > 1 && self.columns.iter().any(|it| it.part == PartType::Enum)
    }

    fn list<'k>(
        &self,
        side: Side,
        table: Option<&TableName>,
        keys: impl IntoIterator<Item = &'k Key>,
    ) -> String {
        if self.rows_of_literals_mislead() {
            let names: Vec<String> =
                self.columns.iter().map(|column| column.quoted(side, table)).collect();
            let rows = keys.into_iter().map(|key| {
                let parts = self.columns.iter().zip(&names).zip(&key.0);
                let equal = parts
                    .map(|((column, name), part)| format!("{name} = {}", column.literal(part)));
                format!("({})", equal.collect::<Vec<_>>().join(" AND "))
            });
            let any = rows.collect::<Vec<_>>().join(" OR ");
            return if any.is_empty() { "FALSE".to_owned() } else { format!("({any})") };
        }
        let list = join(keys.into_iter().map(|key| self.tuple(key, KeyColumn::literal)));
        if list.is_empty() {
            return "FALSE".to_owned();
        }
        let columns = join(self.columns.iter().map(|column| column.quoted(side, table)));
        format!("{} IN ({list})", parenthesized(columns, self.columns.len()))
    }

    fn between(
        &self,
        side: Side,
        table: Option<&TableName>,
        after: Option<&Key>,
        upto: Option<&Key>,
    ) -> String {
        let bounds = [
            after.map(|key| self.bound(side, table, key, ">", false)),
            upto.map(|key| self.bound(side, table, key, "<", true)),
        ];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        if bounds.is_empty() { "TRUE".to_owned() } else { bounds.join(" AND ") }
    }

    fn bound(
        &self,
        side: Side,
        table: Option<&TableName>,
        key: &Key,
        strictly: &str,
        inclusive: bool,
    ) -> String {
        let terms: Vec<(String, String)> = self
            .columns
            .iter()
            .zip(&key.0)
            .map(|(column, part)| (column.quoted(side, table), column.literal(part)))
            .collect();
        let last = terms.len() - 1;
        let mut spelled = String::new();
        for (index, (name, literal)) in terms.iter().enumerate().rev() {
            let operator = if index == last && inclusive { "<=" } else { strictly };
            spelled = if index == last {
                format!("{name} {operator} {literal}")
            } else {
                format!("({name} {strictly} {literal} OR ({name} = {literal} AND {spelled}))")
            };
        }
        if last > 0 {
            let (name, literal) = &terms[0];
            spelled = format!("{name} {strictly}= {literal} AND {spelled}");
        }
        spelled
    }
}

/// The statement's text for a table of ours: `FORCE INDEX` keeps the optimizer on the key.
pub fn forced(table: &TableName, index: &str) -> String {
    format!("{table} FORCE INDEX ({})", quote(index))
}

fn parenthesized(list: String, columns: usize) -> String {
    if columns == 1 { list } else { format!("({list})") }
}

fn join(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
