//! A unique key of the shadow that is taken: for now, or for good?
//!
//! The shadow may hold a stale row whose change is on its way; that passes. But when two rows of the
//! *original* are equal under the shadow's unique key, no waiting helps: [`find`] looks for such a
//! pair and names both rows.

use std::fmt::Write as _;

use crate::error::{Error, Result};
use crate::mysql::{Flavour, Session, text};
use crate::schema::{ColumnPair, Key, Pair, forced, quote};
use crate::verify::lookup;

/// Two rows of the original that the new shape cannot hold both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The unique key's name in the shadow.
    pub index: String,
    /// The key of one row.
    pub first: Key,
    /// The key of the other.
    pub second: Key,
}

impl Violation {
    /// The error that ends the run.
    pub fn into_error(self, pair: &Pair) -> Error {
        let shape = &pair.mapping.key;
        let message = format!(
            "the rows ({}) and ({}) of `{}` are equal under the unique key `{}` of the new shape",
            shape.describe(&self.first),
            shape.describe(&self.second),
            pair.original.plain(),
            self.index,
        );
        Error::failed("duplicate_key", message)
            .hint("change or remove one of the rows, or leave the unique key out of the change")
    }
}

/// Looks for a violation after `error`, which the server raised (1062) when the rows of the
/// original for which `predicate` holds were carried over. `None` when there is none to be found:
/// the conflict was only for now, or the unique key is one that cannot be looked up (over an
/// expression, a prefix, or a column that the shadow computes).
pub async fn find(
    session: &mut Session,
    pair: &Pair,
    predicate: &str,
    error: &Error,
) -> Result<Option<Violation>> {
    let Some(index) = index_name(&error.message, &pair.shadow.table) else { return Ok(None) };
    let Some(unique) = columns(session, pair, index).await? else { return Ok(None) };
    let parts = pair.mapping.key.columns.len();
    let flavour = session.flavour();
    for sql in [
        among_themselves(flavour, pair, &unique, predicate),
        with_others(flavour, pair, index, &unique, predicate),
    ] {
        let found: Vec<Vec<u8>> = session.bytes(sql).await?.concat();
        if found.len() == 2 * parts {
            let (first, second) = found.split_at(parts);
            let [first, second] = [first, second].map(|key| pair.mapping.key.parse(key));
            let index = index.to_owned();
            return Ok(Some(Violation { index, first: first?, second: second? }));
        }
    }
    Ok(None)
}

/// The keys of those rows of the original, among the ones for which `predicate` holds, whose value
/// of a unique key stands in the shadow. For a session that has removed their own rows from the
/// shadow: then each stands in a row of another key. Empty when the unique key that `error` (1062)
/// names cannot be looked up.
pub async fn held_by_others(
    session: &mut Session,
    pair: &Pair,
    predicate: &str,
    error: &Error,
) -> Result<Vec<Key>> {
    let Some(index) = index_name(&error.message, &pair.shadow.table) else { return Ok(Vec::new()) };
    let Some(unique) = columns(session, pair, index).await? else { return Ok(Vec::new()) };
    let flavour = session.flavour();
    let held: Vec<String> = unique
        .iter()
        .map(|it| {
            format!(
                "{}.{} = {}",
                pair.shadow,
                quote(&it.shadow.name),
                value(flavour, it, Some("these"))
            )
        })
        .collect();
    let key = pair.mapping.key.columns.iter().map(|part| part.name.as_str());
    let needed = needed(key.chain(unique.iter().map(|it| it.original.name.as_str())));
    let sql = format!(
        "SELECT DISTINCT {} FROM (SELECT {needed} FROM {} WHERE {predicate}) AS these \
         STRAIGHT_JOIN {} ON {}",
        pair.mapping.key.select(Some("these")),
        forced(&pair.original, &pair.mapping.key.index),
        forced(&pair.shadow, index),
        held.join(" AND "),
    );
    let found = session.bytes(sql).await?;
    found.iter().map(|returned| pair.mapping.key.parse(returned)).collect()
}

/// The name from `Duplicate entry '…' for key 'table.index'` (`'index'` on MariaDB).
fn index_name<'m>(message: &'m str, table: &str) -> Option<&'m str> {
    let (_, named) = message.rsplit_once(" for key '")?;
    let named = named.strip_suffix('\'')?;
    let of_table = named.strip_prefix(table).and_then(|rest| rest.strip_prefix('.'));
    Some(of_table.unwrap_or(named))
}

/// The columns of the shadow's index, if each is carried over as a whole.
async fn columns(
    session: &mut Session,
    pair: &Pair,
    index: &str,
) -> Result<Option<Vec<ColumnPair>>> {
    let parts: Vec<(Option<String>, Option<u64>)> = session
        .rows(format!(
            "SELECT column_name, sub_part FROM information_schema.statistics \
             WHERE table_schema = {} AND table_name = {} AND index_name = {} ORDER BY seq_in_index",
            text(&pair.shadow.schema),
            text(&pair.shadow.table),
            text(index),
        ))
        .await?;
    let carried = parts.into_iter().map(|(name, prefix)| {
        let name = name.filter(|_| prefix.is_none())?;
        pair.mapping.columns.iter().find(|column| column.shadow.name == name).cloned()
    });
    let carried: Option<Vec<ColumnPair>> = carried.collect();
    Ok(carried.filter(|columns| !columns.is_empty()))
}

/// Two of the rows themselves: both keys, as two rows.
fn among_themselves(
    flavour: Flavour,
    pair: &Pair,
    unique: &[ColumnPair],
    predicate: &str,
) -> String {
    let keys = &pair.mapping.key.columns;
    let mut inner = String::new();
    for (number, key) in keys.iter().enumerate() {
        write_to(&mut inner, &format!("{} AS k{number}, ", key.select(&quote(&key.name))));
    }
    let values: Vec<String> = unique.iter().map(|column| value(flavour, column, None)).collect();
    for (number, value) in values.iter().enumerate() {
        write_to(&mut inner, &format!("{value} AS u{number}, "));
    }
    let not_null: String = unique
        .iter()
        .fold(String::new(), |all, it| all + " AND " + &quote(&it.original.name) + " IS NOT NULL");
    format!(
        "SELECT {} FROM (SELECT {inner}COUNT(*) OVER (PARTITION BY {}) AS alike FROM {} \
         WHERE {predicate}{not_null}) AS these WHERE alike > 1 ORDER BY {} LIMIT 2",
        numbered("k", keys.len()),
        values.join(", "),
        forced(&pair.original, &pair.mapping.key.index),
        numbered("u", unique.len()),
    )
}

/// One of the rows and another one that the shadow holds already, if the original still has it so:
/// both keys, as one row.
fn with_others(
    flavour: Flavour,
    pair: &Pair,
    index: &str,
    unique: &[ColumnPair],
    predicate: &str,
) -> String {
    let key: Vec<&ColumnPair> = pair
        .mapping
        .key
        .columns
        .iter()
        .filter_map(|part| pair.mapping.columns.iter().find(|it| it.original.name == part.name))
        .collect();
    let needed = needed(key.iter().copied().chain(unique).map(|it| it.original.name.as_str()));
    let held = unique.iter().map(|it| {
        format!(
            "{}.{} = {}",
            pair.shadow,
            quote(&it.shadow.name),
            value(flavour, it, Some("these"))
        )
    });
    let still = unique.iter().map(|it| {
        format!("{} = {}", value(flavour, it, Some("other")), value(flavour, it, Some("these")))
    });
    let whose = key.iter().map(|it| {
        let held = format!("{}.{}", pair.shadow, quote(&it.shadow.name));
        format!(
            "other.{} = {}",
            quote(&it.original.name),
            lookup(flavour, &it.shadow, &it.original, &held)
        )
    });
    let itself = key.iter().map(|it| {
        let name = quote(&it.original.name);
        format!("other.{name} = these.{name}")
    });
    let all =
        |conditions: &mut dyn Iterator<Item = String>| conditions.collect::<Vec<_>>().join(" AND ");
    format!(
        "SELECT {}, {} FROM (SELECT {} FROM {} WHERE {predicate}) AS these \
         STRAIGHT_JOIN {} ON {} STRAIGHT_JOIN {} AS other FORCE INDEX ({}) ON {} \
         WHERE {} AND NOT ({}) LIMIT 1",
        pair.mapping.key.select(Some("these")),
        pair.mapping.key.select(Some("other")),
        needed,
        forced(&pair.original, &pair.mapping.key.index),
        forced(&pair.shadow, index),
        all(&mut held.into_iter()),
        pair.original,
        quote(&pair.mapping.key.index),
        all(&mut whose.into_iter()),
        all(&mut still.into_iter()),
        all(&mut itself.into_iter()),
    )
}

/// Each column once, by name: `*` leaves invisible ones out.
fn needed<'c>(columns: impl Iterator<Item = &'c str>) -> String {
    let quoted: std::collections::BTreeSet<String> = columns.map(quote).collect();
    quoted.into_iter().collect::<Vec<_>>().join(", ")
}

/// What the shadow's unique key would hold, with the shadow's own collation.
fn value(flavour: Flavour, column: &ColumnPair, table: Option<&str>) -> String {
    let name = quote(&column.original.name);
    let name = table.map_or(name.clone(), |table| format!("{table}.{name}"));
    lookup(flavour, &column.original, &column.shadow, &name)
}

fn numbered(letter: &str, count: usize) -> String {
    (0..count).map(|number| format!("{letter}{number}")).collect::<Vec<_>>().join(", ")
}

fn write_to(target: &mut String, more: &str) {
    target.write_str(more).expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::index_name;

    #[test]
    fn the_index_is_read_from_the_servers_words() {
        let mysql = "the server answered 1062: Duplicate entry 'a' for key 't__zosc_shadow.u.v'";
        assert_eq!(index_name(mysql, "t__zosc_shadow"), Some("u.v"));
        let mariadb = "Duplicate entry ' for key 'x' for key 'PRIMARY'";
        assert_eq!(index_name(mariadb, "t__zosc_shadow"), Some("PRIMARY"));
        assert_eq!(index_name("Duplicate entry", "t"), None);
    }
}
