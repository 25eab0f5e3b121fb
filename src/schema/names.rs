//! Names of tables: the user's, and those of our helpers.

use std::fmt;

use crate::error::{Error, Result};

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

    /// A table as a statement names it: `default_schema` is meant where it names none. Parts are
    /// unquoted.
    #[doc(hidden)]
    pub fn said(
        schema: Option<String>,
        table: String,
        default_schema: Option<&str>,
    ) -> Result<Self> {
        let schema = schema.or_else(|| default_schema.map(str::to_owned));
        let schema = schema.ok_or_else(|| {
            Error::usage("no_schema", format!("table `{table}` is named without its schema")).hint(
                format!("write `schema.{table}`, or give `--database` or a URL with a schema"),
            )
        })?;
        Ok(Self { schema, table })
    }

    /// `schema.table` without quotes, for people and events.
    pub fn plain(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// The name of our helper table for this table.
    ///
    /// It always sorts after the original, because metadata locks are taken in name order
    /// and the swap depends on the original coming first.
    #[doc(hidden)]
    #[must_use]
    pub fn helper(&self, helper: Helper) -> Self {
        self.suffixed(helper.suffix())
    }

    /// The name of our trigger of this kind on this table, in the table's schema.
    #[doc(hidden)]
    #[must_use]
    pub fn trigger(&self, firing: Firing) -> Self {
        self.suffixed(firing.suffix())
    }

    fn suffixed(&self, suffix: &str) -> Self {
        let fits = self.table.chars().count() + suffix.len() <= MAX_CHARS;
        let table = if fits { format!("{}{suffix}", self.table) } else { self.hashed(suffix) };
        Self { schema: self.schema.clone(), table }
    }

    /// The name of the trigger that stands in for the table's trigger of that number during a run.
    #[doc(hidden)]
    pub fn stand_in(&self, run: u64, number: usize) -> String {
        format!("{}{number}", self.stand_ins(run))
    }

    /// How the names of all such triggers of a run begin.
    #[doc(hidden)]
    pub fn stand_ins(&self, run: impl std::fmt::Display) -> String {
        format!("zosc_{:016x}_{run}_", stable_hash(&self.plain()))
    }

    /// Whether the server locks this table before all of `others` when it locks them together: it
    /// takes them in the order of their names' bytes, on some servers in lower case.
    #[doc(hidden)]
    pub fn is_locked_before(&self, others: &[&Self]) -> bool {
        let folded = |name: &Self| (name.schema.to_lowercase(), name.table.to_lowercase());
        others.iter().all(|other| self < *other && folded(self) < folded(other))
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
    /// The keys that a trigger has written down. Each has a log of its own: `MariaDB` fails triggers
    /// that share one while the application holds `LOCK TABLES`.
    Log(Firing),
    /// The empty clone on which a statement is rehearsed while planning.
    Rehearsal,
}

impl Helper {
    /// All helpers, for clean-up and for the check that their names are free.
    pub const ALL: [Self; 6] = [
        Self::Shadow,
        Self::Kept,
        Self::Log(Firing::Delete),
        Self::Log(Firing::Update),
        Self::Log(Firing::Insert),
        Self::Rehearsal,
    ];

    fn suffix(self) -> &'static str {
        match self {
            Self::Shadow => "__zosc_shadow",
            Self::Kept => "__zosc_kept",
            Self::Log(Firing::Delete) => "__zosc_log_del",
            Self::Log(Firing::Update) => "__zosc_log_upd",
            Self::Log(Firing::Insert) => "__zosc_log_ins",
            Self::Rehearsal => "__zosc_plan",
        }
    }
}

/// What fires a trigger of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Firing {
    /// A row is deleted.
    Delete,
    /// A row is updated.
    Update,
    /// A row is inserted.
    Insert,
}

impl Firing {
    /// All of them, in the order in which the triggers must be made: were the one for INSERT there
    /// before the one for DELETE, a row might be seen coming and not going.
    pub const ALL: [Self; 3] = [Self::Delete, Self::Update, Self::Insert];

    /// The event's word in SQL.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Update => "UPDATE",
            Self::Insert => "INSERT",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Delete => "__zosc_del",
            Self::Update => "__zosc_upd",
            Self::Insert => "__zosc_ins",
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
                let in_order = original.is_locked_before(&[&original.helper(helper)]);
                assert!(in_order || !table.is_ascii(), "{name} is locked before {table}");
            }
            for firing in Firing::ALL {
                assert!(original.trigger(firing).table.chars().count() <= MAX_CHARS);
            }
        }
    }

    #[test]
    fn letters_above_the_tilde_may_come_after_their_helper() {
        let original = TableName::new("db", "é".repeat(64));
        assert!(!original.is_locked_before(&[&original.helper(Helper::Kept)]));
    }

    #[test]
    fn long_names_that_share_a_prefix_differ() {
        let one = TableName::new("db", format!("{}aaaa", "x".repeat(60)));
        let two = TableName::new("db", format!("{}bbbb", "x".repeat(60)));
        assert_ne!(one.helper(Helper::Shadow), two.helper(Helper::Shadow));
    }
}
