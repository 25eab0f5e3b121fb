//! A run's row.

use mysql_async::FromRowError;
use mysql_async::Row;
use mysql_async::prelude::FromRow;

use super::{RunId, tables};
use crate::error::Result;
use crate::mysql::{Session, text};
use crate::request::Request;
use crate::schema::{Helper, TableName};

/// How far a run is. The phase is written before it is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The shadow is being built, filled or verified.
    Copying,
    /// The swap has begun: which table is which must be looked at.
    Swapping,
    /// Swapped; the original is kept.
    Swapped,
    /// Done without a copy.
    Direct,
    /// Ended without a change.
    Failed,
    /// Swapped, and the kept table has been dropped.
    Cleaned,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The tables were swapped.
    Swapped,
    /// The server changed the table itself.
    Direct,
    /// Nothing was changed and nothing is left.
    Failed,
    /// The kept table of a swapped run was dropped.
    Cleaned,
}

impl Phase {
    const ALL: [Self; 6] =
        [Self::Copying, Self::Swapping, Self::Swapped, Self::Direct, Self::Failed, Self::Cleaned];

    /// The word in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Swapping => "swapping",
            Self::Swapped => "swapped",
            Self::Direct => "direct",
            Self::Failed => "failed",
            Self::Cleaned => "cleaned",
        }
    }

    /// Whether the change was made.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Swapped | Self::Direct | Self::Cleaned)
    }

    /// Whether the run has not ended by itself: it is alive, or dead with leftovers.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Copying | Self::Swapping)
    }
}

impl Ended {
    pub(super) fn phase(self) -> Phase {
        match self {
            Self::Swapped => Phase::Swapped,
            Self::Direct => Phase::Direct,
            Self::Failed => Phase::Failed,
            Self::Cleaned => Phase::Cleaned,
        }
    }
}

/// A run as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RunRow {
    /// Its number.
    pub id: RunId,
    /// Bumped by a takeover.
    pub epoch: u64,
    /// How far it is.
    pub phase: Phase,
    /// The caller's own name for the change.
    pub name: Option<String>,
    /// The table that it changes.
    pub table: TableName,
    /// The user's words.
    pub statement: String,
    /// InnoDB's id of the original before the swap, where it could be read.
    pub original_id: Option<u64>,
    /// InnoDB's id of the shadow, where it could be read.
    pub shadow_id: Option<u64>,
    /// When it started, UTC.
    pub started_at: String,
    /// When it ended, UTC.
    pub ended_at: Option<String>,
    /// How it ended, in words.
    pub note: Option<String>,
}

const COLUMNS: &str = "id, epoch, phase, name, table_schema, table_name, statement, original_id, \
                       shadow_id, CAST(started_at AS CHAR), CAST(ended_at AS CHAR), note";

impl RunRow {
    /// Writes a new run's row.
    pub async fn insert(
        session: &mut Session,
        schema: &str,
        request: &Request,
        definition: &str,
        server_uuid: &str,
    ) -> Result<Self> {
        let table = &request.table;
        let sql = format!(
            "INSERT INTO {} (phase, name, table_schema, table_name, statement, definition, shadow, \
             kept, server_uuid, zosc_version, started_at) \
             VALUES ('{}', {}, {}, {}, {}, {}, {}, {}, {}, '{}', UTC_TIMESTAMP(6))",
            TableName::new(schema, tables::RUN),
            Phase::Copying.word(),
            request.id.as_deref().map_or("NULL".to_owned(), text),
            text(&table.schema),
            text(&table.table),
            text(request.statement.text()),
            text(definition),
            text(&table.helper(Helper::Shadow).table),
            text(&table.helper(Helper::Kept).table),
            text(server_uuid),
            env!("CARGO_PKG_VERSION"),
        );
        session.run(sql).await?;
        let id: u64 = session.one("SELECT LAST_INSERT_ID()").await?;
        select(session, schema, &format!("id = {id}")).await?.pop().ok_or_else(|| {
            crate::error::Error::failed(
                "journal_row_missing",
                format!("run {id} has no journal row"),
            )
        })
    }

    /// All runs, the newest first.
    pub async fn all(session: &mut Session, schema: &str) -> Result<Vec<Self>> {
        select(session, schema, "TRUE").await
    }

    /// The runs on one table, the newest first.
    pub async fn on_table(
        session: &mut Session,
        schema: &str,
        table: &TableName,
    ) -> Result<Vec<Self>> {
        let which = format!(
            "table_schema = {} AND table_name = {}",
            text(&table.schema),
            text(&table.table)
        );
        select(session, schema, &which).await
    }

    /// The runs of one name, the newest first.
    pub async fn named(session: &mut Session, schema: &str, name: &str) -> Result<Vec<Self>> {
        select(session, schema, &format!("name = {}", text(name))).await
    }

    /// Remembers the tables' ids, by which a lost reply of the swap is decided.
    pub async fn set_ids(
        &mut self,
        session: &mut Session,
        schema: &str,
        original: Option<u64>,
        shadow: Option<u64>,
    ) -> Result<()> {
        let literal = |id: Option<u64>| id.map_or("NULL".to_owned(), |id| id.to_string());
        session
            .run(format!(
                "UPDATE {} SET original_id = {}, shadow_id = {} WHERE id = {}",
                TableName::new(schema, tables::RUN),
                literal(original),
                literal(shadow),
                self.id
            ))
            .await?;
        (self.original_id, self.shadow_id) = (original, shadow);
        Ok(())
    }

    /// Takes a dead run over: waits for its last transaction and shuts out any later one.
    pub async fn take_over(&mut self, session: &mut Session, schema: &str) -> Result<()> {
        session
            .run(format!(
                "UPDATE {} SET epoch = epoch + 1 WHERE id = {}",
                TableName::new(schema, tables::RUN),
                self.id
            ))
            .await?;
        self.epoch += 1;
        Ok(())
    }

    /// The marker that this run's helper tables carry as their comment.
    pub fn marker(&self) -> String {
        format!("zosc run {}", self.id)
    }

    /// The comment of the empty table that holds the kept table's name until the swap.
    pub fn sentry_marker(&self) -> String {
        format!("{} sentry", self.marker())
    }
}

async fn select(session: &mut Session, schema: &str, which: &str) -> Result<Vec<RunRow>> {
    let table = TableName::new(schema, tables::RUN);
    session.rows(format!("SELECT {COLUMNS} FROM {table} WHERE {which} ORDER BY id DESC")).await
}

impl FromRow for RunRow {
    fn from_row_opt(row: Row) -> Result<Self, FromRowError> {
        fn take<T: mysql_async::prelude::FromValue>(row: &mut Row, index: usize) -> Option<T> {
            row.take_opt(index).and_then(std::result::Result::ok)
        }
        let mut source = row.clone();
        let mut read = || {
            let phase: String = take(&mut source, 2)?;
            Some(Self {
                id: take(&mut source, 0)?,
                epoch: take(&mut source, 1)?,
                phase: Phase::ALL.into_iter().find(|known| known.word() == phase)?,
                name: take(&mut source, 3)?,
                table: TableName::new(
                    take::<String>(&mut source, 4)?,
                    take::<String>(&mut source, 5)?,
                ),
                statement: take(&mut source, 6)?,
                original_id: take(&mut source, 7)?,
                shadow_id: take(&mut source, 8)?,
                started_at: take(&mut source, 9)?,
                ended_at: take(&mut source, 10)?,
                note: take(&mut source, 11)?,
            })
        };
        read().ok_or(FromRowError(row))
    }
}
