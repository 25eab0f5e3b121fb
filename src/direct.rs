//! A change that the server makes itself, at once: on the original, with a short wait for its lock.

use crate::ddl::Patience;
use crate::error::{Error, Result};
use crate::event::Events;
use crate::halt::Halt;
use crate::mysql::Server;
use crate::outcome::Outcome;
use crate::plan::blame;
use crate::request::Request;
use crate::sql::Algorithm;

/// What came of it.
#[derive(Debug)]
pub enum Direct {
    /// The table is changed.
    Done(Outcome),
    /// The server cannot do it this way after all, and says why; nothing has changed. A copy can.
    NotPossible(Error),
}

/// Alters the original with `algorithm`. Each try waits for the lock no longer than
/// `request.swap.lock_timeout`; after `request.swap.attempts` tries the error is of kind postponed.
pub async fn alter(
    server: &Server,
    request: &Request,
    algorithm: Algorithm,
    events: &Events,
    halt: &Halt,
) -> Result<Direct> {
    let mut session = server.session_for_user_sql(&request.table.schema).await?;
    let sql = request.statement.with_algorithm(&request.table, algorithm);
    let patience = Patience::new(&request.swap, events, halt);
    let altered = patience.run(&mut session, &request.table, &sql).await;
    let done = match (altered, algorithm) {
        (Ok(()), Algorithm::Instant) => Direct::Done(Outcome::Instant),
        (Ok(()), Algorithm::InPlace) => Direct::Done(Outcome::InPlace),
        // The algorithm cannot do this, here or any more.
        (Err(error), _) if matches!(error.errno(), Some(1845 | 1846 | 4092)) => {
            Direct::NotPossible(error)
        }
        (Err(error), _) => return Err(blame(error)),
    };
    session.close().await?;
    Ok(done)
}
