//! Which column of the original becomes which column of the target.
//!
//! Names decide, and the statement's own renames; both are checked against what the rehearsal made
//! of the table, from both sides, so that a clause that was misread can never move data silently.

use crate::error::{Error, Result};
use crate::schema::{Column, ColumnPair, Generated, Table, same_name};
use crate::sql::Clause;

/// The way of every column of the original: to a column of the target, or to nowhere.
#[derive(Debug)]
pub(super) struct Ways<'t> {
    original: &'t Table,
    target: &'t Table,
    /// For each column of the original its column in the target, by position.
    to: Vec<Option<usize>>,
}

impl<'t> Ways<'t> {
    /// Follows every column. A column that went or came without a clause that says so is refused,
    /// `columns_not_understood`.
    pub(super) fn follow(
        original: &'t Table,
        target: &'t Table,
        clauses: &[Clause],
    ) -> Result<Self> {
        let mut to = Vec::with_capacity(original.columns.len());
        for column in &original.columns {
            let way = match destination(&column.name, clauses) {
                None => None,
                Some(name) => {
                    let found = target.columns.iter().position(|new| same_name(&new.name, name));
                    Some(found.ok_or_else(|| lost(original, &column.name))?)
                }
            };
            if way.is_some() && to.contains(&way) {
                return Err(lost(original, &column.name));
            }
            to.push(way);
        }
        for (position, column) in target.columns.iter().enumerate() {
            if !to.contains(&Some(position)) && !is_added(&column.name, clauses) {
                return Err(lost(original, &column.name));
            }
        }
        Ok(Self { original, target, to })
    }

    /// The table as it will be.
    pub(super) fn target(&self) -> &'t Table {
        self.target
    }

    /// What a column of the original becomes; `None` if it is dropped (or is no such column).
    pub(super) fn target_of(&self, name: &str) -> Option<&'t Column> {
        let index =
            self.original.columns.iter().position(|column| same_name(&column.name, name))?;
        self.to[index].map(|position| &self.target.columns[position])
    }

    /// Where a column of the target comes from; `None` if it is new.
    pub(super) fn origin_of(&self, name: &str) -> Option<&'t Column> {
        let position =
            self.target.columns.iter().position(|column| same_name(&column.name, name))?;
        let index = self.to.iter().position(|way| *way == Some(position))?;
        Some(&self.original.columns[index])
    }

    /// Every column that goes on, the generated ones included, in the target's order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'t Column, &'t Column)> {
        self.target.columns.iter().filter_map(|new| self.origin_of(&new.name).map(|old| (old, new)))
    }

    /// The columns whose values are carried over: what the target does not generate itself.
    pub(super) fn pairs(&self) -> Vec<ColumnPair> {
        self.all()
            .filter(|(_, new)| new.generated == Generated::No)
            .map(|(old, new)| ColumnPair { original: old.clone(), shadow: new.clone() })
            .collect()
    }

    /// Columns that only the target has.
    pub(super) fn added(&self) -> impl Iterator<Item = &'t Column> {
        self.target.columns.iter().filter(|column| self.origin_of(&column.name).is_none())
    }

    /// Columns that are dropped or get another name, by their name in the original.
    pub(super) fn gone(&self) -> Vec<&'t str> {
        let gone = |column: &&Column| {
            self.target_of(&column.name).is_none_or(|new| !same_name(&new.name, &column.name))
        };
        self.original.columns.iter().filter(gone).map(|column| column.name.as_str()).collect()
    }
}

/// The name that a column gets; `None` if it is dropped. Every clause speaks of the names before.
fn destination<'c>(name: &'c str, clauses: &'c [Clause]) -> Option<&'c str> {
    for clause in clauses {
        match clause {
            Clause::DropColumn { name: dropped } if same_name(dropped, name) => return None,
            Clause::ChangeColumn { from, to } | Clause::RenameColumn { from, to }
                if same_name(from, name) =>
            {
                return Some(to);
            }
            _ => {}
        }
    }
    Some(name)
}

fn is_added(name: &str, clauses: &[Clause]) -> bool {
    clauses
        .iter()
        .any(|clause| matches!(clause, Clause::AddColumn { name: added } if same_name(added, name)))
}

fn lost(original: &Table, column: &str) -> Error {
    Error::refused(
        "columns_not_understood",
        format!(
            "it cannot be told for certain where the values of column `{column}` of `{}` come from or go to",
            original.name.plain()
        ),
    )
    .hint("write the change with plain `ADD COLUMN`, `DROP COLUMN`, `CHANGE` and `RENAME COLUMN` clauses")
    .hint("or make it in several steps")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::table;
    use crate::sql::Statement;

    fn ways(from: &[&str], to: &[&str], sql: &str) -> Result<Vec<(String, String)>> {
        let (original, target) = (table(from), table(to));
        let clauses = Statement::parse(sql).unwrap();
        let ways = Ways::follow(&original, &target, clauses.clauses())?;
        Ok(ways.all().map(|(old, new)| (old.name.clone(), new.name.clone())).collect())
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
    }

    #[test]
    fn renames_and_swaps_are_followed() {
        assert_eq!(
            ways(
                &["id", "a", "b"],
                &["id", "b", "a"],
                "RENAME COLUMN a TO b, RENAME COLUMN b TO a"
            )
            .unwrap(),
            pairs(&[("id", "id"), ("a", "b"), ("b", "a")])
        );
        assert_eq!(
            ways(&["id", "a"], &["id", "A"], "CHANGE a A int").unwrap(),
            pairs(&[("id", "id"), ("a", "A")])
        );
        assert_eq!(
            ways(&["id", "a"], &["id", "b", "a"], "CHANGE a b int, ADD a int").unwrap(),
            pairs(&[("id", "id"), ("a", "b")])
        );
    }

    #[test]
    fn a_dropped_and_added_name_is_a_new_column() {
        assert_eq!(
            ways(&["id", "c"], &["id", "c"], "DROP c, ADD c int").unwrap(),
            pairs(&[("id", "id")])
        );
        assert_eq!(
            ways(&["id", "c", "d"], &["id", "c"], "DROP c, RENAME COLUMN d TO c").unwrap(),
            pairs(&[("id", "id"), ("d", "c")])
        );
    }

    #[test]
    fn what_no_clause_explains_is_refused() {
        for (to, sql) in [
            (&["id", "b"][..], "ADD INDEX (id)"),
            (&["id"], "ADD INDEX (id)"),
            (&["id", "a", "b"], "ADD INDEX (id)"),
            (&["id", "a"], "DROP a"),
            (&["id", "a"], "RENAME COLUMN a TO b"),
        ] {
            let error = ways(&["id", "a"], to, sql).unwrap_err();
            assert_eq!(error.code, "columns_not_understood", "{to:?} {sql}");
        }
    }
}
