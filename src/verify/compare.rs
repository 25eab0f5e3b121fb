//! The statements that compare original and shadow row by row, by a join over the key, on the server.
//!
//! No table has an alias, and each is named once in a statement: so the same statements run under
//! `LOCK TABLES`, where an alias would need a lock of its own. Only keys come back.

use super::convert::{converted, lookup, same_type};
use super::equal::{equal, same};
use crate::error::{Error, Result};
use crate::mysql::Flavour;
use crate::schema::{
    Column, ColumnPair, Key, KeyColumn, KeyShape, Pair, PartType, Side, TypeName, forced, quote,
};
use crate::walk::Range;

/// Rows that are compared in one go.
#[derive(Debug, Clone)]
pub(super) enum Scope {
    /// Those of the original in a range of its own order; in both tables, if they share the order.
    Range(Range),
    /// Those of the shadow in a range of the shadow's own order.
    ShadowRange(Range),
    /// Those of these keys, in both tables.
    Keys(Vec<Key>),
}

/// The comparison of one pair of tables.
#[derive(Debug)]
pub(super) struct Comparison {
    flavour: Flavour,
    pair: Pair,
    /// The columns of the key, in its order.
    key: Vec<ColumnPair>,
    equal: String,
    equal_key: String,
    shadow_key: Option<KeyShape>,
}

impl Comparison {
    /// Refused when the shadow's key has a type that no key can have.
    pub(super) fn new(flavour: Flavour, pair: Pair) -> Result<Self> {
        let key = key_columns(&pair);
        let shadow_key = shadow_order(&pair, &key)?;
        let all = |columns: &[ColumnPair]| {
            let each = columns.iter().map(|it| equal(flavour, it, &pair.original, &pair.shadow));
            each.collect::<Vec<_>>().join(" AND ")
        };
        let (equal, equal_key) = (all(&pair.mapping.columns), all(&key));
        Ok(Self { flavour, pair, key, equal, equal_key, shadow_key })
    }

    pub(super) fn pair(&self) -> &Pair {
        &self.pair
    }

    /// The shadow's own order, where it is not the original's.
    pub(super) fn shadow_key(&self) -> Option<&KeyShape> {
        self.shadow_key.as_ref()
    }

    /// How many rows a range has in the original, and how many in the shadow (nothing is counted
    /// there when it has another order).
    pub(super) fn counts(&self, range: &Range) -> String {
        let count = |side| {
            let rows = match side {
                Side::Original => self.sides().0,
                Side::Shadow => self.sides().1,
            };
            format!("(SELECT COUNT(*) FROM {rows} WHERE {})", self.within(side, range))
        };
        match self.shadow_key {
            None => format!("SELECT {}, {}", count(Side::Original), count(Side::Shadow)),
            Some(_) => format!("SELECT {}, 0", count(Side::Original)),
        }
    }

    /// The keys of the original's rows that the shadow lacks or holds otherwise, each followed by 1
    /// if the shadow has a row for it, else 0.
    pub(super) fn differing(&self, scope: &Scope) -> Option<String> {
        let predicate = match scope {
            Scope::Range(range) => self.within(Side::Original, range),
            Scope::Keys(keys) => self.among(Side::Original, keys),
            Scope::ShadowRange(_) => return None,
        };
        Some(format!(
            "SELECT {}, {} IS NOT NULL FROM {} WHERE {predicate} AND NOT ({})",
            self.pair.mapping.key.select(Some(&self.pair.original.to_string())),
            self.column(Side::Shadow, &self.key[0]),
            self.original_first(),
            self.equal
        ))
    }

    /// The shadow's rows that no row of the original has become: the keys that they would come from,
    /// each followed by 1 if there can be such a key at all, else 0.
    pub(super) fn extra(&self, scope: &Scope) -> Option<String> {
        let predicate = match scope {
            Scope::Range(range) if self.shadow_key.is_none() => self.within(Side::Shadow, range),
            Scope::ShadowRange(range) => {
                let (after, upto) = (range.after.as_ref(), range.upto.as_ref());
                self.shadow_key.as_ref()?.range_in(Side::Original, &self.pair.shadow, after, upto)
            }
            Scope::Keys(keys) => self.among(Side::Shadow, keys),
            Scope::Range(_) => return None,
        };
        let back: Vec<_> = self.key.iter().map(|it| self.back(it)).collect();
        let parts = self.pair.mapping.key.columns.iter().zip(&back);
        let key: Vec<_> = parts.map(|(column, back)| column.select(back)).collect();
        Some(format!(
            "SELECT {}, {} FROM {} WHERE {predicate} AND NOT ({})",
            key.join(", "),
            self.there_and_back(&back),
            self.shadow_first(),
            self.equal_key
        ))
    }

    /// What is wrong with the row of a key, for people: NULL for a row that the shadow lacks, else
    /// the names of the columns that differ; no row when the original has none.
    pub(super) fn explain(&self, key: &Key) -> String {
        let differing = self.pair.mapping.columns.iter().map(|it| {
            let equal = equal(self.flavour, it, &self.pair.original, &self.pair.shadow);
            format!("IF({equal}, NULL, {})", crate::mysql::text(&it.original.name))
        });
        let there = self.column(Side::Shadow, &self.key[0]);
        format!(
            "SELECT IF({there} IS NULL, NULL, CONCAT_WS(', ', {})) FROM {} WHERE {}",
            differing.collect::<Vec<_>>().join(", "),
            self.original_first(),
            self.among(Side::Original, std::slice::from_ref(key))
        )
    }

    fn within(&self, side: Side, range: &Range) -> String {
        let table = match side {
            Side::Original => &self.pair.original,
            Side::Shadow => &self.pair.shadow,
        };
        let (after, upto) = (range.after.as_ref(), range.upto.as_ref());
        self.pair.mapping.key.range_in(side, table, after, upto)
    }

    fn among(&self, side: Side, keys: &[Key]) -> String {
        let table = match side {
            Side::Original => &self.pair.original,
            Side::Shadow => &self.pair.shadow,
        };
        self.pair.mapping.key.is_one_of_in(side, table, keys)
    }

    fn column(&self, side: Side, pair: &ColumnPair) -> String {
        match side {
            Side::Original => format!("{}.{}", self.pair.original, quote(&pair.original.name)),
            Side::Shadow => format!("{}.{}", self.pair.shadow, quote(&pair.shadow.name)),
        }
    }

    /// Each row of the original, with the shadow's row of its key.
    fn original_first(&self) -> String {
        let on = self.key.iter().map(|it| {
            let from = self.column(Side::Original, it);
            let to = self.column(Side::Shadow, it);
            format!("{to} = {}", lookup(self.flavour, &it.original, &it.shadow, &from))
        });
        let (original, shadow) = self.sides();
        left_join(&original, &shadow, &on.collect::<Vec<_>>())
    }

    /// Each row of the shadow, with the original's row of its key.
    fn shadow_first(&self) -> String {
        let on = self.key.iter().map(|it| {
            let from = self.column(Side::Shadow, it);
            let to = self.column(Side::Original, it);
            format!("{to} = {}", lookup(self.flavour, &it.shadow, &it.original, &from))
        });
        let (original, shadow) = self.sides();
        left_join(&shadow, &original, &on.collect::<Vec<_>>())
    }

    fn sides(&self) -> (String, String) {
        let key = &self.pair.mapping.key;
        (forced(&self.pair.original, &key.index), forced(&self.pair.shadow, &key.shadow_index))
    }

    /// The original's key column that a shadow's row would come from.
    fn back(&self, it: &ColumnPair) -> String {
        let value = self.column(Side::Shadow, it);
        converted(self.flavour, &it.shadow, &it.original, &value)
    }

    fn there_and_back(&self, back: &[String]) -> String {
        let changed =
            self.key.iter().zip(back).filter(|(it, _)| !same_type(&it.original, &it.shadow));
        let kept: Vec<_> = changed
            .map(|(it, back)| {
                let there = converted(self.flavour, &it.original, &it.shadow, back);
                same(&it.shadow, &there, &self.column(Side::Shadow, it))
            })
            .collect();
        if kept.is_empty() { "1".to_owned() } else { format!("({})", kept.join(" AND ")) }
    }
}

fn left_join(first: &str, second: &str, on: &[String]) -> String {
    format!("{first} LEFT JOIN {second} ON {}", on.join(" AND "))
}

fn key_columns(pair: &Pair) -> Vec<ColumnPair> {
    let find = |column: &KeyColumn| {
        let carried = pair.mapping.columns.iter().find(|it| it.original.name == column.name);
        carried.cloned().unwrap_or_else(|| computed(column))
    };
    pair.mapping.key.columns.iter().map(find).collect()
}

/// A key column that is not carried over: both tables compute it by the same expression.
fn computed(column: &KeyColumn) -> ColumnPair {
    let original = column.as_column();
    let shadow = Column { name: column.shadow_name.clone(), ..original.clone() };
    ColumnPair { original, shadow }
}

/// The shadow's key as if the shadow were an original, if its order or its literals are not the
/// original's.
fn shadow_order(pair: &Pair, key: &[ColumnPair]) -> Result<Option<KeyShape>> {
    if key.iter().all(shares_order) {
        return Ok(None);
    }
    let columns = key.iter().map(|it| {
        let part = PartType::of(&it.shadow).ok_or_else(|| {
            Error::refused(
                "no_usable_key",
                format!("column `{}` of the new shape can be no part of a key", it.shadow.name),
            )
        })?;
        Ok(KeyColumn {
            name: it.shadow.name.clone(),
            shadow_name: it.shadow.name.clone(),
            position: it.shadow.position,
            part,
        })
    });
    let index = pair.mapping.key.shadow_index.clone();
    let columns = columns.collect::<Result<_>>()?;
    Ok(Some(KeyShape { index: index.clone(), shadow_index: index, columns }))
}

/// Whether a range means the same rows in both tables. Where values get narrower it might not.
fn shares_order(it: &ColumnPair) -> bool {
    let (original, shadow) = (&it.original, &it.shadow);
    let same_text = original.charset == shadow.charset && original.collation == shadow.collation;
    let as_fine = shadow.fsp >= original.fsp && shadow.scale >= original.scale;
    match (original.type_name, shadow.type_name) {
        (TypeName::Char, TypeName::Char | TypeName::VarChar)
        | (TypeName::VarChar, TypeName::VarChar) => same_text && shadow.chars >= original.chars,
        (
            TypeName::Decimal
            | TypeName::DateTime
            | TypeName::Timestamp
            | TypeName::Time
            | TypeName::VarBinary,
            shadow_type,
        ) => original.type_name == shadow_type && as_fine,
        (one, other) if one.is_integer() => other.is_integer(),
        _ => same_text && same_type(original, shadow),
    }
}
