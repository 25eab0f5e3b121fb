//! How rows of the original become rows of the shadow: one statement, used by copy and refresh alike.

use super::{Column, Key, KeyShape, Side, TableName, forced, quote};

/// A column that is carried over: written by us in the shadow, read from the original.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ColumnPair {
    /// Where the value comes from.
    pub original: Column,
    /// Where it goes to; never generated there.
    pub shadow: Column,
}

/// A column that only the shadow has, and that neither allows NULL nor has a default: a plain ALTER
/// gives it the zero of its type, and so do we.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fill {
    /// The column's name, unquoted.
    pub column: String,
    /// A constant expression.
    pub expression: String,
}

/// Key and columns of a migration. Other columns that only the shadow has take their defaults,
/// generated columns of the shadow compute themselves; neither is listed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mapping {
    /// The key that names a row on both sides.
    pub key: KeyShape,
    /// The columns that are carried over, in the shadow's order.
    pub columns: Vec<ColumnPair>,
    /// New columns that get a constant.
    pub fills: Vec<Fill>,
}

impl Mapping {
    /// `INSERT INTO shadow (…) SELECT … FROM original WHERE …`: plain, so that a value that does not
    /// fit is an error and never a warning; the server converts, by its own rules.
    pub fn carry(&self, original: &TableName, shadow: &TableName, predicate: &str) -> String {
        let carried =
            self.columns.iter().map(|pair| (quote(&pair.shadow.name), quote(&pair.original.name)));
        let filled = self.fills.iter().map(|fill| (quote(&fill.column), fill.expression.clone()));
        let (columns, values): (Vec<String>, Vec<String>) = carried.chain(filled).unzip();
        format!(
            "INSERT INTO {shadow} ({}) SELECT {} FROM {} WHERE {predicate}",
            columns.join(", "),
            values.join(", "),
            forced(original, &self.key.index),
        )
    }

    /// `DELETE FROM shadow` for the given keys.
    pub fn remove(&self, shadow: &TableName, keys: &[Key]) -> String {
        format!("DELETE FROM {shadow} WHERE {}", self.key.is_one_of(Side::Shadow, keys))
    }
}
