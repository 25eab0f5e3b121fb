//! Names of tables: the user's, and those of our helpers.

use std::fmt;

/// The server's limit for an identifier, in characters.
const MAX_CHARS: usize = 64;

/// How the COMMENT of every helper table begins: what bears it is ours to drop.
pub const MARK: &str = "zosc ";

/// An identifier quoted for SQL: backticks, inner backticks doubled.
pub fn quote(identifier: &str) -> String {
    format!("`{}`", identifier.replace('`', "``"))
}

/// A table, always with its schema. Displays as quoted SQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct TableName {
    /// The schema (database), unquoted.
    pub schema: String,
    /// The table, unquoted.
    pub table: String,
}

impl TableName {
    /// A table from unquoted parts.
    pub fn new(schema: impl Into<String>, table: impl Into<String>) -> Self {
        Self { schema: schema.into(), table: table.into() }
    }

    /// `schema.table` without quotes, for people and events.
    pub fn plain(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// The name of our helper table for this table.
    ///
    /// It always sorts after the original, because metadata locks are taken in name order
    /// and the swap depends on the original coming first.
    #[must_use]
    pub fn helper(&self, helper: Helper) -> Self {
        let suffix = helper.suffix();
        let fits = self.table.chars().count() + suffix.len() <= MAX_CHARS;
        let table = if fits { format!("{}{suffix}", self.table) } else { self.hashed(suffix) };
        Self { schema: self.schema.clone(), table }
    }

    /// A name that keeps as much of the original as fits, then a character that sorts after
    /// every other one (`~` is above all letters, digits and `_`), then a hash of the whole.
    fn hashed(&self, suffix: &str) -> String {
        let tail = format!("~{:08x}{suffix}", stable_hash(&self.table) >> 32);
        let room = MAX_CHARS - tail.len();
        let mut table: String = self.table.chars().take(room).collect();
        table.push_str(&tail);
        table
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quote(&self.schema), quote(&self.table))
    }
}

/// The tables that zosc makes beside the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Helper {
    /// The new shape being filled.
    Shadow,
    /// The original after the swap.
    Kept,
    /// The empty clone on which a statement is rehearsed while planning.
    Rehearsal,
}

impl Helper {
    /// All helpers, for clean-up and for the check that their names are free.
    pub const ALL: [Self; 3] = [Self::Shadow, Self::Kept, Self::Rehearsal];

    fn suffix(self) -> &'static str {
        match self {
            Self::Shadow => "__zosc_shadow",
            Self::Kept => "__zosc_kept",
            Self::Rehearsal => "__zosc_plan",
        }
    }
}

/// FNV-1a, 64 bits: the same in every build, as names that outlive a process must be (not for
/// security).
pub fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(TableName::new("d`b", "ta``ble").to_string(), "`d``b`.`ta````ble`");
    }

    #[test]
    fn helpers_sort_after_the_original_and_fit() {
        for table in ["t", "orders", &"x".repeat(52), &"y".repeat(64), &"é".repeat(64)] {
            let original = TableName::new("db", table);
            for helper in Helper::ALL {
                let name = original.helper(helper).table;
                assert!(name.chars().count() <= MAX_CHARS, "{name}");
                assert!(name.as_str() > table || !table.is_ascii(), "{name} sorts before {table}");
            }
        }
    }

    #[test]
    fn long_names_that_share_a_prefix_differ() {
        let one = TableName::new("db", format!("{}aaaa", "x".repeat(60)));
        let two = TableName::new("db", format!("{}bbbb", "x".repeat(60)));
        assert_ne!(one.helper(Helper::Shadow), two.helper(Helper::Shadow));
    }
}
