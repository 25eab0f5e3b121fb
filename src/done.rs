//! A change that was made before under the caller's own name for it is not made again, as long as it
//! stands.

use crate::error::{Error, Result};
use crate::journal::{Journal, RunRow};
use crate::mysql::{Server, Session};
use crate::request::Request;
use crate::schema::exists;
use crate::schema::read::definition;

/// Whether the change was made under the request's name, and stands: from then on only runs have
/// changed the table, and none of them takes the change back. Where somebody else has been at the
/// table nothing is known, and the change is asked of the server again, which says so if it is made.
/// Refuses when the name belongs to another change that stands.
pub async fn stands(server: &Server, request: &Request) -> Result<bool> {
    let Some(name) = &request.id else { return Ok(false) };
    let schema = &request.journal_schema;
    let mut session = server.session().await?;
    let known = Journal::exists(&mut session, schema).await?;
    let runs = if known { RunRow::named(&mut session, schema, name).await? } else { Vec::new() };
    let done = match runs.into_iter().find(|run| run.phase.is_done()) {
        Some(run) if is_as_runs_left_it(&mut session, schema, &run).await? => Some(run),
        _ => None,
    };
    session.close().await?;
    match done {
        None => Ok(false),
        Some(run) if run.table == request.table && run.statement == request.statement.text() => {
            Ok(true)
        }
        Some(run) => Err(Error::refused(
            "id_taken",
            format!("the id `{name}` belongs to a finished change of `{}`", run.table.plain()),
        )
        .hint("give each change an id of its own")),
    }
}

/// Whether each run on the table from this one on has found it as the one before had left it, and
/// the last one left it as it is now.
async fn is_as_runs_left_it(session: &mut Session, schema: &str, first: &RunRow) -> Result<bool> {
    if !exists(session, &first.table).await? {
        return Ok(false);
    }
    let mut now = definition(session, &first.table).await?;
    for run in RunRow::on_table(session, schema, &first.table).await? {
        if !run.phase.is_done() {
            continue;
        }
        if run.result.as_ref() != Some(&now) {
            return Ok(false);
        }
        if run.id == first.id {
            return Ok(true);
        }
        now = run.definition;
    }
    Ok(false)
}
