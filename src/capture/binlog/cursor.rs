//! A reader over an event's bytes that never reads past their end.

use crate::error::{Error, Result};

/// The bytes that are not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    left: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, left) =
            self.left.split_at_checked(count).ok_or_else(|| corrupt("an event that ends early"))?;
        self.left = left;
        Ok(taken)
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.left)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// A little-endian number of up to eight bytes.
    pub(super) fn uint(&mut self, width: usize) -> Result<u64> {
        Ok(little_endian(self.take(width)?))
    }

    /// A little-endian length of up to four bytes.
    pub(super) fn length(&mut self, width: usize) -> Result<usize> {
        as_length(self.uint(width)?)
    }

    /// A length-encoded integer that counts bytes or columns.
    pub(super) fn packed_length(&mut self) -> Result<usize> {
        match self.u8()? {
            small @ 0..=250 => Ok(usize::from(small)),
            252 => self.length(2),
            253 => self.length(3),
            254 => self.length(8),
            _ => Err(corrupt("a length that is no length")),
        }
    }
}

/// A little-endian unsigned number of up to eight bytes.
pub(super) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A big-endian unsigned number of up to eight bytes.
pub(super) fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// What is in the log cannot be read as what it says it is.
pub(super) fn corrupt(what: &str) -> Error {
    Error::failed("event_not_readable", format!("the binary log holds {what}")).hint(
        "check the server's disk and its error log; if the server is newer than this zosc, \
         use a newer zosc or capture by triggers",
    )
}

fn as_length(number: u64) -> Result<usize> {
    usize::try_from(number).map_err(|_| corrupt("a length that no event can have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_to_the_end_and_no_further() {
        let mut cursor = Cursor::new(&[1, 2, 0, 252, 0, 1, 9]);
        assert_eq!(cursor.u8().unwrap(), 1);
        assert_eq!(cursor.uint(2).unwrap(), 2);
        assert_eq!(cursor.packed_length().unwrap(), 256);
        assert!(cursor.take(2).is_err());
        assert_eq!(cursor.rest(), [9]);
        assert!(cursor.is_empty() && cursor.u8().is_err());
    }

    #[test]
    fn a_null_marker_is_no_length() {
        assert!(Cursor::new(&[251]).packed_length().is_err());
        assert!(Cursor::new(&[255]).packed_length().is_err());
    }
}
