//! Table maps: which table the next rows belong to, and what the log thinks its columns are.

use super::cursor::{Cursor, corrupt};
use super::image::{Bitmap, Wire};
use super::{decimal, temporal};
use crate::error::Result;

/// A table map event.
#[derive(Debug)]
pub(super) struct TableMap<'a> {
    pub(super) id: u64,
    pub(super) schema: &'a [u8],
    pub(super) table: &'a [u8],
    /// What describes the columns; read only for a table that matters.
    pub(super) columns: &'a [u8],
}

/// A column as the log describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Described {
    /// The type's code, the real one where the log hides it (`ENUM`, `SET`).
    pub(super) code: u8,
    /// What else there is to know, by the type: a length, precision and scale, digits.
    pub(super) meta: u16,
    /// Whether NULL is allowed.
    pub(super) nullable: bool,
    /// Whether a number is unsigned, if the log says so.
    pub(super) unsigned: Option<bool>,
}

/// The type codes of the log.
pub(super) mod code {
    pub(in super::super) const TINY: u8 = 1;
    pub(in super::super) const SHORT: u8 = 2;
    pub(in super::super) const LONG: u8 = 3;
    pub(in super::super) const FLOAT: u8 = 4;
    pub(in super::super) const DOUBLE: u8 = 5;
    pub(in super::super) const LONGLONG: u8 = 8;
    pub(in super::super) const INT24: u8 = 9;
    pub(in super::super) const DATE: u8 = 10;
    pub(in super::super) const YEAR: u8 = 13;
    pub(in super::super) const VARCHAR: u8 = 15;
    pub(in super::super) const BIT: u8 = 16;
    pub(in super::super) const TIMESTAMP2: u8 = 17;
    pub(in super::super) const DATETIME2: u8 = 18;
    pub(in super::super) const TIME2: u8 = 19;
    /// MariaDB's `COMPRESSED` columns.
    pub(in super::super) const BLOB_COMPRESSED: u8 = 140;
    pub(in super::super) const VARCHAR_COMPRESSED: u8 = 141;
    pub(in super::super) const VECTOR: u8 = 242;
    pub(in super::super) const JSON: u8 = 245;
    pub(in super::super) const NEWDECIMAL: u8 = 246;
    pub(in super::super) const ENUM: u8 = 247;
    pub(in super::super) const SET: u8 = 248;
    pub(in super::super) const BLOB: u8 = 252;
    pub(in super::super) const STRING: u8 = 254;
    pub(in super::super) const GEOMETRY: u8 = 255;
}

/// The optional field that says which numbers are unsigned.
const SIGNEDNESS: u8 = 1;

impl<'a> TableMap<'a> {
    pub(super) fn parse(data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let id = cursor.uint(6)?;
        cursor.take(2)?; // flags
        let mut name = || -> Result<&'a [u8]> {
            let length = cursor.length(1)?;
            let name = cursor.take(length)?;
            cursor.take(1)?; // the name ends in a zero byte that its length does not count
            Ok(name)
        };
        let (schema, table) = (name()?, name()?);
        Ok(Self { id, schema, table, columns: cursor.rest() })
    }

    /// The columns, from left to right.
    pub(super) fn describe(&self) -> Result<Vec<Described>> {
        let mut cursor = Cursor::new(self.columns);
        let count = cursor.packed_length()?;
        let codes = cursor.take(count)?;
        let meta_length = cursor.packed_length()?;
        let mut meta = Cursor::new(cursor.take(meta_length)?);
        let nullable = Bitmap::read(&mut cursor, count)?;
        let mut columns = Vec::with_capacity(count);
        for (index, code) in codes.iter().enumerate() {
            let (code, meta) = read_meta(*code, &mut meta)?;
            columns.push(Described { code, meta, nullable: nullable.has(index), unsigned: None });
        }
        while !cursor.is_empty() {
            let field = cursor.u8()?;
            let length = cursor.packed_length()?;
            let value = cursor.take(length)?;
            if field == SIGNEDNESS {
                let numbers = columns.iter_mut().filter(|column| is_number(column.code));
                for (nth, column) in numbers.enumerate() {
                    let byte = *value.get(nth / 8).ok_or_else(|| corrupt("a torn table map"))?;
                    column.unsigned = Some(byte << (nth % 8) & 0x80 != 0);
                }
            }
        }
        Ok(columns)
    }
}

fn read_meta(code: u8, meta: &mut Cursor<'_>) -> Result<(u8, u16)> {
    let two = |meta: &mut Cursor<'_>| Ok::<_, crate::error::Error>((meta.u8()?, meta.u8()?));
    Ok(match code {
        code::FLOAT
        | code::DOUBLE
        | code::TIMESTAMP2
        | code::DATETIME2
        | code::TIME2
        | code::VECTOR
        | code::JSON
        | code::BLOB
        | code::BLOB_COMPRESSED
        | code::GEOMETRY => (code, u16::from(meta.u8()?)),
        code::VARCHAR | code::VARCHAR_COMPRESSED => {
            let (low, high) = two(meta)?;
            (code, u16::from_le_bytes([low, high]))
        }
        code::NEWDECIMAL | code::BIT => {
            let (first, second) = two(meta)?;
            (code, u16::from_be_bytes([first, second]))
        }
        code::STRING => {
            // The real type, into whose bits 4 and 5 the length's bits 8 and 9 are mixed, inverted.
            let (mixed, low) = two(meta)?;
            let high = !mixed & 0x30;
            (mixed | 0x30, u16::from(high) << 4 | u16::from(low))
        }
        code::TINY
        | code::SHORT
        | code::INT24
        | code::LONG
        | code::LONGLONG
        | code::DATE
        | code::YEAR => (code, 0),
        other => return Err(corrupt(&format!("a column of the unknown type {other}"))),
    })
}

/// The types that have a bit in the signedness field; YEAR has one too.
fn is_number(code: u8) -> bool {
    matches!(
        code,
        code::TINY
            | code::SHORT
            | code::INT24
            | code::LONG
            | code::LONGLONG
            | code::NEWDECIMAL
            | code::FLOAT
            | code::DOUBLE
            | code::YEAR
    )
}

impl Described {
    /// How the column's values lie in a row image.
    pub(super) fn wire(self) -> Result<Wire> {
        let [first, second] = self.meta.to_be_bytes();
        let fraction = temporal::fraction_size(second);
        Ok(match self.code {
            code::TINY | code::YEAR => Wire::Fixed(1),
            code::SHORT => Wire::Fixed(2),
            code::INT24 | code::DATE => Wire::Fixed(3),
            code::LONG | code::FLOAT => Wire::Fixed(4),
            code::LONGLONG | code::DOUBLE => Wire::Fixed(8),
            code::TIMESTAMP2 => Wire::Fixed(4 + fraction),
            code::DATETIME2 => Wire::Fixed(5 + fraction),
            code::TIME2 => Wire::Fixed(3 + fraction),
            code::NEWDECIMAL => Wire::Fixed(decimal::size(first, second)),
            code::BIT => Wire::Fixed(usize::from(second) + usize::from(first > 0)),
            code::ENUM | code::SET => Wire::Fixed(usize::from(self.meta)),
            code::STRING | code::VARCHAR | code::VARCHAR_COMPRESSED => {
                Wire::Prefixed(1 + usize::from(self.meta > 255))
            }
            code::JSON | code::BLOB | code::BLOB_COMPRESSED | code::GEOMETRY | code::VECTOR => {
                Wire::Prefixed(usize::from(self.meta))
            }
            other => return Err(corrupt(&format!("a column of the unknown type {other}"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(columns: &[u8]) -> Vec<u8> {
        let mut data = vec![9, 1, 0, 0, 0, 0, 1, 0, 1, b'd', 0, 2, b't', b't', 0];
        data.extend(columns);
        data
    }

    #[test]
    fn names_and_columns() {
        let data = map(&[
            4,
            code::LONG,
            code::STRING,
            code::STRING,
            code::NEWDECIMAL, // types
            6,
            0xCE,
            0xFC,
            247,
            1,
            10,
            2,      // metadata: CHAR of 1020 bytes, ENUM, DECIMAL(10,2)
            0b0010, // nullable
            1,
            1,
            0b1000_0000, // signedness of the two numbers
        ]);
        let map = TableMap::parse(&data).unwrap();
        assert_eq!((map.id, map.schema, map.table), (265, &b"d"[..], &b"tt"[..]));
        let columns = map.describe().unwrap();
        assert_eq!(columns[0].unsigned, Some(true));
        assert_eq!((columns[1].code, columns[1].meta), (code::STRING, 1020));
        assert!(columns[1].nullable && !columns[0].nullable);
        assert_eq!((columns[2].code, columns[2].meta), (code::ENUM, 1));
        assert_eq!(columns[3].unsigned, Some(false));
        let wires: Vec<Wire> = columns.iter().map(|column| column.wire().unwrap()).collect();
        assert_eq!(wires, [Wire::Fixed(4), Wire::Prefixed(2), Wire::Fixed(1), Wire::Fixed(5)],);
    }

    /// As MariaDB 10.11 wrote VARCHAR(100), VARCHAR(255) and BLOB, all of them COMPRESSED.
    #[test]
    fn compressed_columns_are_passed_over() {
        let data = map(&[3, 141, 141, 140, 5, 101, 0, 0, 1, 2, 0b111]);
        let columns = TableMap::parse(&data).unwrap().describe().unwrap();
        let wires: Vec<Wire> = columns.iter().map(|column| column.wire().unwrap()).collect();
        assert_eq!(wires, [Wire::Prefixed(1), Wire::Prefixed(2), Wire::Prefixed(2)]);
    }

    #[test]
    fn a_torn_map_is_an_error() {
        let data = map(&[2, code::VARCHAR, code::BIT, 4, 0, 1, 1, 1, 0]);
        assert!(TableMap::parse(&data).unwrap().describe().is_ok());
        for length in 0..data.len() {
            let read = TableMap::parse(&data[..length]).and_then(|map| map.describe());
            assert!(read.is_err(), "{length}");
        }
    }

    #[test]
    fn an_unknown_type_is_an_error() {
        let data = map(&[1, 7, 0, 0]);
        assert!(TableMap::parse(&data).unwrap().describe().is_err());
    }
}
