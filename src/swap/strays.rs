//! Writes that reached the original after the drain and before the rename. There can be none while
//! the rename waits for the original; should a server not keep to that, it is said loudly.

use std::time::Duration;

use super::attempt::Attempt;
use crate::capture::Rest;
use crate::error::{Error, Kind, Result};
use crate::ledger::Ledger;
use crate::schema::Key;
use crate::shadow::Shadow;
use crate::swap::Way;

/// How long capture may take to come to the rename: it was at most a fence behind.
const PATIENCE: Duration = Duration::from_mins(1);
/// Keys that are named.
const NAMED: usize = 20;
/// The slug of the error.
const CODE: &str = "stray_writes";

/// The keys that were written. To be asked behind a rename, while the carrier's turn is held: no
/// round may take them. The swap is done, so trouble is only told.
pub(super) async fn look_for(attempt: &Attempt<'_>) -> Vec<Key> {
    if attempt.shadow.way() == Way::Locked {
        return Vec::new(); // The lock was held until the rename was done.
    }
    look(attempt).await.unwrap_or_else(|error| {
        let message =
            format!("nobody has looked for writes that came just before the rename: {error}");
        attempt.means.events.warn("tail_not_read", message, None);
        Vec::new()
    })
}

async fn look(attempt: &Attempt<'_>) -> Result<Vec<Key>> {
    let mut session = attempt.means.server.reconnect().await?;
    let rest = attempt.capture.strays(&mut session).await?;
    session.close().await?;
    match rest {
        Rest::Keys(keys) => Ok(keys),
        Rest::Coming => match tokio::time::timeout(PATIENCE, attempt.carrier.ended()).await {
            Ok(()) => Ok(entered_since_the_drain(attempt)),
            Err(_) => Err(Error::failed("tail_not_read", "capture has not come to the rename")),
        },
    }
}

/// The drain has left nothing pending.
fn entered_since_the_drain(attempt: &Attempt<'_>) -> Vec<Key> {
    let Some(round) = attempt.carrier.ledger(Ledger::take_all) else { return Vec::new() };
    attempt.carrier.ledger(|ledger| ledger.close_round(Vec::new()));
    round.entries.iter().map(|(key, _)| key.clone()).collect()
}

/// What to say of them.
///
/// They are not carried over: the application writes the new table already, and nothing tells which
/// of two writes to one row, one in each table, is the later one.
pub(super) fn error(shadow: &Shadow, strays: &[Key]) -> Error {
    let shape = &shadow.pair().mapping.key;
    let (original, kept) = (shadow.pair().original.plain(), shadow.kept());
    let more = if strays.len() > NAMED { ", …" } else { "" };
    let keys: Vec<String> =
        strays.iter().take(NAMED).map(|key| format!("({})", shape.describe(key))).collect();
    Error::new(
        Kind::Differs,
        CODE,
        format!(
            "`{original}` is swapped, but {} of its rows were written between the drain and the rename, and those writes are in `{}` only: {}{more}",
            strays.len(),
            kept.plain(),
            keys.join(", ")
        ),
    )
    .hint(format!(
        "compare these rows of `{}` and `{original}`, and bring over by hand what is missing; do not clean up before",
        kept.plain()
    ))
}

/// Whether an error comes from behind the rename: the change is made.
pub fn is_behind_the_swap(error: &Error) -> bool {
    error.code == CODE
}
