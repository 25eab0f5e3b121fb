//! XA transactions that are prepared when capture starts: their changes were made before, are not
//! visible yet, and appear when they are committed.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};
use crate::mysql::Session;

/// How long transactions that are prepared at the start are waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often is looked whether they are gone.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A transaction is in the log a moment before it is listed as prepared, and leaves the list a moment
/// before its commit is in the log: that many looks cover such moments.
const LOOKS: u32 = 3;

/// Each server has a word of its own for names that are no text; each passes over the other's.
const RECOVER: &str = "XA RECOVER /*!50700 CONVERT XID */ /*M! FORMAT='SQL' */";

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
        let Some(more) = prepared(session).await? else { return Ok(false) };
        waiting.extend(more);
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
            .hint("find it with `XA RECOVER`, then commit it or roll it back"));
        }
        tracing::info!(xid, others = waiting.len() - 1, "waiting for a prepared XA transaction");
        tokio::time::sleep(LOOK_AGAIN).await;
        // Not to see them any more is not to see that they are gone.
        let Some(now) = prepared(session).await? else { return Ok(false) };
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
    match session.rows::<(i64, u32, u32, String)>(RECOVER).await {
        Ok(rows) => Ok(Some(rows.into_iter().map(|(_, _, _, xid)| xid).collect())),
        Err(error) if error.errno() == Some(NOT_ALLOWED) => Ok(None),
        Err(error) => Err(error.during("looking for prepared XA transactions")),
    }
}
