//! Conversions that change values without an error, strict mode or not.
//!
//! A plain `ALTER TABLE` would change the same values in the same way, so all but the conversions
//! of TIMESTAMP, which depend on the session's time zone, may be allowed.

use crate::plan::{Finding, Rule};
use crate::schema::{Column, ColumnPair, TypeName};

/// What strict mode does not report.
pub(super) fn check(pairs: &[ColumnPair]) -> Vec<Finding> {
    pairs.iter().filter_map(|pair| finding(&pair.original, &pair.shadow)).collect()
}

fn finding(old: &Column, new: &Column) -> Option<Finding> {
    let change =
        format!("column `{}` from `{}` to `{}`", old.name, old.column_type, new.column_type);
    let is_timestamp = |column: &Column| column.type_name == TypeName::Timestamp;
    if is_timestamp(old) != is_timestamp(new) {
        return Some(Finding::refuse(
            Rule::TimestampConversion,
            format!(
                "{change}: what comes out depends on the time zone of the session that converts"
            ),
            "add a new column, fill it with `CONVERT_TZ` in the zone that you mean, then drop the old one",
        ));
    }
    let loss = loss(old, new)?;
    Some(Finding::refuse(
        Rule::LossyConversion,
        format!("{change}: {loss}, without an error"),
        "choose a type that holds every value; or `--allow lossy-conversion`, which gives what a plain `ALTER TABLE` gives",
    ))
}

/// What may happen to a value that the server takes without complaint.
#[allow(clippy::match_same_arms)] // a table, a line for each family of types
fn loss(old: &Column, new: &Column) -> Option<&'static str> {
    use TypeName as T;
    let same_text = old.charset == new.charset;
    if old.column_type == new.column_type && same_text {
        return None;
    }
    let (from, to) = (old.type_name, new.type_name);
    match (from, to) {
        (_, _) if from.is_integer() => from_integer(old, new),
        (T::Year, T::Year | T::SmallInt | T::MediumInt | T::Int | T::BigInt) => None,
        (T::Decimal, T::Decimal) => rounds(new.scale < old.scale),
        (T::Decimal, _) if to.is_integer() => rounds(old.scale > Some(0)),
        (T::Float, T::Float | T::Double) | (T::Double, T::Double) => {
            rounds(new.scale.is_some_and(|digits| old.scale.is_none_or(|had| digits < had)))
        }
        (T::Decimal | T::Double, T::Float) | (T::Decimal, T::Double) => Some("digits are lost"),
        (T::Float | T::Double, T::Decimal) => Some("digits are lost"),
        (T::Float | T::Double, _) if to.is_integer() => rounds(true),
        (T::Bit, T::Bit) | (T::Date, T::Date | T::DateTime) => None,
        (T::Time, T::Time) | (T::DateTime, T::DateTime) | (T::Timestamp, T::Timestamp) => {
            (new.fsp < old.fsp).then_some("fractions of a second are rounded")
        }
        (T::DateTime, T::Date) => Some("the time of day is lost"),
        (T::DateTime, T::Time) => Some("the date is lost"),
        (T::Time, T::Date | T::DateTime) => Some("the date of the copy is put in"),
        (T::VarChar | T::Text | T::VarBinary | T::Blob | T::Binary, T::Char) => {
            Some("spaces at the end are cut")
        }
        // Between two character sets, or from TEXT, the server cuts spaces and only notes it.
        (T::VarChar, T::VarChar) if same_text => None,
        (T::VarChar | T::Text, T::VarChar) => {
            (new.chars < old.chars).then_some("spaces at the end may be cut")
        }
        (_, T::Binary) => Some("shorter values are padded with zero bytes"),
        (
            T::Char | T::VarChar | T::Text | T::Binary | T::VarBinary | T::Blob,
            T::Char | T::VarChar | T::Text | T::VarBinary | T::Blob,
        ) => None,
        (T::Enum | T::Set, T::Enum | T::Set) => None,
        (T::Float, _) => Some("digits are lost"),
        (
            T::Enum
            | T::Set
            | T::Json
            | T::Decimal
            | T::Double
            | T::Year
            | T::Date
            | T::Time
            | T::DateTime,
            T::Char | T::VarChar | T::Text,
        )
        | (T::Json, T::Json)
        | (T::Geometry, T::Geometry) => None,
        _ => Some("values may become others"),
    }
}

fn from_integer(old: &Column, new: &Column) -> Option<&'static str> {
    use TypeName as T;
    match new.type_name {
        T::Decimal | T::Char | T::VarChar | T::Text => None,
        to if to.is_integer() => None,
        T::Double if old.type_name != T::BigInt => None,
        T::Float if !matches!(old.type_name, T::Int | T::BigInt) => None,
        T::Float | T::Double => Some("digits are lost"),
        _ => Some("values may become others"),
    }
}

fn rounds(does: bool) -> Option<&'static str> {
    does.then_some("digits after the point are rounded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::{column, varchar};

    fn of(type_name: TypeName, column_type: &str) -> Column {
        Column {
            type_name,
            column_type: column_type.into(),
            precision: None,
            scale: None,
            ..column("c")
        }
    }

    fn fsp(type_name: TypeName, fsp: u64) -> Column {
        Column { fsp: Some(fsp), ..of(type_name, &format!("{type_name:?}({fsp})")) }
    }

    fn decimal(precision: u64, scale: u64) -> Column {
        Column {
            precision: Some(precision),
            scale: Some(scale),
            ..of(TypeName::Decimal, &format!("decimal({precision},{scale})"))
        }
    }

    #[test]
    fn silent_changes_are_found() {
        let (int, big) = (column("c"), of(TypeName::BigInt, "bigint"));
        let double = of(TypeName::Double, "double");
        let float = of(TypeName::Float, "float");
        let text = varchar("c", 10, "utf8mb4_bin");
        for (old, new) in [
            (fsp(TypeName::DateTime, 6), fsp(TypeName::DateTime, 0)),
            (fsp(TypeName::Time, 3), fsp(TypeName::Time, 2)),
            (decimal(10, 4), decimal(10, 2)),
            (decimal(10, 4), int.clone()),
            (double.clone(), float.clone()),
            (double.clone(), decimal(65, 30)),
            (big, double.clone()),
            (int.clone(), float.clone()),
            (float, text.clone()),
            (fsp(TypeName::Time, 0), fsp(TypeName::DateTime, 0)),
            (varchar("c", 10, "latin1_bin"), varchar("c", 5, "utf8mb4_bin")),
            (text.clone(), of(TypeName::Enum, "enum('a')")),
            (text.clone(), of(TypeName::Char, "char(10)")),
            (text.clone(), int.clone()),
            (int.clone(), of(TypeName::Year, "year")),
        ] {
            let found = check(&[ColumnPair { original: old.clone(), shadow: new.clone() }]);
            assert_eq!(found.len(), 1, "{} to {}", old.column_type, new.column_type);
            assert!(found[0].rule == "lossy-conversion" && found[0].allowable);
        }
    }

    #[test]
    fn what_is_exact_or_fails_passes() {
        let (int, big) = (column("c"), of(TypeName::BigInt, "bigint"));
        let text = varchar("c", 10, "utf8mb4_bin");
        for (old, new) in [
            (int.clone(), big.clone()),
            (big.clone(), int.clone()),
            (int.clone(), decimal(10, 2)),
            (int, of(TypeName::Double, "double")),
            (big, text.clone()),
            (decimal(10, 2), decimal(6, 2)),
            (of(TypeName::Float, "float"), of(TypeName::Double, "double")),
            (fsp(TypeName::Timestamp, 0), fsp(TypeName::Timestamp, 6)),
            (text.clone(), varchar("c", 5, "utf8mb4_bin")),
            (text.clone(), varchar("c", 10, "latin1_bin")),
            (text, of(TypeName::Blob, "blob")),
            (of(TypeName::Enum, "enum('a')"), of(TypeName::Enum, "enum('b','a')")),
        ] {
            let found = check(&[ColumnPair { original: old, shadow: new }]);
            assert_eq!(found, []);
        }
    }

    #[test]
    fn timestamps_depend_on_the_zone() {
        let pair = ColumnPair {
            original: fsp(TypeName::DateTime, 0),
            shadow: fsp(TypeName::Timestamp, 0),
        };
        let found = check(&[pair]);
        assert!(found[0].rule == "timestamp-conversion" && !found[0].allowable);
    }
}
