//! Which table a name means now: a rename changes the name, not the table's id in the engine.

use std::collections::BTreeSet;

use super::TableName;
use crate::error::Result;
use crate::mysql::{Flavour, Session, text};

/// A piece of a table as the engine stores it: the whole table, or one of its partitions. Anything
/// that replaces the rows behind a name's back (TRUNCATE, EXCHANGE PARTITION, a rebuild) changes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Stored {
    /// The piece's name in the engine.
    pub name: String,
    /// The engine's id.
    pub id: u64,
    /// The tablespace.
    pub space: u64,
}

/// The engine's catalogue: `tables` or `foreign`.
fn catalogue(flavour: Flavour, of: &str) -> String {
    match flavour {
        Flavour::Mysql => format!("information_schema.innodb_{of}"),
        Flavour::Mariadb => format!("information_schema.innodb_sys_{of}"),
    }
}

/// All pieces of the table in the order of their names. Where the engine's spelling of a name is not
/// unique, pieces of a table whose name looks alike are among them.
pub async fn stored(session: &mut Session, name: &TableName) -> Result<Vec<Stored>> {
    let rows: Vec<(String, u64, u64)> = session
        .rows(format!(
            "SELECT name AS n, table_id AS i, space AS s FROM {} WHERE {}",
            catalogue(session.flavour(), "tables"),
            may_be("name", name)
        ))
        .await?;
    let pieces = rows.into_iter().filter(|(piece, ..)| base(piece, name).is_some());
    let mut pieces: Vec<Stored> =
        pieces.map(|(name, id, space)| Stored { name, id, space }).collect();
    pieces.sort();
    Ok(pieces)
}

/// InnoDB's id of the table of this name, of a partitioned table the lowest one. `None` when there
/// is no such table, or when it cannot be told from another one whose name looks alike.
pub async fn table_id(session: &mut Session, name: &TableName) -> Result<Option<u64>> {
    let pieces = stored(session, name).await?;
    let tables: BTreeSet<&str> =
        pieces.iter().filter_map(|piece| base(&piece.name, name)).collect();
    let lowest = pieces.iter().map(|piece| piece.id).min();
    Ok(lowest.filter(|_| tables.len() == 1))
}

/// How many times the table's rows have changed shape at once since it was last rebuilt. `None` when
/// there is no such table, or when the server does not count.
pub async fn row_versions(session: &mut Session, name: &TableName) -> Result<Option<u64>> {
    if session.flavour() == Flavour::Mariadb {
        return Ok(None);
    }
    let rows: Vec<(String, Option<u64>)> = session
        .rows(format!(
            "SELECT name AS n, total_row_versions AS v FROM {} WHERE {}",
            catalogue(Flavour::Mysql, "tables"),
            may_be("name", name)
        ))
        .await?;
    let ours = rows.into_iter().filter(|(piece, _)| base(piece, name).is_some());
    Ok(ours.filter_map(|(_, versions)| versions).max())
}

/// How many foreign keys of other tables refer to the table, as the engine knows them: also those
/// that the account may not see.
pub async fn referred_to(session: &mut Session, name: &TableName) -> Result<usize> {
    let rows: Vec<(String, String)> = session
        .rows(format!(
            "SELECT for_name AS child, ref_name AS parent FROM {} WHERE {}",
            catalogue(session.flavour(), "foreign"),
            may_be("ref_name", name)
        ))
        .await?;
    let by_others = |(child, parent): &&(String, String)| {
        base(parent, name).is_some() && base(child, name).is_none()
    };
    Ok(rows.iter().filter(by_others).count())
}

/// Whether a base table of this name exists.
pub async fn exists(session: &mut Session, name: &TableName) -> Result<bool> {
    let count: u64 = session
        .one(format!(
            "SELECT COUNT(*) FROM information_schema.tables \
             WHERE table_schema = {} AND table_name = {}",
            text(&name.schema),
            text(&name.table)
        ))
        .await?;
    Ok(count > 0)
}

/// The table's comment, if there is such a table.
pub async fn comment(session: &mut Session, name: &TableName) -> Result<Option<String>> {
    session
        .first(format!(
            "SELECT table_comment AS comment FROM information_schema.tables \
             WHERE table_schema = {} AND table_name = {}",
            text(&name.schema),
            text(&name.table)
        ))
        .await
}

/// A predicate that is true of the table's pieces and of few others: the part of the name that the
/// engine writes as it is.
fn may_be(column: &str, name: &TableName) -> String {
    let whole = [&name.schema, "/", &name.table].concat();
    let odd = whole.find(|c| !is_plain(c) && c != '/').unwrap_or(whole.len());
    let begin = &whole[..odd];
    format!("LEFT({column}, {}) = {}", begin.chars().count(), text(begin))
}

/// The table that the engine's `stored` name belongs to, in the engine's spelling, if that may be
/// `name`: `schema/table`, or `schema/table#p#partition`.
fn base<'s>(stored: &'s str, name: &TableName) -> Option<&'s str> {
    let rest = strip(stored, &name.schema)?.strip_prefix('/')?;
    let rest = strip(rest, &name.table)?;
    let is_partition = rest.get(..3).is_some_and(|mark| mark.eq_ignore_ascii_case("#p#"));
    (rest.is_empty() || is_partition).then(|| &stored[..stored.len() - rest.len()])
}

/// What follows the identifier in the engine's spelling. Of most letters we know only that `@` and
/// two characters stand for them.
fn strip<'s>(stored: &'s str, identifier: &str) -> Option<&'s str> {
    identifier.chars().try_fold(stored, |stored, c| {
        if is_plain(c) {
            return stored.strip_prefix(c);
        }
        let code = stored.strip_prefix('@')?;
        let by_number = code.get(..4).filter(|code| {
            code.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
        });
        match by_number {
            Some(number) => (number == format!("{:04x}", u32::from(c))).then(|| &code[4..]),
            None if c.is_ascii() => None,
            None => code.get(2..),
        }
    })
}

/// InnoDB writes letters, digits and `_` as they are.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_spelling_is_understood() {
        for (stored, table, whole) in [
            ("x/t", "t", "x/t"),
            ("x/gr@1i@1je", "größe", "x/gr@1i@1je"),
            ("x/gr@1i@1je#p#p0", "größe", "x/gr@1i@1je"),
            ("x/p#P#a", "p", "x/p"),
            ("x/a@002eb@0024@0020c", "a.b$ c", "x/a@002eb@0024@0020c"),
            ("x/@8868", "表", "x/@8868"),
            ("x/@6L@M0@6l@0G@0482", "ΑЖαÀ҂", "x/@6L@M0@6l@0G@0482"),
        ] {
            assert_eq!(base(stored, &TableName::new("x", table)), Some(whole), "{table}");
        }
        for (stored, table) in [
            ("x/tt", "t"),
            ("y/t", "t"),
            ("x/T", "t"),
            ("x/t__zosc_log", "t"),
            ("x/t@1i", "t"),
            ("x/t", "tö"),
            ("x/@8869", "表"),
            ("x/a@002eb", "a-b"),
        ] {
            assert_eq!(base(stored, &TableName::new("x", table)), None, "{stored} {table}");
        }
    }
}
