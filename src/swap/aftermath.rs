//! A run that died in its swap: what has it come to, and what is still to be done?

use std::time::{Duration, Instant};

use super::triggers;
use crate::error::{Error, Kind, Result};
use crate::journal::{Journal, Phase, RunRow, StandIn};
use crate::mysql::{Fault, Process, Session, mark_of};
use crate::request::SwapBounds;
use crate::schema::{Helper, TableName, comment, exists, table_id};

/// How long a dead run's statement may go on.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two tries to get the lock.
const PAUSE: Duration = Duration::from_secs(1);

/// Ends what a dead run has begun at its swap: waits for statements of it that still run, and gives
/// the triggers of a swapped table their names. Tells whether the tables are swapped, so that the
/// kept one is the original. The run must have been taken over.
pub async fn settle_dead(
    session: &mut Session,
    journal_schema: &str,
    run: &RunRow,
) -> Result<bool> {
    outlast_statements(session, run).await?;
    let swapped = run.phase == Phase::Swapped || is_swapped(session, run).await?;
    if swapped {
        let stand_ins = StandIn::of_run(session, journal_schema, run.id).await?;
        if !stand_ins.is_empty() {
            let kept = run.table.helper(Helper::Kept);
            replace(session, &run.table, &kept, &stand_ins).await?;
            Journal::of(journal_schema, run).no_stand_ins(session).await?;
        }
    }
    Ok(swapped)
}

/// The application waits no longer for it than for a swap.
async fn replace(
    session: &mut Session,
    original: &TableName,
    kept: &TableName,
    stand_ins: &[StandIn],
) -> Result<()> {
    let SwapBounds { lock_timeout, attempts: mut left, .. } = SwapBounds::default();
    loop {
        left -= 1;
        match triggers::replace_in(session, original, kept, stand_ins, lock_timeout).await {
            Err(error) if Fault::of(&error) == Fault::Contention && left > 0 => {
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// A rename that waits in line outlives the process that sent it.
async fn outlast_statements(session: &mut Session, run: &RunRow) -> Result<()> {
    let mark = mark_of(&run.id.to_string());
    let patience = Instant::now() + PATIENCE;
    loop {
        let all = Process::all(session).await?;
        if !all.iter().any(|process| process.statement.starts_with(&mark)) {
            return Ok(());
        }
        if Instant::now() > patience {
            return Err(Error::new(
                Kind::Busy,
                "dead_run_works",
                format!("a statement of the dead run {} still goes on", run.id),
            )
            .hint("look for `zosc` in the server's `SHOW PROCESSLIST`, and kill what is stuck"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn is_swapped(session: &mut Session, run: &RunRow) -> Result<bool> {
    let now = table_id(session, &run.table).await?;
    if let (Some(now), Some(shadow)) = (now, run.shadow_id) {
        return Ok(now == shadow);
    }
    let kept = comment(session, &run.table.helper(Helper::Kept)).await?;
    let is_kept = kept.is_some_and(|comment| comment != run.sentry_marker());
    Ok(is_kept && !exists(session, &run.table.helper(Helper::Shadow)).await?)
}
