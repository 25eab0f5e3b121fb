//! What a run has left on the server, if it is provably its own.

use crate::capture::triggers::body_mark;
use crate::error::Result;
use crate::journal::RunRow;
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
    let mut left = of_capture(session, run).await?;
    for (helper, known_id) in [(Helper::Shadow, run.shadow_id), (Helper::Kept, run.original_id)] {
        let table = run.table.helper(helper);
        let Some(comment) = comment(session, &table).await? else { continue };
        let by_id = known_id.is_some() && table_id(session, &table).await? == known_id;
        let is_sentry = helper == Helper::Kept && comment == run.sentry_marker();
        if by_id || is_sentry || comment == run.marker() {
            left.push(existing(session, table).await?);
        }
    }
    Ok(left)
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
