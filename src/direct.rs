//! A change that the server makes itself, at once: on the original, with a short wait for its lock.

use crate::crash::crash_point;
use crate::ddl::Patience;
use crate::error::{Error, Kind, Result};
use crate::event::Events;
use crate::halt::Halt;
use crate::journal::RunRow;
use crate::mysql::{Fault, Server, Session};
use crate::outcome::Outcome;
use crate::plan::{Plan, blame};
use crate::request::Request;
use crate::schema::read::definition;
use crate::schema::{difference, exists};
use crate::sql::Algorithm;

/// What came of it.
#[derive(Debug)]
pub enum Direct {
    /// The table is changed.
    Done(Outcome),
    /// The server cannot do it this way after all, and says why; nothing has changed. A copy can.
    NotPossible(Error),
}

/// Writes down what is about to be done: a run that dies behind it can tell whether it was. To be
/// called before [`alter`].
pub async fn write_down(
    server: &Server,
    request: &Request,
    run: &mut RunRow,
    plan: &Plan,
) -> Result<()> {
    let mut session = server.session().await?;
    run.alters(&mut session, &request.journal_schema, &plan.difference).await?;
    session.close().await?;
    crash_point!("alter-noted");
    Ok(())
}

/// Whether the change of a run that died in [`alter`] is made; `None` when nothing can tell. No
/// statement of the run may be left.
pub async fn is_made(session: &mut Session, run: &RunRow) -> Result<Option<bool>> {
    if !exists(session, &run.table).await? {
        return Ok(None);
    }
    let now = definition(session, &run.table).await?;
    Ok(match run.difference.as_deref() {
        // The definition is the same before and after, but rows need not be.
        None | Some("") if now == run.definition => None,
        _ if now == run.definition => Some(false),
        Some(expected) if difference(&run.definition, &now) == expected => Some(true),
        _ => None,
    })
}

/// Alters the original with `algorithm`. Each try waits for the lock no longer than
/// the swap's `lock_timeout`; after its `attempts` tries the error is of kind postponed.
pub async fn alter(
    server: &Server,
    request: &Request,
    algorithm: Algorithm,
    events: &Events,
    halt: &Halt,
) -> Result<Direct> {
    let mut session = server.session_for_user_sql(&request.table.schema).await?;
    let sql = request.statement.with_algorithm(&request.table, algorithm);
    let patience = Patience::new(&request.settings.swap, events, halt);
    let altered = patience.run(&mut session, &request.table, &sql).await;
    let done = match (altered, algorithm) {
        (Ok(()), Algorithm::Instant) => Direct::Done(Outcome::Instant),
        (Ok(()), Algorithm::InPlace) => Direct::Done(Outcome::InPlace),
        // The algorithm cannot do this, here or any more.
        (Err(error), _) if matches!(error.errno(), Some(1845 | 1846 | 4092)) => {
            Direct::NotPossible(error)
        }
        // Only a look at the table tells if it was done: the same command begins with that.
        (Err(error), _) if Fault::of(&error) == Fault::Lost => {
            return Err(error.of_kind(Kind::Resumable));
        }
        (Err(error), _) => return Err(blame(error)),
    };
    crash_point!("altered");
    session.close().await?;
    Ok(done)
}
