//! What runs leave behind, and how it is removed: only what is provably a dead run's.

use crate::error::Result;
use crate::journal::{Ended, Guard, Journal, Phase, RunRow};
use crate::mysql::{Server, Session, text};
use crate::schema::{Helper, TableName, comment, table_id};

/// A run as `zosc status` shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RunState {
    /// The journal's row.
    #[serde(flatten)]
    pub run: RunRow,
    /// Whether a process works on it now.
    pub alive: bool,
    /// Tables that it has left.
    pub left: Vec<Leftover>,
}

/// A helper table that exists.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Leftover {
    /// Its name.
    pub table: TableName,
    /// Its size as statistics guess it.
    pub bytes: u64,
}

/// A table that was dropped, or would be.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Cleaned {
    /// The run that left it.
    pub run: u64,
    /// The table.
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
        let left = leftovers(&mut session, &run).await?;
        states.push(RunState { run, alive, left });
    }
    session.close().await?;
    Ok(states)
}

/// Drops what dead runs have left (shadows) and what finished ones keep (the tables as they were
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
    for run in RunRow::on_table(session, journal_schema, table).await? {
        if run.phase.is_open() {
            let left = leftovers(session, &run).await?;
            buried.push(run.id);
            remove(session, journal_schema, run, &left).await?;
        }
    }
    Ok(buried)
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
    for left in left {
        session.run(format!("DROP TABLE {}", left.table)).await?;
    }
    let ended = match run.phase {
        Phase::Swapped => Ended::Cleaned,
        _ => Ended::Failed,
    };
    Journal::of(journal_schema, &run).end(session, ended, "cleaned up").await
}

/// The helper tables of a run that exist and are provably its own: by InnoDB's id as the journal has
/// it, or by the run's marker in their comment.
async fn leftovers(session: &mut Session, run: &RunRow) -> Result<Vec<Leftover>> {
    let candidates = [(Helper::Shadow, run.shadow_id), (Helper::Kept, run.original_id)];
    let mut left = Vec::new();
    for (helper, known_id) in candidates {
        let table = run.table.helper(helper);
        let Some(comment) = comment(session, &table).await? else { continue };
        let by_id = known_id.is_some() && table_id(session, &table).await? == known_id;
        if by_id || comment == run.marker() {
            let bytes = bytes(session, &table).await?;
            left.push(Leftover { table, bytes });
        }
    }
    Ok(left)
}

async fn bytes(session: &mut Session, table: &TableName) -> Result<u64> {
    session
        .one(format!(
            "SELECT COALESCE(SUM(data_length + index_length), 0) AS bytes \
             FROM information_schema.tables WHERE table_schema = {} AND table_name = {}",
            text(&table.schema),
            text(&table.table)
        ))
        .await
}
