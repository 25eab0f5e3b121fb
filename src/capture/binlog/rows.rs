//! Rows events: whose rows they hold, and the keys in them.

use std::borrow::Cow;

use super::cursor::{Cursor, corrupt};
use super::image::{Bitmap, Found, Layout};
use super::inflate::inflate;
use super::kind::{Change, has_extra_data, is_compressed};
use super::value::decode;
use crate::error::{Error, Result};
use crate::schema::{Key, PartType};

/// A rows event, its images not walked yet.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    columns: usize,
    before: Option<Bitmap<'a>>,
    after: Option<Bitmap<'a>>,
    partial: bool,
    images: Cursor<'a>,
}

/// One row: what is wanted of its images.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) before: Option<Found<'a>>,
    pub(super) after: Option<Found<'a>>,
}

/// How the key's columns are spelled in row images.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeyReader {
    /// For each column of the key: its name, its spelling, whether it is zero-filled.
    pub(super) parts: Vec<(String, PartType, bool)>,
}

/// Which table a rows event speaks of. Nothing else of the event is read.
pub(super) fn table_id(data: &[u8]) -> Result<u64> {
    Cursor::new(data).uint(6)
}

/// The body of a rows event with type `code`, its images as they were before the server compressed
/// them.
pub(super) fn body(change: Change, code: u8, data: &[u8]) -> Result<Cow<'_, [u8]>> {
    if !is_compressed(code) {
        return Ok(Cow::Borrowed(data));
    }
    let packed = Rows::parse(change, code, data)?.images.rest();
    let mut body = data[..data.len() - packed.len()].to_vec();
    inflate(packed, &mut body)?;
    Ok(Cow::Owned(body))
}

impl<'a> Rows<'a> {
    /// Reads the head of a rows event with type `code`.
    pub(super) fn parse(change: Change, code: u8, data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        cursor.take(8)?; // table id and flags
        if has_extra_data(code) {
            let extra = cursor.length(2)?;
            cursor.take(extra.saturating_sub(2))?;
        }
        let columns = cursor.packed_length()?;
        let mut bitmap = |there: bool| {
            if there { Bitmap::read(&mut cursor, columns).map(Some) } else { Ok(None) }
        };
        let before = bitmap(change != Change::Write)?;
        let after = bitmap(change != Change::Delete)?;
        let partial = change == Change::PartialUpdate;
        Ok(Self { columns, before, after, partial, images: cursor })
    }

    /// Whether the images are those of a table with so many columns.
    pub(super) fn check(&self, layout: &Layout) -> Result<()> {
        if self.columns == layout.columns() {
            return Ok(());
        }
        Err(corrupt("rows with another number of columns than their table map"))
    }

    /// The next row, if there is one.
    pub(super) fn next(&mut self, layout: &Layout) -> Result<Option<Row<'a>>> {
        if self.images.is_empty() {
            return Ok(None);
        }
        let images = &mut self.images;
        let mut walk = |present: Option<Bitmap<'_>>, partial| {
            present.map(|present| layout.walk(images, present, partial)).transpose()
        };
        let before = walk(self.before, false)?;
        let after = walk(self.after, self.partial)?;
        Ok(Some(Row { before, after }))
    }
}

impl KeyReader {
    /// Adds the row's key to `keys`; when an update changed it, both.
    pub(super) fn read(&self, row: Row<'_>, keys: &mut Vec<Key>) -> Result<()> {
        let Row { before, after } = row;
        if let (Some(before), Some(after)) = (&before, &after) {
            // An after image without a column of the key means that the column is as before.
            let merged: Found<'_> =
                after.iter().zip(before).map(|(new, old)| new.or(*old)).collect();
            if merged != *before {
                keys.push(self.key(&merged)?);
            }
        }
        let image = before.or(after).ok_or_else(|| corrupt("a row without an image"))?;
        keys.push(self.key(&image)?);
        Ok(())
    }

    fn key(&self, found: &Found<'_>) -> Result<Key> {
        let parts = self.parts.iter().zip(found).map(|((name, part, zerofill), value)| {
            let value = value.ok_or_else(|| not_in_image(name))?;
            decode(part, *zerofill, value)
        });
        Ok(Key(parts.collect::<Result<_>>()?))
    }
}

fn not_in_image(column: &str) -> Error {
    Error::failed(
        "key_not_in_image",
        format!("a row was logged without column `{column}` of the key"),
    )
    .hint("let every session write with `binlog_row_image=FULL`, or use the primary key")
}

#[cfg(test)]
mod tests {
    use super::super::image::Wire;
    use super::*;
    use crate::schema::KeyPart;

    fn reader() -> (Layout, KeyReader) {
        let layout = Layout::new(&[Wire::Fixed(1), Wire::Fixed(1), Wire::Prefixed(1)], 0, &[1]);
        let part = PartType::Integer { unsigned: false, bytes: 1 };
        (layout, KeyReader { parts: vec![("id".into(), part, false)] })
    }

    fn keys_of(change: Change, code: u8, rest: &[u8]) -> Result<Vec<i64>> {
        let (layout, reader) = reader();
        let mut data = vec![7, 0, 0, 0, 0, 0, 1, 0];
        if has_extra_data(code) {
            data.extend([2, 0]);
        }
        data.push(3);
        data.extend(rest);
        assert_eq!(table_id(&data).unwrap(), 7);
        let data = body(change, code, &data)?;
        let mut rows = Rows::parse(change, code, &data)?;
        rows.check(&layout)?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next(&layout)? {
            reader.read(row, &mut keys)?;
        }
        Ok(keys
            .iter()
            .map(|key| match key.0[0] {
                KeyPart::Int(value) => value,
                _ => unreachable!("the key is an integer"),
            })
            .collect())
    }

    #[test]
    fn writes_and_deletes_of_both_versions() {
        let rows = [0b111, 0, 9, 5, 1, b'x', 0b100, 9, 6];
        for (change, codes) in [(Change::Write, [23, 30]), (Change::Delete, [25, 32])] {
            for code in codes {
                assert_eq!(keys_of(change, code, &rows).unwrap(), [5, 6]);
            }
        }
    }

    #[test]
    fn compressed_writes_of_both_versions() {
        let stored = [0x78, 0x01, 1, 3, 0, 0xFC, 0xFF, 0, 9, 5];
        let rest = [&[0b011, 0x81, 3], &stored[..], &[0, 0x1A, 0, 0x0F]].concat();
        for code in [166, 169] {
            assert_eq!(keys_of(Change::Write, code, &rest).unwrap(), [5]);
            assert!(keys_of(Change::Write, code, &rest[..rest.len() - 1]).is_err());
        }
    }

    #[test]
    fn an_update_of_the_key_gives_both() {
        let same = [0b111, 0b111, 0, 9, 5, 0, 0, 8, 5, 0];
        assert_eq!(keys_of(Change::Update, 31, &same).unwrap(), [5]);
        let moved = [0b111, 0b111, 0, 9, 5, 0, 0, 9, 6, 0];
        assert_eq!(keys_of(Change::Update, 31, &moved).unwrap(), [6, 5]);
    }

    #[test]
    fn a_minimal_after_image_keeps_the_key() {
        let minimal = [0b010, 0b001, 0, 5, 0, 8];
        assert_eq!(keys_of(Change::Update, 31, &minimal).unwrap(), [5]);
    }

    #[test]
    fn an_image_without_the_key_is_an_error() {
        let without = [0b001, 0b010, 0, 5, 0, 8];
        assert_eq!(keys_of(Change::Update, 31, &without).unwrap_err().code, "key_not_in_image");
        assert_eq!(keys_of(Change::Delete, 32, &[1, 0, 5]).unwrap_err().code, "key_not_in_image");
        assert_eq!(keys_of(Change::Write, 30, &[1, 0, 5]).unwrap_err().code, "key_not_in_image");
    }

    #[test]
    fn torn_events_are_errors() {
        let rows = [0b111, 0, 9, 5, 1, b'x'];
        for length in 2..rows.len() {
            assert!(keys_of(Change::Write, 30, &rows[..length]).is_err());
        }
        assert!(Rows::parse(Change::Write, 30, &[1, 2, 3]).is_err());
    }
}
