//! Which key names a row: the PRIMARY KEY, or a UNIQUE key over NOT NULL whole columns, that both
//! tables have.

use super::key_type::{keeps_identity, part_type};
use super::mapping::Ways;
use crate::error::{Error, Result};
use crate::schema::{Column, Index, KeyColumn, KeyShape, PartType, Table, same_name};

/// Chooses the best key. Refused (`no_usable_key`) with the reason for each one that was looked at.
pub(super) fn choose(original: &Table, target: &Table, ways: &Ways<'_>) -> Result<KeyShape> {
    let mut usable: Vec<KeyShape> = Vec::new();
    let mut reasons: Vec<String> = Vec::new();
    for index in original.indexes.iter().filter(|index| index.unique) {
        match shape(original, target, ways, index) {
            Ok(shape) => usable.push(shape),
            Err(reason) => reasons.push(format!("`{}`: {reason}", index.name)),
        }
    }
    usable.sort_by_key(|shape| rank(original, shape));
    usable.into_iter().next().ok_or_else(|| refusal(original, &reasons))
}

/// The smaller the better: PRIMARY, then whole numbers, then few and short columns.
fn rank(original: &Table, shape: &KeyShape) -> (bool, bool, usize, u64) {
    let width = |column: &KeyColumn| match column.part {
        PartType::Integer { bytes, .. } => u64::from(bytes),
        _ => original.column(&column.name).and_then(|column| column.octets).unwrap_or(8),
    };
    (
        shape.index != "PRIMARY",
        !shape.ordered_by_client(),
        shape.columns.len(),
        shape.columns.iter().map(width).sum(),
    )
}

fn shape(
    original: &Table,
    target: &Table,
    ways: &Ways<'_>,
    index: &Index,
) -> Result<KeyShape, String> {
    let columns = key_columns(original, index)?;
    let mut moved = Vec::with_capacity(columns.len());
    for column in &columns {
        let new = ways
            .target_of(&column.name)
            .ok_or_else(|| format!("column `{}` is dropped", column.name))?;
        keeps_identity(column, new)?;
        moved.push(new);
    }
    let twin = counterpart(target, index, &moved)
        .ok_or("the altered table has no such key over the same columns")?;
    let part = |(old, new): (&&Column, &&Column)| {
        Ok(KeyColumn {
            name: old.name.clone(),
            shadow_name: new.name.clone(),
            position: old.position,
            part: part_type(old)?,
        })
    };
    Ok(KeyShape {
        index: index.name.clone(),
        shadow_index: twin.name.clone(),
        columns: columns.iter().zip(&moved).map(part).collect::<Result<_, String>>()?,
    })
}

/// The index's columns, if each row has exactly one value in them and every query may use it.
fn key_columns<'t>(table: &'t Table, index: &Index) -> Result<Vec<&'t Column>, String> {
    if !index.visible {
        return Err("it is invisible".to_owned());
    }
    if index.index_type != "BTREE" {
        return Err(format!("it is a {} index", index.index_type));
    }
    let column = |part: &crate::schema::IndexColumn| {
        let name = part.column.as_deref().ok_or("it is over an expression")?;
        if part.prefix.is_some() {
            return Err(format!("it covers only a prefix of column `{name}`"));
        }
        let column = table.column(name).ok_or_else(|| format!("column `{name}` is hidden"))?;
        if column.nullable {
            return Err(format!("column `{name}` allows NULL"));
        }
        part_type(column).map(|_| column)
    };
    index.columns.iter().map(column).collect()
}

/// A usable key of the target over exactly these columns in this order, preferably of that name.
fn counterpart<'t>(target: &'t Table, index: &Index, columns: &[&Column]) -> Option<&'t Index> {
    let fits = |candidate: &&Index| {
        candidate.unique
            && key_columns(target, candidate).is_ok_and(|found| {
                found.len() == columns.len()
                    && found.iter().zip(columns).all(|(a, b)| same_name(&a.name, &b.name))
            })
    };
    let twins = || target.indexes.iter().filter(fits);
    twins().find(|twin| same_name(&twin.name, &index.name)).or_else(|| twins().next())
}

fn refusal(original: &Table, reasons: &[String]) -> Error {
    let table = original.name.plain();
    let message = if reasons.is_empty() {
        format!("`{table}` has neither a PRIMARY KEY nor a UNIQUE key, so its rows have no names")
    } else {
        format!("no key of `{table}` can name its rows before and after: {}", reasons.join("; "))
    };
    Error::refused("no_usable_key", message)
        .hint("a usable key is the PRIMARY KEY or a UNIQUE key over whole NOT NULL columns that this change keeps")
        .hint("first give the table such a key in a change of its own, or leave one as it is in this change")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{table, unique, varchar};
    use crate::sql::Statement;

    fn chosen(original: &Table, target: &Table, sql: &str) -> Result<KeyShape> {
        let statement = Statement::parse(sql).unwrap();
        choose(original, target, &Ways::follow(original, target, statement.clauses())?)
    }

    #[test]
    fn the_primary_key_comes_first_then_integers_then_few_columns() {
        let mut original = table(&["a", "b", "c", "d"]);
        original.columns[3] = Column { position: 3, ..varchar("d", 5, "utf8mb4_bin") };
        original.indexes =
            vec![unique("text", &["d"]), unique("wide", &["a", "b"]), unique("one", &["c"])];
        let shape = chosen(&original, &original, "FORCE").unwrap();
        assert_eq!((shape.index.as_str(), shape.columns[0].position), ("one", 2));
        original.indexes.insert(0, unique("PRIMARY", &["d", "a"]));
        let shape = chosen(&original, &original, "FORCE").unwrap();
        assert_eq!(shape.index, "PRIMARY");
        assert_eq!(shape.columns.iter().map(|c| c.position).collect::<Vec<_>>(), [3, 0]);
    }

    #[test]
    fn a_renamed_key_column_and_index_are_found() {
        let mut original = table(&["a", "b"]);
        original.indexes = vec![unique("PRIMARY", &["a"])];
        let mut target = table(&["z", "b"]);
        target.indexes = vec![unique("PRIMARY", &["b"]), unique("other", &["z"])];
        let sql = "CHANGE a z int, DROP PRIMARY KEY, ADD PRIMARY KEY (b), ADD UNIQUE other (z)";
        let shape = chosen(&original, &target, sql).unwrap();
        assert_eq!((shape.index.as_str(), shape.shadow_index.as_str()), ("PRIMARY", "other"));
        assert_eq!(shape.columns[0].shadow_name, "z");
    }

    #[test]
    fn each_unusable_key_says_why() {
        let refuse = |change: fn(&mut Table), why: &str| {
            let mut original = table(&["a", "b"]);
            original.indexes = vec![unique("u", &["a"])];
            change(&mut original);
            let error = chosen(&original, &original, "FORCE").unwrap_err();
            assert_eq!(error.code, "no_usable_key");
            assert!(error.message.contains(why), "{}", error.message);
        };
        refuse(|t| t.indexes.clear(), "neither");
        refuse(|t| t.columns[0].nullable = true, "`u`: column `a` allows NULL");
        refuse(|t| t.indexes[0].visible = false, "invisible");
        refuse(|t| t.indexes[0].columns[0].prefix = Some(3), "prefix");
        refuse(|t| t.indexes[0].columns[0].column = None, "expression");
        refuse(|t| t.indexes[0].index_type = "HASH".into(), "HASH");
        refuse(|t| t.columns[0].type_name = crate::schema::TypeName::Float, "floating");
    }
}
