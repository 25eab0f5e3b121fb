//! A table's shape, as far as the writers must know it.
//!
//! Keys are functions of *slots*: whole numbers that the writers share out among each other, so that
//! no two of them ever want the same key. A slot may have several spellings that the key's
//! collation takes for equal.

use super::values::Make;

/// Spells a slot as the literals of the key's columns. Different slots are different keys; spellings
/// of one slot are equal to the key's collation.
pub type Spell = Box<dyn Fn(u64, usize) -> Vec<String> + Send + Sync>;

/// Spells the value `number` of a writer's own name space in a unique column. The literals of one
/// writer must be neighbours in the index, `number` 0 their first one.
pub type SpellUnique = fn(writer: usize, number: u64) -> String;

/// The key that names a row.
pub struct Key {
    pub columns: Vec<String>,
    pub spell: Spell,
    /// Spellings of each slot.
    pub spellings: usize,
    /// The server assigns it: slots are its very numbers, and plain inserts leave it out.
    pub assigned: bool,
    /// Rows lie in this key's order, so writers may update ranges of it without waiting for each
    /// other's rows.
    pub clustered: bool,
}

/// A nullable column with a unique index of its own.
pub struct Unique {
    pub column: String,
    pub spell: SpellUnique,
}

/// What changes for the application at the moment of the swap. It recognizes the new shape by a
/// column that only the new shape has.
#[derive(Default)]
pub struct Era {
    pub marker: Option<String>,
    /// Columns with another name in the new shape: old, new.
    pub renamed: Vec<(String, String)>,
    /// Columns that the application does not write in the new shape.
    pub retired: Vec<String>,
}

/// All of it.
pub struct Shape {
    pub key: Key,
    pub values: Vec<(String, Make)>,
    pub uniques: Vec<Unique>,
    pub era: Era,
}

/// In unique text columns: `w03-0000007`.
pub fn unique_text(writer: usize, number: u64) -> String {
    format!("'w{writer:02}-{number:07}'")
}

/// In unique number columns.
pub fn unique_number(writer: usize, number: u64) -> String {
    (writer as u64 * 10_000_000 + number).to_string()
}

impl Era {
    /// A column's name in the old or new shape; `None` if it is not written there.
    pub fn name<'a>(&'a self, column: &'a str, new: bool) -> Option<&'a str> {
        if !new {
            return Some(column);
        }
        if self.retired.iter().any(|retired| retired == column) {
            return None;
        }
        let renamed = self.renamed.iter().find(|(old, _)| old == column);
        Some(renamed.map_or(column, |(_, new)| new))
    }
}
