//! What runs leave behind, and how it is removed: only what is provably a dead run's.

mod leftover;

use std::time::{Duration, Instant};

use crate::ddl::Patience;
use crate::error::{Error, Kind, Result};
use crate::event::Events;
use crate::halt::Halt;
use crate::journal::{Ended, Guard, Journal, Phase, RunId, RunRow};
use crate::mysql::{Fault, Server, Session};
use crate::plan::grants;
use crate::request::Request;
use crate::schema::{Helper, TableName, exists};
use crate::settings::SwapBounds;
use crate::traffic::{self, Relief};
use crate::{direct, swap};

pub use leftover::Leftover;

/// A little longer than the server keeps a silent connection of ours.
const SEIZING: Duration = Duration::from_mins(11);

/// How often the lock on a table is asked for: about a minute and a half.
const ATTEMPTS: u32 = 8;

/// A run as `zosc status` shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RunState {
    /// The journal's row.
    #[serde(flatten)]
    pub run: RunRow,
    /// What can become of it.
    pub state: State,
    /// Rows that its copy has brought over, while that can be gone on with.
    pub copied_rows: Option<u64>,
    /// What it has left.
    pub left: Vec<Leftover>,
}

impl RunState {
    /// Whether there may be more than an account sees.
    fn may_have_left(&self) -> bool {
        self.run.phase.is_open() || self.run.phase == Phase::Swapped || !self.left.is_empty()
    }
}

/// What can become of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A process works on it.
    Running,
    /// It stopped on its way: the same command goes on with it.
    Resumable,
    /// It died before it had begun to copy, or it is for looking at: nobody goes on with it.
    Dead,
    /// The change is made, and the table as it was before is kept.
    Kept,
    /// It is history.
    Ended,
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
    grants::to_look(&mut session, journal_schema).await?;
    if !Journal::exists(&mut session, journal_schema).await? {
        return Ok(Vec::new());
    }
    let mut states = Vec::new();
    for run in RunRow::all(&mut session, journal_schema).await? {
        states.push(look_at(&mut session, journal_schema, run).await?);
    }
    session.close().await?;
    Ok(states)
}

async fn look_at(session: &mut Session, journal_schema: &str, run: RunRow) -> Result<RunState> {
    let is_open = run.phase.is_open();
    let trail = match &run.course {
        Some(_) if is_open => Journal::of(journal_schema, &run).trail(session).await?,
        _ => None,
    };
    let left = leftover::of(session, &run).await?;
    let state = if is_open && Guard::is_taken(session, &run.table).await? {
        State::Running
    } else if is_open {
        trail.as_ref().map_or(State::Dead, |_| State::Resumable)
    } else if left.is_empty() {
        State::Ended
    } else {
        State::Kept
    };
    let copied_rows = trail.map(|trail| trail.pieces.iter().map(|piece| piece.rows).sum());
    Ok(RunState { run, state, copied_rows, left })
}

/// Drops what these runs have left (shadows, triggers and their logs, the tables as they were before
/// the swap); with none named, what all runs have left that nobody can go on with. Only says so
/// unless `doit`; then traffic that they may have paused is resumed first. What a process works on is never touched.
pub async fn clean(
    server: &Server,
    journal_schema: &str,
    runs: &[RunId],
    relief: &Relief,
    doit: bool,
) -> Result<Vec<Cleaned>> {
    let all = list(server, journal_schema).await?;
    if let Some(unknown) = runs.iter().find(|run| all.iter().all(|known| known.run.id != **run)) {
        return Err(no_such_run(*unknown, journal_schema));
    }
    let mut session = server.session().await?;
    let mut cleaned = Vec::new();
    let silent = Events::channel().0;
    for state in all {
        let is_meant = match state.state {
            State::Running => false,
            State::Resumable => runs.contains(&state.run.id),
            _ => runs.is_empty() || runs.contains(&state.run.id),
        };
        if !is_meant {
            continue;
        }
        if doit {
            if state.may_have_left() {
                grants::to_clean(&mut session, &state.run.table, journal_schema).await?;
            }
            let _guard = match Guard::take(server, &state.run.table, &Halt::new()).await {
                Ok(guard) => guard,
                // Somebody has begun to work on it since it was looked at.
                Err(error) if error.kind == Kind::Busy && runs.is_empty() => continue,
                Err(error) => return Err(error),
            };
            traffic::settle(&mut session, journal_schema, &state.run, relief, &silent).await?;
            remove(&mut session, journal_schema, state.run.clone(), &state.left, &silent).await?;
        }
        let run = state.run.id;
        cleaned.extend(state.left.into_iter().map(|left| Cleaned { run, left }));
    }
    session.close().await?;
    Ok(cleaned)
}

/// The journal knows no run of this number.
pub(crate) fn no_such_run(run: RunId, journal_schema: &str) -> Error {
    Error::refused("no_such_run", format!("there is no run {run} in `{journal_schema}`"))
        .hint("see `zosc status`")
}

/// Drops the table that an earlier change of the request's table has kept, and says so. Refuses what
/// is not provably such a table.
pub async fn drop_kept(server: &Server, request: &Request, events: &Events) -> Result<()> {
    let kept = request.table.helper(Helper::Kept);
    let mut session = server.session().await?;
    if exists(&mut session, &kept).await? {
        let left = owner(&mut session, request, &kept).await?;
        let schema = &request.journal_schema;
        let Some((run, left)) = left else { return Err(not_kept(&kept)) };
        let message = format!("`{}`, kept by run {}, is dropped", kept.plain(), run.id);
        events.warn("kept_dropped", message, None);
        remove(&mut session, schema, run, &[left], events).await?;
    }
    session.close().await
}

/// The run that has kept the table.
async fn owner(
    session: &mut Session,
    request: &Request,
    kept: &TableName,
) -> Result<Option<(RunRow, Leftover)>> {
    for run in RunRow::on_table(session, &request.journal_schema, &request.table).await? {
        if run.phase != Phase::Swapped {
            continue;
        }
        let left = leftover::of(session, &run).await?;
        if let Some(left) = left.into_iter().find(|left| left.name() == kept) {
            return Ok(Some((run, left)));
        }
    }
    Ok(None)
}

fn not_kept(kept: &TableName) -> Error {
    Error::refused(
        "helper-names",
        format!("`{}` is there, and the journal does not know it as kept by a run", kept.plain()),
    )
    .hint("see what it is, and rename or drop it")
}

/// Removes what an earlier run on this table left when it died, before a new one begins; gives the
/// runs' numbers. The caller holds the table's guard, so none of them is alive.
pub async fn bury(
    session: &mut Session,
    journal_schema: &str,
    table: &TableName,
    events: &Events,
) -> Result<Vec<u64>> {
    let mut buried = Vec::new();
    for run in RunRow::on_table(session, journal_schema, table).await? {
        let left = if run.phase.is_open() {
            leftover::of_unfinished(session, &run).await?
        } else {
            // What it keeps is the user's; its triggers and log it could not remove.
            leftover::of_capture(session, &run).await?
        };
        if run.phase.is_open() || !left.is_empty() {
            buried.push(run.id);
            remove(session, journal_schema, run, &left, events).await?;
        }
    }
    Ok(buried)
}

/// Takes a dead run over: waits for what it has left going on in the server, and shuts out anything
/// later. A transaction of a machine that died is ended by the server when it has been silent for
/// `wait_timeout`.
pub async fn seize(
    session: &mut Session,
    journal_schema: &str,
    run: &mut RunRow,
    events: &Events,
) -> Result<()> {
    let since = Instant::now();
    loop {
        match run.take_over(session, journal_schema).await {
            Err(error) if Fault::of(&error) == Fault::Contention && since.elapsed() < SEIZING => {
                let detail = format!("a transaction that run {} has left is still open", run.id);
                events.waiting("dead_run", detail);
            }
            taken => break taken?,
        }
    }
    swap::outlast_statements(session, run).await
}

/// Removes what a run of our own has made and not swapped in.
pub async fn discard(session: &mut Session, run: &RunRow) -> Result<()> {
    let left = leftover::of_unfinished(session, run).await?;
    drop_all(session, run, &left).await
}

async fn drop_all(session: &mut Session, run: &RunRow, left: &[Leftover]) -> Result<()> {
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
    Ok(())
}

async fn remove(
    session: &mut Session,
    journal_schema: &str,
    mut run: RunRow,
    left: &[Leftover],
    events: &Events,
) -> Result<()> {
    if left.is_empty() && !run.phase.is_open() {
        return Ok(());
    }
    seize(session, journal_schema, &mut run, events).await?;
    let at_the_swap = matches!(run.phase, Phase::Swapping | Phase::Swapped);
    let swapped = at_the_swap && swap::settle_dead(session, journal_schema, &run).await?;
    drop_all(session, &run, left).await?;
    let is_altered =
        run.phase == Phase::Altering && direct::is_made(session, &run).await?.unwrap_or(false);
    let ended = match swapped {
        false if is_altered => Ended::Direct,
        false => Ended::Failed,
        true if leftover::of(session, &run).await?.is_empty() => Ended::Cleaned,
        true => return Ok(()),
    };
    Journal::of(journal_schema, &run).end(session, ended, "cleaned up").await
}
