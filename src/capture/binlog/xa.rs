//! XA transactions: their rows are logged when they are prepared and count when they are committed.

use std::collections::HashSet;
use std::fmt;
use std::time::{Duration, Instant};

use super::cursor::Cursor;
use super::position::Position;
use crate::capture::Token;
use crate::error::{Error, Kind, Result};
use crate::mysql::Session;
use crate::schema::{Key, hex};

/// The name of an XA transaction, in the spelling of the log: `X'61',X'',1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Xid(String);

/// A prepared transaction that is neither committed nor rolled back.
#[derive(Debug)]
pub(super) struct Prepared {
    xid: Xid,
    /// The keys that it changed.
    pub(super) keys: Vec<Key>,
    /// The fences that it wrote.
    pub(super) fences: Vec<Token>,
    /// Where the stream must be taken up to meet it again.
    before: Position,
}

/// All prepared transactions, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Open(Vec<Prepared>);

impl Xid {
    /// From `XA START X'61',X'',1`, as the server writes it.
    pub(super) fn from_statement(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().nth(2).map(|xid| Self(xid.to_ascii_uppercase()))
    }

    /// From the body of an XA PREPARE event; also whether it was committed in one phase.
    pub(super) fn from_event(data: &[u8]) -> Result<(Self, bool)> {
        let mut cursor = Cursor::new(data);
        let one_phase = cursor.u8()? != 0;
        let format = cursor.uint(4)?;
        let (global, branch) = (cursor.length(4)?, cursor.length(4)?);
        let (global, branch) = (cursor.take(global)?, cursor.take(branch)?);
        Ok((Self(format!("X'{}',X'{}',{format}", hex(global), hex(branch))), one_phase))
    }
}

impl fmt::Display for Xid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Open {
    /// Remembers a transaction that is prepared now.
    pub(super) fn prepare(
        &mut self,
        xid: Xid,
        keys: Vec<Key>,
        fences: Vec<Token>,
        before: Position,
    ) {
        self.0.retain(|known| known.xid != xid);
        self.0.push(Prepared { xid, keys, fences, before });
    }

    /// Takes out the transaction that is committed or rolled back now, if its rows were met.
    pub(super) fn close(&mut self, xid: &Xid) -> Option<Prepared> {
        let index = self.0.iter().position(|known| known.xid == *xid)?;
        Some(self.0.remove(index))
    }

    /// Where the stream must be taken up to meet all of them again, if there is one.
    pub(super) fn oldest(&self) -> Option<&Position> {
        self.0.first().map(|oldest| &oldest.before)
    }
}

/// How long transactions that are prepared at the start are waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often is looked whether they are gone.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A transaction is in the log a moment before it is listed as prepared, and leaves the list a moment
/// before its commit is in the log: that many looks cover such moments.
const LOOKS: u32 = 3;

/// Waits until no transaction is left of those that are prepared now: their rows were logged before
/// capture starts, and would appear when they are committed. Gives whether this could be seen.
pub(super) async fn outlast_prepared(session: &mut Session) -> Result<bool> {
    let Some(mut waiting) = prepared(session).await? else {
        tracing::info!("this account may not see prepared XA transactions");
        return Ok(false);
    };
    if waiting.is_empty() && !uses_xa(session).await? {
        return Ok(true);
    }
    for _ in 0..LOOKS {
        tokio::time::sleep(LOOK_AGAIN).await;
        waiting.extend(prepared(session).await?.unwrap_or_default());
    }
    let deadline = Instant::now() + PATIENCE;
    while let Some(xid) = waiting.iter().next() {
        if Instant::now() >= deadline {
            return Err(Error::new(
                Kind::Busy,
                "xa_prepared",
                format!(
                    "the XA transaction {xid} is prepared and neither committed nor rolled back"
                ),
            )
            .hint("find it with `XA RECOVER CONVERT XID`, then commit it or roll it back"));
        }
        tracing::info!(xid, others = waiting.len() - 1, "waiting for a prepared XA transaction");
        tokio::time::sleep(LOOK_AGAIN).await;
        let now = prepared(session).await?.unwrap_or_default();
        waiting.retain(|xid| now.contains(xid));
    }
    tokio::time::sleep(LOOK_AGAIN * LOOKS).await;
    Ok(true)
}

/// Whether any XA transaction was prepared since the server started.
async fn uses_xa(session: &mut Session) -> Result<bool> {
    let count: Option<(String, u64)> =
        session.first("SHOW GLOBAL STATUS LIKE 'Com_xa_prepare'").await?;
    Ok(count.is_none_or(|(_, count)| count > 0))
}

/// The names of all prepared transactions; `None` when the account may not see them.
async fn prepared(session: &mut Session) -> Result<Option<HashSet<String>>> {
    const NOT_ALLOWED: u16 = 1401;
    match session.rows::<(i64, u32, u32, String)>("XA RECOVER CONVERT XID").await {
        Ok(rows) => Ok(Some(rows.into_iter().map(|(_, _, _, xid)| xid).collect())),
        Err(error) if error.errno() == Some(NOT_ALLOWED) => Ok(None),
        Err(error) => Err(error.during("looking for prepared XA transactions")),
    }
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
