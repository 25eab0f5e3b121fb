//! Settings under which the server may forget, after a crash, what it had already told.

use crate::error::Result;
use crate::mysql::Session;
use crate::plan::{Finding, Rule};

pub(super) async fn check(session: &mut Session) -> Result<Option<Finding>> {
    let (sync, flush): (u64, u64) =
        session.one("SELECT @@GLOBAL.sync_binlog, @@GLOBAL.innodb_flush_log_at_trx_commit").await?;
    if sync == 1 && flush == 1 {
        return Ok(None);
    }
    Ok(Some(Finding::warn(
        Rule::Durability,
        format!(
            "`sync_binlog` is {sync} and `innodb_flush_log_at_trx_commit` is {flush}: if the server's machine crashes, the run must start afresh"
        ),
        "set both to 1 for the time of the change, or do not resume after such a crash",
    )))
}
