//! What a writer says, apart from the table's and columns' names: it is said twice, to the table and
//! to its twin.

use super::shape::{Era, Key};

/// Literals of a key's columns.
pub type KeyLiterals = Vec<String>;

/// Columns with the literals they get.
pub type Assignments = Vec<(String, String)>;

/// A file of as many lines as rows are loaded at once: their numbers.
pub const LOADED: (&str, usize) =
    (concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/support/story/rows.txt"), 3);

/// One statement.
pub enum Statement {
    Insert(Vec<Assignments>),
    /// `LOAD DATA`: as many rows as the file has lines.
    Load(Vec<Assignments>),
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
    /// An update of several tables, of which only one is changed.
    UpdateJoined {
        keys: Vec<KeyLiterals>,
        set: Assignments,
    },
    /// The same for deletion.
    DeleteJoined(Vec<KeyLiterals>),
}

/// What the statements on several tables join.
const JOINED: &str = "(SELECT 1 AS one UNION ALL SELECT 2) AS joined";

impl Statement {
    /// As SQL on `table` in its old or new shape.
    pub fn sql(&self, table: &str, key: &Key, era: &Era, new: bool) -> String {
        let words = Words { key, era, new };
        match self {
            Self::Insert(rows) => words.insert("INSERT", table, rows),
            Self::Load(rows) => words.load(table, rows),
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
            Self::UpdateJoined { keys, set } => format!(
                "UPDATE {table} JOIN {JOINED} SET {} WHERE {} AND one = 1",
                words.set(set),
                words.one_of(keys)
            ),
            Self::DeleteJoined(keys) => format!(
                "DELETE {table} FROM {table} JOIN {JOINED} WHERE {} AND one = 1",
                words.one_of(keys)
            ),
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

    /// Spelled out: not every server finds rows in an index by a list of tuples.
    fn one_of(&self, keys: &[KeyLiterals]) -> String {
        let columns = self.key_columns();
        if let [column] = columns.as_slice() {
            let list: Vec<&str> = keys.iter().map(|key| key[0].as_str()).collect();
            return format!("{column} IN ({})", list.join(", "));
        }
        let each = |key: &KeyLiterals| {
            let equal: Vec<String> = columns
                .iter()
                .zip(key)
                .map(|(column, value)| format!("{column} = {value}"))
                .collect();
            format!("({})", equal.join(" AND "))
        };
        let any: Vec<String> = keys.iter().map(each).collect();
        format!("({})", any.join(" OR "))
    }

    fn load(&self, table: &str, rows: &[Assignments]) -> String {
        let set: Vec<String> = rows[0]
            .iter()
            .enumerate()
            .filter_map(|(index, (column, _))| Some((index, self.name(column)?)))
            .map(|(index, name)| {
                let values: Vec<&str> = rows.iter().map(|row| row[index].1.as_str()).collect();
                let cases: Vec<String> = values
                    .iter()
                    .enumerate()
                    .map(|(row, value)| format!("WHEN {} THEN {value}", row + 1))
                    .collect();
                format!("{name} = CASE @row {} END", cases.join(" "))
            })
            .collect();
        let (file, set) = (LOADED.0, set.join(", "));
        format!("LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table} (@row) SET {set}")
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
