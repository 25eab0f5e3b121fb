//! XA transactions: their rows are logged when they are prepared and count when they are committed.

use std::fmt;

use super::cursor::Cursor;
use super::position::Position;
use super::tables::Seen;
use crate::error::{Error, Result};
use crate::schema::{Key, hex};

/// The name of an XA transaction, in the spelling of the log: `X'61',X'',1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Xid(String);

/// A prepared transaction that is neither committed nor rolled back.
#[derive(Debug)]
struct Prepared {
    xid: Xid,
    seen: Seen,
    /// Bytes that its keys take.
    weight: usize,
    /// Where the stream must be taken up to meet it again.
    before: Position,
}

/// All prepared transactions, the oldest first.
#[derive(Debug)]
pub(super) struct Open {
    prepared: Vec<Prepared>,
    /// Bytes that keys may take while they wait for their commit.
    room: usize,
}

/// Some five million keys of one integer.
const ROOM: usize = 512 << 20;

impl Xid {
    /// From `XA START X'61',X'',1`, as the server writes it.
    pub(super) fn from_statement(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().nth(2).map(|xid| Self(xid.to_ascii_uppercase()))
    }

    /// From its format's number and its two parts.
    pub(super) fn new(format: u64, global: &[u8], branch: &[u8]) -> Self {
        Self(format!("X'{}',X'{}',{format}", hex(global), hex(branch)))
    }

    /// From the body of an XA PREPARE event; also whether it was committed in one phase.
    pub(super) fn from_event(data: &[u8]) -> Result<(Self, bool)> {
        let mut cursor = Cursor::new(data);
        let one_phase = cursor.u8()? != 0;
        let format = cursor.uint(4)?;
        let (global, branch) = (cursor.length(4)?, cursor.length(4)?);
        let (global, branch) = (cursor.take(global)?, cursor.take(branch)?);
        Ok((Self::new(format, global, branch), one_phase))
    }
}

impl fmt::Display for Xid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Default for Open {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl Open {
    /// With so many bytes for keys.
    pub(super) fn with_room(room: usize) -> Self {
        Self { prepared: Vec::new(), room }
    }

    /// Whether there is room for an XA transaction whose keys take so many bytes by now.
    pub(super) fn make_room(&self, xid: &Xid, weight: usize) -> Result<()> {
        let held: usize = self.prepared.iter().map(|known| known.weight).sum();
        if held + weight <= self.room {
            return Ok(());
        }
        Err(Error::failed(
            "xa_too_big",
            format!(
                "XA transactions that are not committed yet, {xid} the last of them, changed more \
                 rows than capture can keep in mind ({} MiB of keys)",
                self.room >> 20
            ),
        )
        .hint("commit prepared transactions sooner or make them smaller, or capture by triggers"))
    }

    /// Remembers a transaction that is prepared now.
    pub(super) fn prepare(&mut self, xid: Xid, seen: Seen, weight: usize, before: Position) {
        self.prepared.retain(|known| known.xid != xid);
        self.prepared.push(Prepared { xid, seen, weight, before });
    }

    /// Takes out the transaction that is committed or rolled back now, if its rows were met.
    pub(super) fn close(&mut self, xid: &Xid) -> Option<Seen> {
        let index = self.prepared.iter().position(|known| known.xid == *xid)?;
        Some(self.prepared.remove(index).seen)
    }

    /// Where the stream must be taken up to meet all of them again, if there is one.
    pub(super) fn oldest(&self) -> Option<&Position> {
        self.prepared.first().map(|oldest| &oldest.before)
    }
}

/// How many bytes keys take.
pub(super) fn weight(keys: &[Key]) -> usize {
    keys.iter().map(Key::weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_from_both_spellings() {
        let mut data = vec![0, 7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
        data.extend(b"oq");
        let (xid, one_phase) = Xid::from_event(&data).unwrap();
        assert!(!one_phase);
        assert_eq!(Some(xid), Xid::from_statement("XA COMMIT X'6f',X'71',7"));
        assert!(Xid::from_event(&data[..14]).is_err());
    }
}
