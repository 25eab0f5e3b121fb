//! What a writer says, apart from the table's and columns' names: it is said twice, to the table and
//! to its twin.

use super::shape::{Era, Key};

/// Literals of a key's columns.
pub type KeyLiterals = Vec<String>;

/// Columns with the literals they get.
pub type Assignments = Vec<(String, String)>;

/// One statement.
pub enum Statement {
    Insert(Vec<Assignments>),
    /// `INSERT … ON DUPLICATE KEY UPDATE` of all that is not the key.
    Upsert(Assignments),
    Replace(Assignments),
    Update {
        keys: Vec<KeyLiterals>,
        set: Assignments,
    },
    /// The rows of one writer in a range of keys.
    UpdateRange {
        from: KeyLiterals,
        to: KeyLiterals,
        writer: usize,
        set: Assignments,
    },
    /// In one statement, each row takes the value of the next one, the last row a free one: the
    /// order of work makes it legal.
    Shift {
        column: String,
        rows: Vec<(KeyLiterals, String)>,
    },
    Delete(Vec<KeyLiterals>),
}

impl Statement {
    /// As SQL on `table` in its old or new shape.
    pub fn sql(&self, table: &str, key: &Key, era: &Era, new: bool) -> String {
        let words = Words { key, era, new };
        match self {
            Self::Insert(rows) => words.insert("INSERT", table, rows),
            Self::Replace(row) => words.insert("REPLACE", table, std::slice::from_ref(row)),
            Self::Upsert(row) => {
                let insert = words.insert("INSERT", table, std::slice::from_ref(row));
                let rest: Assignments =
                    row.iter().filter(|(name, _)| !key.columns.contains(name)).cloned().collect();
                format!("{insert} ON DUPLICATE KEY UPDATE {}", words.set(&rest))
            }
            Self::Update { keys, set } => {
                format!("UPDATE {table} SET {} WHERE {}", words.set(set), words.one_of(keys))
            }
            Self::UpdateRange { from, to, writer, set } => {
                let column = words.key_columns().remove(0);
                format!(
                    "UPDATE {table} SET {} WHERE {column} BETWEEN {} AND {} AND w = {writer}",
                    words.set(set),
                    from[0],
                    to[0]
                )
            }
            Self::Shift { column, rows } => {
                let keys: Vec<KeyLiterals> = rows.iter().map(|(key, _)| key.clone()).collect();
                let column = words.name(column).expect("unique columns are not retired");
                let cases: Vec<String> = rows
                    .iter()
                    .map(|(key, value)| {
                        format!("WHEN {} THEN {value}", words.one_of(std::slice::from_ref(key)))
                    })
                    .collect();
                format!(
                    "UPDATE {table} SET {column} = CASE {} END WHERE {} ORDER BY {column} DESC",
                    cases.join(" "),
                    words.one_of(&keys)
                )
            }
            Self::Delete(keys) => format!("DELETE FROM {table} WHERE {}", words.one_of(keys)),
        }
    }

    /// Whether the number of affected rows depends on nothing but the rows that are there.
    pub fn counts_rows(&self) -> bool {
        !matches!(self, Self::Upsert(_) | Self::Replace(_))
    }
}

struct Words<'a> {
    key: &'a Key,
    era: &'a Era,
    new: bool,
}

impl Words<'_> {
    fn name(&self, column: &str) -> Option<String> {
        self.era.name(column, self.new).map(|name| format!("`{name}`"))
    }

    fn key_columns(&self) -> Vec<String> {
        self.key.columns.iter().filter_map(|column| self.name(column)).collect()
    }

    fn set(&self, set: &Assignments) -> String {
        let set: Vec<String> = set
            .iter()
            .filter_map(|(column, value)| Some(format!("{} = {value}", self.name(column)?)))
            .collect();
        // All of them may be retired: then something true must still be said.
        if set.is_empty() { "w = w".to_owned() } else { set.join(", ") }
    }

    fn one_of(&self, keys: &[KeyLiterals]) -> String {
        let columns = self.key_columns();
        if let ([column], [key]) = (columns.as_slice(), keys) {
            return format!("{column} = {}", key[0]);
        }
        let tuple = |values: &[String]| {
            if values.len() == 1 { values[0].clone() } else { format!("({})", values.join(", ")) }
        };
        let list: Vec<String> = keys.iter().map(|key| tuple(key)).collect();
        format!("{} IN ({})", tuple(&columns), list.join(", "))
    }

    fn insert(&self, verb: &str, table: &str, rows: &[Assignments]) -> String {
        let names: Vec<String> =
            rows[0].iter().filter_map(|(column, _)| self.name(column)).collect();
        let tuples: Vec<String> = rows
            .iter()
            .map(|row| {
                let values: Vec<&str> = row
                    .iter()
                    .filter(|(column, _)| self.name(column).is_some())
                    .map(|(_, value)| value.as_str())
                    .collect();
                format!("({})", values.join(", "))
            })
            .collect();
        format!("{verb} INTO {table} ({}) VALUES {}", names.join(", "), tuples.join(", "))
    }
}
