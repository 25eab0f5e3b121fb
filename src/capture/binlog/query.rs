//! Statements as events hold them.

use std::borrow::Cow;

use super::cursor::{Cursor, corrupt};
use super::inflate::inflate;
use super::kind::is_compressed;
use super::statement::Statement;
use crate::error::Result;

/// The body of an event with a statement.
#[derive(Debug)]
pub(super) struct Query<'a> {
    /// The connection that ran it.
    pub(super) thread: u32,
    schema: &'a [u8],
    status: &'a [u8],
    text: Cow<'a, [u8]>,
}

/// What `LOAD DATA` adds to the head: a file's number, places in the text, how it treats duplicates.
const LOAD_HEAD: usize = 13;

impl<'a> Query<'a> {
    /// Reads the body of an event with type `code`; that of a `LOAD DATA` has more of a head.
    pub(super) fn parse(code: u8, is_load: bool, data: &'a [u8]) -> Result<Self> {
        let mut cursor = Cursor::new(data);
        let thread = u32::try_from(cursor.uint(4)?).unwrap_or_default();
        cursor.take(4)?; // how long it ran
        let schema_length = cursor.length(1)?;
        cursor.take(2)?; // its error
        let status_length = cursor.length(2)?;
        if is_load {
            cursor.take(LOAD_HEAD)?;
        }
        let status = cursor.take(status_length)?;
        let schema = cursor.take(schema_length)?;
        if cursor.u8()? != 0 {
            return Err(corrupt("a schema's name that does not end"));
        }
        let text = if is_compressed(code) {
            let mut text = Vec::new();
            inflate(cursor.rest(), &mut text)?;
            Cow::Owned(text)
        } else {
            Cow::Borrowed(cursor.rest())
        };
        Ok(Self { thread, schema, status, text })
    }

    /// The statement itself.
    pub(super) fn statement(&self) -> Result<Statement<'_>> {
        Statement::read(&self.text, self.schema, self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [u8; 13] = [5, 1, 0, 0, 9, 9, 9, 9, 2, 0, 0, 5, 0];
    const REST: &[u8] = b"\0\0\0\0\0db\0BEGIN";

    #[test]
    fn the_parts_of_a_statement() {
        let data = [&HEAD[..], REST].concat();
        let query = Query::parse(2, false, &data).unwrap();
        assert_eq!(query.thread, 261);
        let statement = query.statement().unwrap();
        assert_eq!((statement.schema, statement.text), (&b"db"[..], &b"BEGIN"[..]));
        let load = [&HEAD[..], &[7; LOAD_HEAD], REST].concat();
        let query = Query::parse(18, true, &load).unwrap();
        assert_eq!(query.statement().unwrap().text, b"BEGIN");
    }

    #[test]
    fn a_compressed_statement() {
        let mut data = [&HEAD[..], b"\0\0\0\0\0db\0\x81\x05"].concat();
        data.extend([0x78, 0x01, 1, 5, 0, 0xFA, 0xFF]); // stored, not deflated
        data.extend(b"BEGIN\x04\x18\x01\x66");
        let query = Query::parse(165, false, &data).unwrap();
        assert_eq!(query.statement().unwrap().text, b"BEGIN");
    }

    #[test]
    fn torn_statements_are_errors() {
        let data = [&HEAD[..], REST].concat();
        for length in 0..data.len() - 5 {
            assert!(Query::parse(2, false, &data[..length]).is_err(), "{length}");
        }
    }
}
