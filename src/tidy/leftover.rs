//! What a run has left on the server, if it is provably its own.

use crate::capture::triggers::body_mark;
use crate::error::Result;
use crate::journal::{Phase, RunRow};
use crate::mysql::{Session, text};
use crate::schema::{Firing, Helper, TableName, comment, table_id};

/// Something of a run's own that exists.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Leftover {
    /// A trigger, which must go before the log that it writes to.
    Trigger {
        /// Its name, with its schema.
        trigger: TableName,
    },
    /// A helper table.
    Table {
        /// Its name.
        table: TableName,
        /// Its size as statistics guess it.
        bytes: u64,
    },
}

impl Leftover {
    /// The statement that removes it.
    pub(super) fn removal(&self) -> String {
        match self {
            Self::Trigger { trigger } => format!("DROP TRIGGER IF EXISTS {trigger}"),
            Self::Table { table, .. } => format!("DROP TABLE {table}"),
        }
    }

    /// Its name.
    pub fn name(&self) -> &TableName {
        match self {
            Self::Trigger { trigger } => trigger,
            Self::Table { table, .. } => table,
        }
    }
}

/// What a run has left, in the order in which it must be removed. Tables are its own by InnoDB's id
/// as the journal has it, or by the run's marker in their comment; triggers by the marker in their
/// body, whatever has become of its log.
pub(super) async fn of(session: &mut Session, run: &RunRow) -> Result<Vec<Leftover>> {
    let mut left = of_unfinished(session, run).await?;
    let kept = run.table.helper(Helper::Kept);
    // Runs that never came to a swap, such as rehearsals, have begun with the same original.
    let keeps = matches!(run.phase, Phase::Swapping | Phase::Swapped);
    if keeps && left.iter().all(|left| *left.name() != kept) {
        left.extend(known(session, kept, run.original_id, &run.marker()).await?);
    }
    Ok(left)
}

/// The same of a run that has not swapped: the original is never among it, whatever its name.
pub(super) async fn of_unfinished(session: &mut Session, run: &RunRow) -> Result<Vec<Leftover>> {
    let mut left = of_capture(session, run).await?;
    let shadow = run.table.helper(Helper::Shadow);
    match known(session, shadow.clone(), run.shadow_id, &run.marker()).await? {
        Some(known) => left.push(known),
        None if is_unmarked(session, run, &shadow).await? => {
            left.push(existing(session, shadow).await?);
        }
        None => {}
    }
    left.extend(known(session, run.table.helper(Helper::Kept), None, &run.sentry_marker()).await?);
    Ok(left)
}

/// Whether it is a shadow that a run has made and could not mark any more. When the run began there
/// was no table of that name, and nothing is lost with an empty one.
async fn is_unmarked(session: &mut Session, run: &RunRow, shadow: &TableName) -> Result<bool> {
    if !run.phase.is_open() || run.course.is_some() {
        return Ok(false);
    }
    let since: Option<u64> = session
        .first(format!(
            "SELECT 1 AS one FROM information_schema.tables WHERE table_schema = {} \
             AND table_name = {} AND create_time >= CAST({} AS DATETIME) - INTERVAL 1 SECOND",
            text(&shadow.schema),
            text(&shadow.table),
            text(&run.started_at)
        ))
        .await?;
    if since.is_none() {
        return Ok(false);
    }
    let row: Option<u64> = session.first(format!("SELECT 1 AS one FROM {shadow} LIMIT 1")).await?;
    Ok(row.is_none())
}

/// The table, if it has this id or comment.
async fn known(
    session: &mut Session,
    table: TableName,
    id: Option<u64>,
    marker: &str,
) -> Result<Option<Leftover>> {
    let Some(comment) = comment(session, &table).await? else { return Ok(None) };
    let by_id = id.is_some() && table_id(session, &table).await? == id;
    if by_id || comment == marker {
        return existing(session, table).await.map(Some);
    }
    Ok(None)
}

/// The triggers and the logs that a run has left.
pub(super) async fn of_capture(session: &mut Session, run: &RunRow) -> Result<Vec<Leftover>> {
    let mut left = Vec::new();
    for trigger in Firing::ALL.map(|firing| run.table.trigger(firing)) {
        if body(session, &trigger)
            .await?
            .is_some_and(|it| it.starts_with(&body_mark(&run.marker())))
        {
            left.push(Leftover::Trigger { trigger });
        }
    }
    for log in Firing::ALL.map(|firing| run.table.helper(Helper::Log(firing))) {
        if comment(session, &log).await?.is_some_and(|comment| comment == run.marker()) {
            left.push(existing(session, log).await?);
        }
    }
    Ok(left)
}

/// What a trigger does, if there is one of that name.
async fn body(session: &mut Session, trigger: &TableName) -> Result<Option<String>> {
    session
        .first(format!(
            "SELECT CAST(action_statement AS CHAR) AS b FROM information_schema.triggers \
             WHERE trigger_schema = {} AND trigger_name = {}",
            text(&trigger.schema),
            text(&trigger.table)
        ))
        .await
}

async fn existing(session: &mut Session, table: TableName) -> Result<Leftover> {
    let bytes = session
        .one(format!(
            "SELECT COALESCE(SUM(data_length + index_length), 0) AS bytes \
             FROM information_schema.tables WHERE table_schema = {} AND table_name = {}",
            text(&table.schema),
            text(&table.table)
        ))
        .await?;
    Ok(Leftover::Table { table, bytes })
}
