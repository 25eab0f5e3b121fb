//! What the shadow should hold: the original's value, converted as the server's assignment does,
//! spelled as an expression.
//!
//! Where an expression cannot follow the assignment exactly, it errs to the side of a false alarm,
//! never of a miss. That is so for: unusual texts in a new `ENUM` or `SET` (numbers taken as an
//! index, members named twice); text that is cut in bytes; a number with a fraction that becomes
//! text, if it is below 0.0001 or the column has not room for all its digits; a `TIME` that becomes
//! a `DATETIME`, across midnight; and what becomes a type that zosc does not know.

use super::members::members;
use crate::mysql::{Flavour, text};
use crate::schema::{Column, TypeName};

/// The value of column `from`, spelled `value`, as column `to` would store it: an expression for
/// [`super::equal::same`].
pub(super) fn converted(flavour: Flavour, from: &Column, to: &Column, value: &str) -> String {
    match to.type_name {
        TypeName::Enum => enum_index(from, to, value),
        TypeName::Set => set_bits(from, to, value),
        _ if same_type(from, to) => value.to_owned(),
        name if name.is_integer() => integer(from, to, value),
        TypeName::Bit => bit(from, value),
        TypeName::Year => year(from, value),
        TypeName::Decimal => {
            let (precision, scale) = (to.precision.unwrap_or(10), to.scale.unwrap_or(0));
            format!("CAST({} AS DECIMAL({precision}, {scale}))", plain(from, value))
        }
        TypeName::Float => float(flavour, from, to, value, "FLOAT"),
        TypeName::Double => float(flavour, from, to, value, "DOUBLE"),
        TypeName::Date => date(from, value),
        TypeName::DateTime | TypeName::Timestamp => {
            format!("CAST({value} AS DATETIME({}))", to.fsp.unwrap_or(0))
        }
        TypeName::Time => format!("CAST({value} AS TIME({}))", to.fsp.unwrap_or(0)),
        TypeName::Char | TypeName::VarChar | TypeName::Text => string(from, to, value),
        TypeName::Binary | TypeName::VarBinary | TypeName::Blob => bytes(from, to, value),
        TypeName::Json if from.type_name != TypeName::Json => format!("CAST({value} AS JSON)"),
        TypeName::Other if flavour == Flavour::Mariadb && can_be_cast_to(&to.column_type) => {
            format!("CAST({value} AS {})", to.column_type)
        }
        _ => value.to_owned(),
    }
}

/// The types of MariaDB whose text has several spellings, and that a cast knows.
fn can_be_cast_to(column_type: &str) -> bool {
    matches!(column_type, "uuid" | "inet4" | "inet6")
}

/// The same value for `column = …`, so that an index on the column can be used: text carries the
/// column's collation.
pub(crate) fn lookup(flavour: Flavour, from: &Column, to: &Column, value: &str) -> String {
    if to.type_name == TypeName::Enum && same_type(from, to) {
        return value.to_owned();
    }
    match &to.collation {
        Some(_) if !same_type(from, to) || from.collation != to.collation => {
            collated(from, to, value)
        }
        _ => converted(flavour, from, to, value),
    }
}

/// Whether a value passes from one to the other bit for bit.
pub(super) fn same_type(from: &Column, to: &Column) -> bool {
    from.type_name == to.type_name
        && from.column_type == to.column_type
        && from.charset == to.charset
}

fn integer(from: &Column, to: &Column, value: &str) -> String {
    match from.type_name {
        name if name.is_integer() => value.to_owned(),
        name if is_number_like(name) => format!("({value} + 0)"),
        TypeName::Decimal => format!("ROUND({value})"),
        // With a carry: the second after 12:59:59.7 is 13:00:00.
        TypeName::Date | TypeName::Time | TypeName::DateTime | TypeName::Timestamp => {
            format!("CAST({value} AS SIGNED)")
        }
        // As whole numbers: a comparison of a whole number with a DOUBLE loses the low bits.
        TypeName::Float | TypeName::Double => {
            format!("CAST({value} AS {})", if to.unsigned { "UNSIGNED" } else { "SIGNED" })
        }
        _ => format!("ROUND(CAST({} AS DECIMAL(65, 30)))", plain(from, value)),
    }
}

fn bit(from: &Column, value: &str) -> String {
    if is_text(from) || is_binary(from) {
        format!("CAST(CONV(HEX({value}), 16, 10) AS UNSIGNED)")
    } else {
        format!("({value} + 0)")
    }
}

/// Years of one or two digits are years of our time; only the number 0 is the year 0000.
fn year(from: &Column, value: &str) -> String {
    let number = match from.type_name {
        TypeName::Date | TypeName::DateTime | TypeName::Timestamp => {
            return format!("YEAR({value})");
        }
        _ => format!("({} + 0)", plain(from, value)),
    };
    let zero = u8::from(!is_text(from));
    format!(
        "({number} + CASE WHEN {number} BETWEEN {zero} AND 69 THEN 2000 \
         WHEN {number} BETWEEN 70 AND 99 THEN 1900 ELSE 0 END)"
    )
}

/// A number of digits after the point rounds the fraction; on MySQL that of other types' values only.
fn float(flavour: Flavour, from: &Column, to: &Column, value: &str, target: &str) -> String {
    if from.type_name == to.type_name && (flavour == Flavour::Mysql || to.scale.is_none()) {
        return value.to_owned();
    }
    let value = plain(from, value);
    match to.scale {
        Some(scale) => {
            let whole = format!("FLOOR(CAST({value} AS DOUBLE))");
            let rest = format!("ROUND((CAST({value} AS DOUBLE) - {whole}) * 1e{scale})");
            format!("CAST({whole} + {rest} / 1e{scale} AS {target})")
        }
        None => format!("CAST({value} AS {target})"),
    }
}

/// A time of day is rounded to whole seconds before it is left out: the last half second of a day
/// belongs to the next.
fn date(from: &Column, value: &str) -> String {
    match from.type_name {
        TypeName::DateTime | TypeName::Timestamp => {
            format!("CAST(CAST({value} AS DATETIME(0)) AS DATE)")
        }
        _ => format!("CAST({value} AS DATE)"),
    }
}

/// A number, unless it is text: for casts that read both.
fn plain(from: &Column, value: &str) -> String {
    match from.type_name {
        TypeName::Bit
        | TypeName::Year
        | TypeName::Date
        | TypeName::Time
        | TypeName::DateTime
        | TypeName::Timestamp => format!("({value} + 0)"),
        _ => value.to_owned(),
    }
}

fn string(from: &Column, to: &Column, value: &str) -> String {
    let mut text = in_charset_of(from, to, value);
    if is_binary(from) || from.type_name == TypeName::Geometry {
        return text;
    }
    if let (TypeName::Char, true) = (to.type_name, from.type_name != TypeName::Char) {
        text = format!("TRIM(TRAILING ' ' FROM {text})");
    }
    match to.chars {
        // Trailing spaces that do not fit are left out silently; anything else is an error.
        Some(most) if is_text(from) && from.chars.is_none_or(|chars| chars > most) => format!(
            "IF(CHAR_LENGTH(TRIM(TRAILING ' ' FROM {text})) <= {most}, LEFT({text}, {most}), {text})"
        ),
        _ => text,
    }
}

/// The value as text in the column's character set. Bytes stay as they are.
fn in_charset_of(from: &Column, to: &Column, value: &str) -> String {
    if is_binary(from) || from.type_name == TypeName::Geometry {
        return value.to_owned();
    }
    if is_text(from) && from.charset == to.charset {
        return value.to_owned();
    }
    let value = if is_text(from) { value.to_owned() } else { digits(from, to, value) };
    match &to.charset {
        Some(charset) => format!("CONVERT({value} USING {charset})"),
        None => value,
    }
}

/// A number as the server stores it in text: with the zeros of `ZEROFILL` and few digits of a FLOAT
/// in a `TEXT` or `BLOB`, without them and with all digits in other columns.
fn digits(from: &Column, to: &Column, value: &str) -> String {
    let as_shown = matches!(to.type_name, TypeName::Text | TypeName::Blob);
    match from.type_name {
        TypeName::Float if !as_shown => format!("CAST(CAST({value} AS DOUBLE) AS CHAR)"),
        // The bits' bytes.
        TypeName::Bit if as_shown => format!("CAST({value} AS BINARY)"),
        name if !as_shown && (name.is_integer() || is_number_like(name)) => {
            format!("CAST({value} + 0 AS CHAR)")
        }
        _ => format!("CAST({value} AS CHAR)"),
    }
}

fn bytes(from: &Column, to: &Column, value: &str) -> String {
    let value = if is_binary(from) || from.type_name == TypeName::Geometry {
        value.to_owned()
    } else if is_text(from) {
        format!("CAST({value} AS BINARY)")
    } else {
        format!("CAST({} AS BINARY)", digits(from, to, value))
    };
    match (to.type_name, to.octets) {
        (TypeName::Binary, Some(length)) => {
            format!("RPAD({value}, GREATEST({length}, OCTET_LENGTH({value})), X'00')")
        }
        _ => value,
    }
}

/// The member's number, 0 for the error value, -1 when there is no such member.
fn enum_index(from: &Column, to: &Column, value: &str) -> String {
    if same_type(from, to) {
        return format!("({value} + 0)");
    }
    if !is_text(from) && !is_binary(from) && from.type_name != TypeName::Json {
        return format!("ROUND({} + 0)", plain(from, value));
    }
    let zero = if from.type_name == TypeName::Enum {
        format!("WHEN {value} + 0 = 0 THEN 0 ")
    } else {
        String::new()
    };
    let list: Vec<String> = members(&to.column_type).iter().map(|member| text(member)).collect();
    format!(
        "CASE WHEN {value} IS NULL THEN NULL {zero}ELSE \
         COALESCE(NULLIF(FIELD(TRIM(TRAILING ' ' FROM {}), {}), 0), -1) END",
        collated(from, to, value),
        list.join(", ")
    )
}

/// The members' bits; -1 when the text names more than the column has.
fn set_bits(from: &Column, to: &Column, value: &str) -> String {
    if same_type(from, to) {
        return format!("({value} + 0)");
    }
    if !is_text(from) && !is_binary(from) && from.type_name != TypeName::Json {
        return format!("ROUND({} + 0)", plain(from, value));
    }
    let named = collated(from, to, value);
    let bits = members(&to.column_type)
        .iter()
        .enumerate()
        .map(|(bit, member)| format!("((FIND_IN_SET({}, {named}) > 0) << {bit})", text(member)))
        .collect::<Vec<_>>()
        .join(" | ");
    format!(
        "IF(BIT_COUNT({bits}) = IF({value} = '', 0, \
         CHAR_LENGTH({value}) - CHAR_LENGTH(REPLACE({value}, ',', '')) + 1), {bits}, \
         IF({value} IS NULL, NULL, -1))"
    )
}

fn collated(from: &Column, to: &Column, value: &str) -> String {
    let text = match &to.charset {
        Some(charset) if is_binary(from) => format!("CONVERT({value} USING {charset})"),
        _ => in_charset_of(from, to, value),
    };
    match &to.collation {
        Some(collation) => format!("{text} COLLATE {collation}"),
        None => text,
    }
}

fn is_number_like(name: TypeName) -> bool {
    matches!(name, TypeName::Bit | TypeName::Year)
}

fn is_text(column: &Column) -> bool {
    matches!(
        column.type_name,
        TypeName::Char | TypeName::VarChar | TypeName::Text | TypeName::Enum | TypeName::Set
    )
}

fn is_binary(column: &Column) -> bool {
    matches!(column.type_name, TypeName::Binary | TypeName::VarBinary | TypeName::Blob)
}
