//! What runs leave behind, and how it is removed: only what is provably a dead run's.

mod leftover;

use crate::ddl::Patience;
use crate::error::Result;
use crate::event::Events;
use crate::journal::{Ended, Guard, Journal, Phase, RunRow};
use crate::mysql::{Server, Session};
use crate::request::SwapBounds;
use crate::schema::TableName;
use crate::swap;

pub use leftover::Leftover;

/// How often the lock on a table is asked for: about a minute and a half.
const ATTEMPTS: u32 = 8;

/// A run as `zosc status` shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RunState {
    /// The journal's row.
    #[serde(flatten)]
    pub run: RunRow,
    /// Whether a process works on it now.
    pub alive: bool,
    /// What it has left.
    pub left: Vec<Leftover>,
}

/// What was dropped, or would be.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Cleaned {
    /// The run that left it.
    pub run: u64,
    /// The table or trigger.
    #[serde(flatten)]
    pub left: Leftover,
}

/// All runs that the journal knows, the newest first.
pub async fn list(server: &Server, journal_schema: &str) -> Result<Vec<RunState>> {
    let mut session = server.session().await?;
    if !Journal::exists(&mut session, journal_schema).await? {
        return Ok(Vec::new());
    }
    let mut states = Vec::new();
    for run in RunRow::all(&mut session, journal_schema).await? {
        let alive = run.phase.is_open() && Guard::is_taken(&mut session, &run.table).await?;
        let left = leftover::of(&mut session, &run).await?;
        states.push(RunState { run, alive, left });
    }
    session.close().await?;
    Ok(states)
}

/// Drops what dead runs have left (shadows, triggers and their logs) and what finished ones keep (the tables as they were
/// before the swap); only says so unless `doit`.
pub async fn clean(server: &Server, journal_schema: &str, doit: bool) -> Result<Vec<Cleaned>> {
    let mut session = server.session().await?;
    let mut cleaned = Vec::new();
    for state in list(server, journal_schema).await? {
        if state.alive {
            continue;
        }
        cleaned.extend(
            state.left.iter().map(|left| Cleaned { run: state.run.id, left: left.clone() }),
        );
        if doit {
            remove(&mut session, journal_schema, state.run, &state.left).await?;
        }
    }
    session.close().await?;
    Ok(cleaned)
}

/// Removes what an earlier run on this table left when it died, before a new one begins; gives the
/// runs' numbers. The caller holds the table's guard, so none of them is alive.
pub async fn bury(
    session: &mut Session,
    journal_schema: &str,
    table: &TableName,
) -> Result<Vec<u64>> {
    let mut buried = Vec::new();
    for mut run in RunRow::on_table(session, journal_schema, table).await? {
        if died_behind_its_swap(session, journal_schema, &mut run).await? {
            run.phase = Phase::Swapped;
        }
        let left = if run.phase.is_open() {
            leftover::of(session, &run).await?
        } else {
            // What it keeps is the user's; its triggers and log it could not remove.
            leftover::of_capture(session, &run).await?
        };
        if run.phase.is_open() || !left.is_empty() {
            buried.push(run.id);
            remove(session, journal_schema, run, &left).await?;
        }
    }
    Ok(buried)
}

/// Whether the run has made its change, and only died before it could say so: its kept table is the
/// original and stays until somebody cleans up.
async fn died_behind_its_swap(
    session: &mut Session,
    journal_schema: &str,
    run: &mut RunRow,
) -> Result<bool> {
    if run.phase != Phase::Swapping {
        return Ok(false);
    }
    run.take_over(session, journal_schema).await?;
    let swapped = swap::settle_dead(session, journal_schema, run).await?;
    if swapped {
        let journal = Journal::of(journal_schema, run);
        journal.end(session, Ended::Swapped, "died behind the swap").await?;
    }
    Ok(swapped)
}

async fn remove(
    session: &mut Session,
    journal_schema: &str,
    mut run: RunRow,
    left: &[Leftover],
) -> Result<()> {
    if left.is_empty() && !run.phase.is_open() {
        return Ok(());
    }
    // Waits for a statement that the dead process has left running, and shuts out any later one.
    run.take_over(session, journal_schema).await?;
    let at_the_swap = matches!(run.phase, Phase::Swapping | Phase::Swapped);
    let swapped = at_the_swap && swap::settle_dead(session, journal_schema, &run).await?;
    // Triggers are on a table that the application uses; nobody is told how long it takes.
    let bounds = SwapBounds { attempts: ATTEMPTS, ..SwapBounds::default() };
    let patience = Patience::for_removal(&bounds, &Events::channel().0);
    for left in left {
        let name = match left {
            Leftover::Trigger { .. } => &run.table,
            Leftover::Table { table, .. } => table,
        };
        patience.run(session, name, &left.removal()).await?;
    }
    let ended = match swapped {
        false => Ended::Failed,
        true if leftover::of(session, &run).await?.is_empty() => Ended::Cleaned,
        true => return Ok(()),
    };
    Journal::of(journal_schema, &run).end(session, ended, "cleaned up").await
}
