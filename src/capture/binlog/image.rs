//! Where the columns of a table lie in its row images, so that a row is walked without decoding
//! anything but the few columns that are wanted.

use super::cursor::{Cursor, corrupt};
use crate::error::Result;

/// How a column's value lies in a row image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// So many bytes, always.
    Fixed(usize),
    /// A length of so many bytes, then the value.
    Prefixed(usize),
}

/// The columns of a table as its row images hold them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    columns: Vec<Column>,
    json_columns: usize,
    wanted: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    wire: Wire,
    /// The place among the wanted columns.
    slot: Option<usize>,
}

/// The wanted columns of one image, in the order in which they were wanted; `None` is not in it.
pub(super) type Found<'a> = Vec<Option<&'a [u8]>>;

/// One bit for each column, the first in the lowest bit of the first byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bitmap<'a>(&'a [u8]);

/// Set in a partial update's value options: some JSON columns hold differences.
const PARTIAL_JSON: usize = 1;

impl Layout {
    /// `wires` of all columns, of which those at the positions `wanted` are looked for.
    pub(super) fn new(wires: &[Wire], json_columns: usize, wanted: &[usize]) -> Self {
        let slot = |column| wanted.iter().position(|position| *position == column);
        let columns =
            wires.iter().enumerate().map(|(index, wire)| Column { wire: *wire, slot: slot(index) });
        Self { columns: columns.collect(), json_columns, wanted: wanted.len() }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Walks over one image and gives what is wanted of it. A partial image is the after image of
    /// a partial update. NULL is an error: no wanted column allows it.
    pub(super) fn walk<'a>(
        &self,
        images: &mut Cursor<'a>,
        present: Bitmap<'_>,
        partial: bool,
    ) -> Result<Found<'a>> {
        if partial && images.packed_length()? & PARTIAL_JSON != 0 {
            // Which JSON values are differences; their length is written like that of whole ones.
            images.take(self.json_columns.div_ceil(8))?;
        }
        let present_columns = (0..self.columns.len()).filter(|column| present.has(*column)).count();
        let nulls = Bitmap::read(images, present_columns)?;
        let mut found = vec![None; self.wanted];
        let mut nth = 0;
        for (index, column) in self.columns.iter().enumerate() {
            if !present.has(index) {
                continue;
            }
            let null = nulls.has(nth);
            nth += 1;
            match (null, column.slot) {
                (true, None) => {}
                (true, Some(_)) => return Err(corrupt("a NULL in a column of the key")),
                (false, slot) => {
                    let length = match column.wire {
                        Wire::Fixed(length) => length,
                        Wire::Prefixed(width) => images.length(width)?,
                    };
                    let value = images.take(length)?;
                    if let Some(slot) = slot {
                        found[slot] = Some(value);
                    }
                }
            }
        }
        Ok(found)
    }
}

impl<'a> Bitmap<'a> {
    /// Reads a bitmap of `bits` columns.
    pub(super) fn read(cursor: &mut Cursor<'a>, bits: usize) -> Result<Self> {
        cursor.take(bits.div_ceil(8)).map(Self)
    }

    pub(super) fn has(self, column: usize) -> bool {
        self.0.get(column / 8).is_some_and(|byte| byte >> (column % 8) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let wires = [Wire::Fixed(4), Wire::Prefixed(2), Wire::Fixed(1), Wire::Prefixed(1)];
        Layout::new(&wires, 1, &[3, 0])
    }

    #[test]
    fn wanted_columns_come_in_the_wanted_order() {
        let image = [0b0010, 1, 0, 0, 0, 9, 2, b'h', b'i'];
        let mut cursor = Cursor::new(&image);
        let found = layout().walk(&mut cursor, Bitmap(&[0b1111]), false).unwrap();
        assert_eq!(found, vec![Some(&b"hi"[..]), Some(&[1, 0, 0, 0][..])]);
        assert!(cursor.is_empty());
    }

    #[test]
    fn absent_columns_take_no_room_and_no_null_bit() {
        let image = [0b00, 3, 0, b'x', b'y', b'z', 1, b'k'];
        let found = layout().walk(&mut Cursor::new(&image), Bitmap(&[0b1010]), false).unwrap();
        assert_eq!(found, vec![Some(&b"k"[..]), None]);
    }

    #[test]
    fn a_partial_image_says_first_what_is_partial() {
        let whole = [0, 0b0000, 5, 0, 0, 0, 0, 0, 9, 0];
        let partial = [1, 1, 0b0000, 5, 0, 0, 0, 0, 0, 9, 0];
        for image in [&whole[..], &partial[..]] {
            let mut cursor = Cursor::new(image);
            let found = layout().walk(&mut cursor, Bitmap(&[0b1111]), true).unwrap();
            assert_eq!(found, vec![Some(&b""[..]), Some(&[5, 0, 0, 0][..])]);
            assert!(cursor.is_empty());
        }
    }

    #[test]
    fn a_short_image_or_a_null_key_is_an_error() {
        let image = [0b0000, 1, 0, 0, 0, 1, 0, b'x', 9, 2, b'h', b'i'];
        for length in 0..image.len() {
            let mut cursor = Cursor::new(&image[..length]);
            assert!(layout().walk(&mut cursor, Bitmap(&[0b1111]), false).is_err());
        }
        assert!(layout().walk(&mut Cursor::new(&[1]), Bitmap(&[1]), false).is_err());
    }
}
