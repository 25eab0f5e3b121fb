//! MariaDB's GTID events. Each begins a transaction: no `BEGIN` follows.

use super::cursor::Cursor;
use super::xa::Xid;
use crate::error::Result;

/// What follows the event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// A transaction, up to its commit.
    Transaction,
    /// An XA transaction, up to its `XA PREPARE`.
    Xa(Xid),
    /// A single statement: nothing else marks its end.
    Statement,
}

/// A single statement follows.
const STANDALONE: u8 = 1;
/// The transaction was committed together with others; their number comes first.
const GROUP_COMMIT: u8 = 2;
/// The transaction is only prepared.
const PREPARED: u8 = 64;

/// Reads the body of a GTID event.
pub(super) fn parse(data: &[u8]) -> Result<Begins> {
    let mut cursor = Cursor::new(data);
    cursor.take(12)?; // sequence number and domain
    let flags = cursor.u8()?;
    if flags & STANDALONE != 0 {
        return Ok(Begins::Statement);
    }
    if flags & PREPARED == 0 {
        return Ok(Begins::Transaction);
    }
    if flags & GROUP_COMMIT != 0 {
        cursor.take(8)?;
    }
    let format = cursor.uint(4)?;
    let (global, branch) = (cursor.length(1)?, cursor.length(1)?);
    let (global, branch) = (cursor.take(global)?, cursor.take(branch)?);
    Ok(Begins::Xa(Xid::new(format, global, branch)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(flags: u8, rest: &[u8]) -> Vec<u8> {
        [&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, flags], rest].concat()
    }

    #[test]
    fn what_servers_wrote() {
        let read = |flags, rest: &[u8]| parse(&event(flags, rest)).unwrap();
        assert_eq!(read(0x0C, &[0; 6]), Begins::Transaction);
        assert_eq!(read(0x0E, &[1, 0, 0, 0, 0, 0, 0, 0]), Begins::Transaction);
        assert_eq!(read(0x29, &[0; 6]), Begins::Statement);
        let xid = Xid::from_statement("XA COMMIT X'6101FF',X'62',7").unwrap();
        let name = [7, 0, 0, 0, 3, 1, 0x61, 0x01, 0xFF, 0x62];
        assert_eq!(read(0x4C, &[&name[..], &[1, 0xFF]].concat()), Begins::Xa(xid.clone()));
        assert_eq!(read(0x4E, &[&[9; 8][..], &name].concat()), Begins::Xa(xid));
        assert_eq!(read(0x8D, &name), Begins::Statement, "an XA COMMIT or XA ROLLBACK");
    }

    #[test]
    fn torn_events_are_errors() {
        let whole = event(0x4C, &[7, 0, 0, 0, 3, 1, 0x61, 0x01, 0xFF, 0x62]);
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "{length}");
        }
    }
}
