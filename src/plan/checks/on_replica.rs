//! A rehearsal on a replica writes where otherwise only replication does.

use super::replica;
use super::server::{is_on, value, variables};
use crate::error::{Error, Result};
use crate::mysql::{Process, Session};
use crate::plan::Rule;
use crate::request::Request;

/// The rule that a person has to allow.
const RULE: Rule = Rule::ErrantTransactions;

/// Whether it may be written to, and who would get what is written. To be asked before anything is
/// tried.
pub(crate) async fn check(session: &mut Session, request: &Request) -> Result<()> {
    if !replica::applies_changes(session).await? {
        return Err(Error::refused("not_a_replica", "the server replicates from nobody")
            .hint("to rehearse on the primary itself, give `--rehearse`"));
    }
    let variables = variables(session).await?;
    if is_on(&variables, "super_read_only") {
        return Err(Error::not_ready("read_only", "the replica has `super_read_only` on")
            .hint("for the time of the rehearsal: SET GLOBAL super_read_only = OFF (`read_only` may stay)"));
    }
    if is_on(&variables, "gtid_strict_mode") {
        return Err(Error::not_ready(
            "gtid_strict_mode",
            "with `gtid_strict_mode` on, transactions of the replica's own would stop its replication",
        )
        .hint("for the time of the rehearsal, there: SET GLOBAL gtid_strict_mode = OFF"));
    }
    if request.allow.contains(RULE.word()) {
        return Ok(());
    }
    let readers = Process::all(session).await?;
    let readers = readers.iter().filter(|process| process.command.starts_with("Binlog Dump"));
    let mut error = Error::refused(
        RULE.word(),
        "the rehearsal's own transactions would be in the replica's binary log, where those who \
         replicate from it find them, now and if it is ever promoted",
    )
    .hint(format!("take a replica that is thrown away later, and give `--allow {}`", RULE.word()));
    let count = readers.count();
    if count > 0 {
        error = error.hint(format!("{count} connections read its log right now"));
    }
    if value(&variables, "gtid_mode") == "ON" {
        error =
            error.hint("they have GTIDs of the replica's own, which stay in its `gtid_executed`");
    }
    Err(error)
}
