//! One column of a key: how its values are read from the server and written as SQL.

use std::fmt::Write as _;

use super::{KeyColumn, KeyPart, PartType, Side, TableName, quote};
use crate::error::{Error, Result};

impl KeyColumn {
    /// The column's name on one side, unquoted.
    pub fn name_on(&self, side: Side) -> &str {
        match side {
            Side::Original => &self.name,
            Side::Shadow => &self.shadow_name,
        }
    }

    /// The column on one side, quoted, with its table if given.
    pub fn quoted(&self, side: Side, table: Option<&TableName>) -> String {
        let name = quote(self.name_on(side));
        table.map_or(name.clone(), |table| format!("{table}.{name}"))
    }

    /// An expression over the original that returns the value so that [`Self::parse`] reads it
    /// without loss, whatever the connection's character set. `column` is the quoted column, with
    /// its table if needed.
    pub fn select(&self, column: &str) -> String {
        match self.part {
            PartType::Integer { .. } => column.to_owned(),
            PartType::Year | PartType::Bit | PartType::Enum => format!("{column} + 0"),
            PartType::Decimal { .. }
            | PartType::Date
            | PartType::Time { .. }
            | PartType::DateTime { .. }
            | PartType::Timestamp { .. } => format!("CAST({column} AS CHAR)"),
            PartType::Text { .. } | PartType::VarBinary | PartType::Binary { .. } => {
                format!("HEX({column})")
            }
        }
    }

    /// Reads what [`Self::select`] returned (text protocol bytes).
    pub fn parse(&self, returned: &[u8]) -> Result<KeyPart> {
        let part = match self.part {
            PartType::Integer { unsigned: false, .. } => number(returned).map(KeyPart::Int),
            PartType::Integer { unsigned: true, .. }
            | PartType::Year
            | PartType::Bit
            | PartType::Enum => number(returned).map(KeyPart::UInt),
            PartType::Decimal { .. }
            | PartType::Date
            | PartType::Time { .. }
            | PartType::DateTime { .. }
            | PartType::Timestamp { .. } => Some(KeyPart::Bytes(returned.into())),
            PartType::Text { .. } | PartType::VarBinary | PartType::Binary { .. } => {
                unhex(returned).map(|bytes| KeyPart::Bytes(bytes.into()))
            }
        };
        part.ok_or_else(|| {
            Error::failed(
                "key_not_readable",
                format!(
                    "the server returned {:?} for key column `{}`",
                    String::from_utf8_lossy(returned),
                    self.name
                ),
            )
        })
    }

    /// The value as a literal to be compared with a *column*: the column's own collation decides,
    /// so indexes stay usable on both sides of a change of collation.
    pub fn literal(&self, part: &KeyPart) -> String {
        match (part, &self.part) {
            (KeyPart::Int(value), _) => value.to_string(),
            (KeyPart::UInt(value), _) => value.to_string(),
            (KeyPart::Bytes(bytes), PartType::Text { charset, .. }) => {
                format!("_{charset} X'{}'", hex(bytes))
            }
            (KeyPart::Bytes(bytes), PartType::VarBinary | PartType::Binary { .. }) => {
                format!("X'{}'", hex(bytes))
            }
            (KeyPart::Bytes(bytes), PartType::Decimal { .. }) => ascii(bytes),
            (KeyPart::Bytes(bytes), part) => {
                let keyword = match part {
                    PartType::Date => "DATE",
                    PartType::Time { .. } => "TIME",
                    _ => "TIMESTAMP",
                };
                format!("{keyword} '{}'", ascii(bytes))
            }
        }
    }

    /// The value as a literal to be compared with another *literal*: it carries the column's
    /// collation itself.
    pub fn collated_literal(&self, part: &KeyPart) -> String {
        match &self.part {
            PartType::Text { collation, .. } => {
                format!("{} COLLATE {collation}", self.literal(part))
            }
            _ => self.literal(part),
        }
    }
}

fn number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The digits of a decimal or temporal value; such bytes are ASCII by construction and anything
/// else is replaced, so that no value can leave its literal.
fn ascii(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'0'..=b'9' | b'-' | b'.' | b':' | b' ' => char::from(*byte),
            _ => '?',
        })
        .collect()
}

/// Bytes as upper-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02X}").expect("writing to a String cannot fail");
        text
    })
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
