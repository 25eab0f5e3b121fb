//! What the swap needs, beyond the lock.

use crate::error::{Error, Result};
use crate::mysql::Session;
use crate::plan::{Finding, Rule};
use crate::request::Request;
use crate::schema::{Helper, TableName};
use crate::swap::Way;

/// Fewer exclusive locks in a row than this must not let writers in between.
const LOCKS_IN_A_ROW: u64 = 1000;

/// The way that the request wants, or else the best that the server knows. Refuses a way that the
/// server does not know.
pub(crate) fn way(request: &Request, best: Way) -> Result<Way> {
    match (request.swap_way, best) {
        (Some(Way::Locked), Way::Queued) => Err(Error::refused(
            "swap_way",
            "this server refuses to rename a locked table, so `--swap locked` cannot be",
        )
        .hint("leave `--swap` out: the rename waits behind the lock then, and nothing is lost")),
        (wanted, best) => Ok(wanted.unwrap_or(best)),
    }
}

/// A rename that is to come before every writer must be the first in line for the original, and stay
/// so.
pub(super) async fn check(
    session: &mut Session,
    original: &TableName,
    way: Way,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if way == Way::Locked {
        return Ok(findings);
    }
    let (shadow, kept) = (original.helper(Helper::Shadow), original.helper(Helper::Kept));
    if !original.is_locked_before(&[&shadow, &kept]) {
        findings.push(Finding::refuse(
            Rule::SwapNames,
            format!(
                "the server locks `{}` or `{}` before `{}`, so a rename could let writes pass",
                shadow.plain(),
                kept.plain(),
                original.plain()
            ),
            "give the table a shorter name, or one in ASCII letters",
        ));
    }
    let limit: u64 = session.one("SELECT @@GLOBAL.max_write_lock_count AS c").await?;
    if limit < LOCKS_IN_A_ROW {
        findings.push(Finding::refuse(
            Rule::MaxWriteLockCount,
            format!("`max_write_lock_count` is {limit}, so writers may get in before the rename"),
            "SET GLOBAL max_write_lock_count = DEFAULT",
        ));
    }
    Ok(findings)
}
