//! A change that the server makes itself, at once: on the original, with a short wait for its lock.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

use crate::error::{Error, Kind, Result};
use crate::event::Events;
use crate::halt::Halt;
use crate::mysql::{Server, Session};
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
/// `request.swap.lock_timeout`, because statements of the application queue behind it; between tries
/// they run. After `request.swap.attempts` tries the error is of kind postponed.
pub async fn alter(
    server: &Server,
    request: &Request,
    algorithm: Algorithm,
    events: &Events,
    halt: &Halt,
) -> Result<Direct> {
    let mut session = server.session_for_user_sql().await?;
    let patience = whole_seconds(request.swap.lock_timeout);
    session.run(format!("SET SESSION lock_wait_timeout = {patience}")).await?;
    let sql = request.statement.with_algorithm(&request.table, algorithm);
    let refusal = tries(&mut session, &sql, request, events, halt).await?;
    session.close().await?;
    Ok(match (refusal, algorithm) {
        (Some(error), _) => Direct::NotPossible(error),
        (None, Algorithm::Instant) => Direct::Done(Outcome::Instant),
        (None, Algorithm::InPlace) => Direct::Done(Outcome::InPlace),
    })
}

/// Gives the server's words when it cannot use the algorithm.
async fn tries(
    session: &mut Session,
    sql: &str,
    request: &Request,
    events: &Events,
    halt: &Halt,
) -> Result<Option<Error>> {
    let table = request.table.plain();
    let retries = usize::try_from(request.swap.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let mut pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_secs(30))
        .with_max_times(retries)
        .with_jitter()
        .build();
    loop {
        halt.check()?;
        let Err(error) = session.run(sql).await else { return Ok(None) };
        match error.errno() {
            // The algorithm cannot do this, here or any more.
            Some(1845 | 1846 | 4092) => return Ok(Some(error)),
            Some(1205) => {}
            _ => return Err(blame(error)),
        }
        let Some(pause) = pauses.next() else {
            return Err(Error::new(
                Kind::Postponed,
                "lock_timeout",
                format!("the lock on `{table}` was not granted in {} tries", retries + 1),
            )
            .hint("end the long transactions on the table, or try again in a quieter hour")
            .hint("`SELECT * FROM sys.schema_table_lock_waits` shows who holds the lock"));
        };
        let seconds = pause.as_secs_f32();
        events.waiting(
            "table_lock",
            format!("`{table}` is in use by a longer transaction; trying again in {seconds:.1} s"),
        );
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            cause = halt.stopped() => return Err(cause),
        }
    }
}

/// The server counts in seconds, from one.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0 || duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
