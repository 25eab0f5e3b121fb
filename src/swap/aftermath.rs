//! A run that died in its swap: what has it come to, and what is still to be done?

use std::time::{Duration, Instant};

use super::triggers;
use crate::error::{Error, Kind, Result};
use crate::journal::{Journal, Phase, RunRow, StandIn};
use crate::mysql::{Fault, Process, Session, mark_of, plain_text};
use crate::schema::{Helper, TableName, comment, exists, table_id};
use crate::settings::SwapBounds;
use crate::shadow::shape_of;

/// How long a dead run's statement may go on.
const PATIENCE: Duration = Duration::from_mins(1);

/// Between two tries to get the lock.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells whether a run that died at its swap has swapped the tables, so that the kept one is the
/// original; then gives the triggers their names. The run must have been taken over, and no
/// statement of it may be left.
pub async fn settle_dead(
    session: &mut Session,
    journal_schema: &str,
    run: &RunRow,
) -> Result<bool> {
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

/// Takes back what a dead run has prepared for a swap that it has not made: its sentry, the stand-ins
/// for triggers on the shadow, and the shadow's final comment. No statement of it may be left; the
/// session must be marked as the run's own.
pub async fn take_back(session: &mut Session, run: &RunRow) -> Result<()> {
    let kept = run.table.helper(Helper::Kept);
    if comment(session, &kept).await?.is_some_and(|comment| comment == run.sentry_marker()) {
        session.run(format!("DROP TABLE {kept}")).await?;
    }
    let shadow = run.table.helper(Helper::Shadow);
    if is_shadow(session, run, &shadow).await? {
        triggers::remove_all(session, &shadow).await?;
        let mark = plain_text(&run.marker());
        session.run(format!("ALTER TABLE {shadow} COMMENT = {mark}")).await?;
    }
    Ok(())
}

/// Whether it is the shadow of a run that has stopped at its swap: where ids say nothing, by its final
/// comment and its shape.
async fn is_shadow(session: &mut Session, run: &RunRow, shadow: &TableName) -> Result<bool> {
    if run.shadow_id.is_some() {
        return Ok(table_id(session, shadow).await? == run.shadow_id);
    }
    let Some(course) = &run.course else { return Ok(false) };
    let Some(comment) = comment(session, shadow).await? else { return Ok(false) };
    let is_marked = comment == run.marker() || comment == course.final_comment;
    Ok(is_marked && shape_of(session, shadow).await? == course.shadow_definition)
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

/// Waits until no statement of a dead run is left: a rename that waits in line, for one, outlives the
/// process that sent it.
pub async fn outlast_statements(session: &mut Session, run: &RunRow) -> Result<()> {
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
