//! Unique keys that the new shape has and the original does not promise: rows that are equal in them
//! stop the copy.

use super::probe;
use crate::error::Result;
use crate::mysql::Session;
use crate::plan::key_type::keeps_identity;
use crate::plan::mapping::Ways;
use crate::plan::{Finding, Rule};
use crate::schema::{Column, Index, IndexColumn, Table, quote, same_name};

pub(super) async fn check(
    session: &mut Session,
    original: &Table,
    target: &Table,
    ways: &Ways<'_>,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for index in target.indexes.iter().filter(|index| index.unique) {
        if original.indexes.iter().any(|old| promises(old, index, original, ways)) {
            continue;
        }
        let answer = match duplicates(index, original, target, ways) {
            Question::Never => continue,
            Question::Ask { columns, query } if probe::is_cheap(original, &columns) => {
                probe::finds(session, &query).await?.map(|found| (found, query))
            }
            Question::Ask { .. } | Question::Unclear => None,
        };
        let name = &index.name;
        findings.extend(match answer {
            Some((false, _)) => None,
            Some((true, query)) => Some(Finding::refuse(
                Rule::Duplicates,
                format!("there are rows that are equal in the new unique key `{name}`"),
                format!("make them differ or remove them first; find one with: SELECT * {query}"),
            )),
            None => Some(Finding::warn(
                Rule::Duplicates,
                format!("rows that are equal in the new unique key `{name}` would stop the change"),
                "see that there are none, such as with `GROUP BY … HAVING COUNT(*) > 1`",
            )),
        });
    }
    Ok(findings)
}

/// Whether an unique key of the original already keeps rows apart in the new one: all its columns
/// are there, whole, and equality in them stays what it was.
fn promises(old: &Index, new: &Index, original: &Table, ways: &Ways<'_>) -> bool {
    let stays = |part: &IndexColumn| {
        let Some(name) = &part.column else { return false };
        let (Some(from), Some(to)) = (original.column(name), ways.target_of(name)) else {
            return false;
        };
        let same_type = from.column_type == to.column_type || keeps_identity(from, to).is_ok();
        let is_part = |new_part: &IndexColumn| {
            new_part.column.as_ref().is_some_and(|new_name| same_name(new_name, &to.name))
                && match (part.prefix, new_part.prefix) {
                    (_, None) => true,
                    (Some(old_length), Some(new_length)) => new_length >= old_length,
                    (None, Some(_)) => false,
                }
        };
        same_type && from.collation == to.collation && new.columns.iter().any(is_part)
    };
    old.unique && old.columns.iter().all(stays)
}

enum Question<'t> {
    /// Rows cannot be equal in this key.
    Never,
    /// It cannot be asked in SQL over the original.
    Unclear,
    /// The original's columns, and the rest of a `SELECT` that returns a row if there are equal rows.
    Ask { columns: Vec<&'t str>, query: String },
}

fn duplicates<'t>(
    index: &Index,
    original: &Table,
    target: &Table,
    ways: &Ways<'t>,
) -> Question<'t> {
    let mut columns = Vec::new();
    let mut groups = Vec::new();
    let mut not_null = Vec::new();
    for part in &index.columns {
        let Some(new) = part.column.as_ref().and_then(|name| target.column(name)) else {
            return Question::Unclear;
        };
        let Some(old) = ways.origin_of(&new.name) else {
            if differs_by_itself(new) {
                return Question::Never;
            }
            continue;
        };
        let Some(expression) = as_in_target(old, new, part.prefix) else {
            return Question::Unclear;
        };
        if new.nullable {
            not_null.push(format!("{} IS NOT NULL", quote(&old.name)));
        }
        columns.push(old.name.as_str());
        groups.push(expression);
    }
    let filter = if not_null.is_empty() { "TRUE".to_owned() } else { not_null.join(" AND ") };
    let query = if groups.is_empty() {
        // Every row would get the same value, so two rows are one too many.
        format!("FROM {} WHERE {filter} LIMIT 1, 1", original.name)
    } else {
        let groups = groups.join(", ");
        format!(
            "FROM {} WHERE {filter} GROUP BY {groups} HAVING COUNT(*) > 1 LIMIT 1",
            original.name
        )
    };
    Question::Ask { columns, query }
}

/// Whether a new column never makes two rows equal: NULLs, numbers given one by one, expressions.
fn differs_by_itself(new: &Column) -> bool {
    new.auto_increment || new.default.is_none() && new.nullable || new.computed_default
}

/// The value as the new key compares it, spelled over the original.
fn as_in_target(old: &Column, new: &Column, prefix: Option<u64>) -> Option<String> {
    let name = quote(&old.name);
    let value = match (&new.charset, &new.collation) {
        _ if old.column_type == new.column_type && old.collation == new.collation => name,
        (Some(charset), Some(collation)) if old.charset.is_some() => {
            format!("CONVERT({name} USING {charset}) COLLATE {collation}")
        }
        _ if old.type_name == new.type_name || old.type_name.is_integer() => name,
        _ => return None,
    };
    Some(prefix.map_or(value.clone(), |length| format!("LEFT({value}, {length})")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{table, unique, varchar};
    use crate::sql::Statement;

    fn question(original: &Table, target: &Table, sql: &str) -> Option<String> {
        let statement = Statement::parse(sql).unwrap();
        let ways = Ways::follow(original, target, statement.clauses()).unwrap();
        let index = target.indexes.last().unwrap();
        if original.indexes.iter().any(|old| promises(old, index, original, &ways)) {
            return None;
        }
        match duplicates(index, original, target, &ways) {
            Question::Ask { query, .. } => Some(query),
            Question::Never => None,
            Question::Unclear => Some("unclear".into()),
        }
    }

    #[test]
    fn what_the_original_promises_is_not_asked() {
        let mut original = table(&["a", "b"]);
        original.indexes = vec![unique("PRIMARY", &["a"])];
        let mut target = original.clone();
        target.indexes.push(unique("u", &["b", "a"]));
        assert_eq!(question(&original, &target, "ADD UNIQUE u (b, a)"), None);
        target.indexes.push(unique("v", &["b"]));
        assert_eq!(
            question(&original, &target, "ADD UNIQUE v (b)").unwrap(),
            "FROM `d`.`t` WHERE TRUE GROUP BY `b` HAVING COUNT(*) > 1 LIMIT 1"
        );
    }

    #[test]
    fn a_new_collation_is_asked_in_that_collation() {
        let mut original = table(&["a"]);
        original.columns.push(varchar("s", 9, "latin1_bin"));
        original.indexes = vec![unique("u", &["s"])];
        let mut target = original.clone();
        target.columns[1] = Column { nullable: true, ..varchar("s", 9, "utf8mb4_bin") };
        assert_eq!(
            question(&original, &target, "MODIFY s varchar(9)").unwrap(),
            "FROM `d`.`t` WHERE `s` IS NOT NULL GROUP BY CONVERT(`s` USING utf8mb4) COLLATE utf8mb4_bin HAVING COUNT(*) > 1 LIMIT 1"
        );
    }

    #[test]
    fn a_new_column_in_the_key() {
        let original = table(&["a"]);
        let mut target = table(&["a", "n"]);
        target.indexes = vec![unique("u", &["n"])];
        let sql = "ADD n int, ADD UNIQUE u (n)";
        assert_eq!(
            question(&original, &target, sql).unwrap(),
            "FROM `d`.`t` WHERE TRUE LIMIT 1, 1"
        );
        target.columns[1].nullable = true;
        assert_eq!(question(&original, &target, sql), None);
    }
}
