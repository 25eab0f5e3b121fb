//! A trigger as the server describes it, and the SQL that makes one like it.

use super::{TableName, quote};
use crate::mysql::text;

/// A trigger on a table. Two are equal when they do the same in the same way: also under the same
/// name, since the same moment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Trigger {
    /// Its name, unquoted; it is of the table's schema.
    pub name: String,
    /// `BEFORE` or `AFTER`.
    pub timing: String,
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub event: String,
    /// Its place among those of the same timing and event, from 1.
    pub order: u64,
    /// What it does, in UTF-8 whatever it was written in.
    pub body: String,
    /// The account whose rights it has, `user@host`.
    pub definer: String,
    /// The `sql_mode` that it was made under.
    pub sql_mode: String,
    /// The character set that it was written in.
    pub charset: String,
    /// The collation of its literals.
    pub collation: String,
    /// The schema's collation when it was made: that of its variables.
    pub schema_collation: String,
    /// When it was made, as the server says it; empty if it does not.
    pub created: String,
}

impl Trigger {
    /// The statement that makes a trigger on another table which does the same, under another name.
    /// The session must have been told [`Trigger::settings`] for UTF-8.
    pub fn create_on(&self, table: &TableName, name: &str) -> String {
        let Self { timing, event, body, .. } = self;
        let name = TableName::new(&table.schema, name);
        let definer = match self.definer.rsplit_once('@') {
            Some((user, host)) if !host.is_empty() => format!("{}@{}", quote(user), quote(host)),
            // A role.
            _ => quote(self.definer.trim_end_matches('@')),
        };
        format!(
            "CREATE DEFINER={definer} TRIGGER {name} {timing} {event} ON {table} FOR EACH ROW {body}"
        )
    }

    /// The statement that prepares a session for making the trigger, with its text in `charset`.
    pub fn settings(&self, charset: &str) -> String {
        format!(
            "SET SESSION sql_mode = {}, character_set_client = {charset}, \
             collation_connection = {}",
            text(&self.sql_mode),
            self.collation
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(definer: &str) -> Trigger {
        Trigger {
            name: "one".to_owned(),
            timing: "AFTER".to_owned(),
            event: "INSERT".to_owned(),
            order: 1,
            body: "SET @a = 1".to_owned(),
            definer: definer.to_owned(),
            sql_mode: String::new(),
            charset: "latin1".to_owned(),
            collation: "latin1_bin".to_owned(),
            schema_collation: "utf8mb4_bin".to_owned(),
            created: String::new(),
        }
    }

    #[test]
    fn another_like_it() {
        let table = TableName::new("s", "t");
        assert_eq!(
            by("a@b@%").create_on(&table, "x"),
            "CREATE DEFINER=`a@b`@`%` TRIGGER `s`.`x` AFTER INSERT ON `s`.`t` FOR EACH ROW SET @a = 1"
        );
        assert!(by("role").create_on(&table, "x").starts_with("CREATE DEFINER=`role` TRIGGER"));
    }
}
