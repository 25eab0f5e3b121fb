//! When two values are the same: to the last bit, NULL only like NULL, whatever the collation says.

use super::convert::{converted, same_type};
use crate::mysql::Flavour;
use crate::schema::{Column, ColumnPair, TableName, TypeName, quote};

/// The condition that the shadow holds what the original's value becomes: always true or false.
pub(super) fn equal(
    flavour: Flavour,
    pair: &ColumnPair,
    original: &TableName,
    shadow: &TableName,
) -> String {
    let from = format!("{original}.{}", quote(&pair.original.name));
    let to = format!("{shadow}.{}", quote(&pair.shadow.name));
    let expected = converted(flavour, &pair.original, &pair.shadow, &from);
    let is_float = matches!(pair.shadow.type_name, TypeName::Float | TypeName::Double);
    if is_float && flavour == Flavour::Mariadb && !same_type(&pair.original, &pair.shadow) {
        return same_float(&pair.shadow, &expected, &to, Zero::MayLoseSign);
    }
    same(&pair.shadow, &expected, &to)
}

/// What became of the sign of -0.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zero {
    KeepsSign,
    /// Some versions of MariaDB store -0 as 0.
    MayLoseSign,
}

/// The condition that `expected`, made by [`converted`], is the very value `actual` of `column`.
pub(super) fn same(column: &Column, expected: &str, actual: &str) -> String {
    match column.type_name {
        TypeName::Char
        | TypeName::VarChar
        | TypeName::Text
        | TypeName::Geometry
        | TypeName::Other => same_bytes(expected, actual),
        TypeName::Enum | TypeName::Set | TypeName::Year | TypeName::Bit => {
            format!("{expected} <=> ({actual} + 0)")
        }
        TypeName::Float | TypeName::Double => same_float(column, expected, actual, Zero::KeepsSign),
        TypeName::Json => same_json(expected, actual),
        TypeName::TinyInt
        | TypeName::SmallInt
        | TypeName::MediumInt
        | TypeName::Int
        | TypeName::BigInt
        | TypeName::Decimal
        | TypeName::Date
        | TypeName::Time
        | TypeName::DateTime
        | TypeName::Timestamp
        | TypeName::Binary
        | TypeName::VarBinary
        | TypeName::Blob => format!("{expected} <=> {actual}"),
    }
}

fn same_bytes(expected: &str, actual: &str) -> String {
    format!("CAST({expected} AS BINARY) <=> CAST({actual} AS BINARY)")
}

/// The angle tells 0 from -0. With a number of digits after the point the server would compare
/// with a tolerance; a cast takes the number of digits away.
fn same_float(column: &Column, expected: &str, actual: &str, zero: Zero) -> String {
    let exact = |value: &str| match column.scale {
        Some(_) => format!("CAST({value} AS DOUBLE)"),
        None => value.to_owned(),
    };
    let (expected, actual) = (exact(expected), exact(actual));
    let angles = format!("ATAN2({expected}, -1) <=> ATAN2({actual}, -1)");
    match zero {
        Zero::KeepsSign => format!("{expected} <=> {actual} AND {angles}"),
        Zero::MayLoseSign => {
            format!("{expected} <=> {actual} AND ({angles} OR ATAN2({actual}, -1) > 0)")
        }
    }
}

/// The text has every digit, but not the types: 1.5 may be a DECIMAL or a DOUBLE, a date may be a
/// string. So the values must be equal to the server too, and take as many bytes: a copy keeps the
/// original's bytes as they are, free space included.
///
/// What remains is a number inside a document that prints alike, is equal, takes the same space and
/// has another type (a signed 5 for an unsigned 5). The server itself does not write such a change
/// when an UPDATE makes it, and to look for it would cost ten times the rest.
fn same_json(expected: &str, actual: &str) -> String {
    let text = |value: &str| format!("CAST({value} AS CHAR CHARACTER SET utf8mb4)");
    let alike = |of: &str| format!("{of}({expected}) <=> {of}({actual})");
    format!(
        "{} AND {expected} <=> {actual} AND {} AND {} AND {}",
        same_bytes(&text(expected), &text(actual)),
        alike("JSON_TYPE"),
        alike("JSON_STORAGE_SIZE"),
        alike("JSON_STORAGE_FREE"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Generated;

    fn column(type_name: TypeName, column_type: &str, charset: Option<&str>) -> Column {
        Column {
            name: "c".into(),
            position: 0,
            type_name,
            column_type: column_type.into(),
            nullable: true,
            unsigned: column_type.contains("unsigned"),
            octets: None,
            chars: None,
            precision: None,
            scale: None,
            fsp: None,
            charset: charset.map(str::to_owned),
            collation: charset.map(|charset| format!("{charset}_bin")),
            generated: Generated::No,
            expression: String::new(),
            invisible: false,
            auto_increment: false,
            default: None,
            computed_default: false,
            extra: String::new(),
            comment: String::new(),
        }
    }

    fn spelled(original: Column, shadow: Column) -> String {
        let pair = ColumnPair { original, shadow };
        equal(Flavour::Mysql, &pair, &TableName::new("d", "o"), &TableName::new("d", "s"))
    }

    #[test]
    fn numbers_and_dates_are_compared_as_they_are() {
        for (name, spelling) in [(TypeName::Int, "int"), (TypeName::DateTime, "datetime")] {
            let same = spelled(column(name, spelling, None), column(name, spelling, None));
            assert_eq!(same, "`d`.`o`.`c` <=> `d`.`s`.`c`");
        }
    }

    #[test]
    fn text_is_compared_by_its_bytes_in_the_shadows_character_set() {
        let text = |charset| column(TypeName::VarChar, "varchar(9)", Some(charset));
        assert_eq!(
            spelled(text("latin1"), text("latin1")),
            "CAST(`d`.`o`.`c` AS BINARY) <=> CAST(`d`.`s`.`c` AS BINARY)"
        );
        assert_eq!(
            spelled(text("latin1"), text("utf8mb4")),
            "CAST(CONVERT(`d`.`o`.`c` USING utf8mb4) AS BINARY) <=> CAST(`d`.`s`.`c` AS BINARY)"
        );
    }

    #[test]
    fn an_enum_is_compared_by_its_members_place() {
        let of = |members| column(TypeName::Enum, members, Some("latin1"));
        assert_eq!(
            spelled(of("enum('a','b')"), of("enum('a','b')")),
            "(`d`.`o`.`c` + 0) <=> (`d`.`s`.`c` + 0)"
        );
        let reordered = spelled(of("enum('a','b')"), of("enum('b','a')"));
        assert!(reordered.contains("FIELD(") && reordered.contains("X'62', _utf8mb4 X'61'"));
    }
}
