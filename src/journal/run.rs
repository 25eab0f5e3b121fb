//! A run's row.

use std::collections::BTreeSet;

use mysql_async::FromRowError;
use mysql_async::Row;
use mysql_async::prelude::{FromRow, FromValue};

use super::{Phase, RunId, tables};
use crate::capture::Mode;
use crate::error::Result;
use crate::mysql::{Session, text};
use crate::request::Request;
use crate::schema::{Helper, TableName};

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
    /// The findings that the user allowed.
    pub allow: BTreeSet<String>,
    /// The original's shape before the change.
    #[serde(skip)]
    pub definition: String,
    /// The server that the run is on: where it was started, or gone on with last.
    #[serde(skip)]
    pub server_uuid: String,
    /// InnoDB's id of the original before the swap, where it could be read: on the server that the
    /// run is on. Elsewhere there is none.
    pub original_id: Option<u64>,
    /// InnoDB's id of the shadow, where it could be read.
    pub shadow_id: Option<u64>,
    /// Known from when the shadow is built.
    #[serde(skip)]
    pub course: Option<Course>,
    /// How the definition will differ when the server has changed the table itself; known from when
    /// it is told to.
    #[serde(skip)]
    pub difference: Option<String>,
    /// The table's definition when the change was made; known when the run has ended well.
    #[serde(skip)]
    pub result: Option<String>,
    /// When it started, UTC.
    pub started_at: String,
    /// When it ended, UTC.
    pub ended_at: Option<String>,
    /// How it ended, or why it stopped, in words.
    pub note: Option<String>,
    /// Seconds since it started, by the server's clock.
    pub age_seconds: u64,
    /// Whether its swap waits for an operator's word.
    pub postponed: bool,
    /// Whether it may have left the application's traffic paused.
    pub traffic_paused: bool,
}

/// What a run that copies has settled on. It may be gone on with only so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// Where changed keys come from.
    pub capture: Mode,
    /// The index of the key by which rows are known.
    pub key_index: String,
    /// The shadow's shape, without its comment.
    pub shadow_definition: String,
    /// The comment that the table shall have in the end.
    pub final_comment: String,
}

/// Ids of tables mean something on the server that the run is on, and there only.
const COLUMNS: &str = "id, epoch, phase, name, table_schema, table_name, statement, \
                       IF(server_uuid = {here}, original_id, NULL), \
                       IF(server_uuid = {here}, shadow_id, NULL), CAST(started_at AS CHAR), CAST(ended_at AS CHAR), note, \
                       allow, definition, server_uuid, capture, key_index, shadow_definition, \
                       final_comment, difference, \
                       GREATEST(TIMESTAMPDIFF(SECOND, started_at, UTC_TIMESTAMP(6)), 0) AS age, \
                       postponed, traffic_paused, result";

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
            "INSERT INTO {} (phase, name, table_schema, table_name, statement, allow, definition, \
             shadow, kept, server_uuid, zosc_version, postponed, started_at) \
             VALUES ('{}', {}, {}, {}, {}, {}, {}, {}, {}, {}, '{}', {}, UTC_TIMESTAMP(6))",
            TableName::new(schema, tables::RUN),
            Phase::Copying.word(),
            request
                .id
                .as_deref()
                .filter(|_| request.rehearse.is_none())
                .map_or("NULL".to_owned(), text),
            text(&table.schema),
            text(&table.table),
            text(request.statement.text()),
            text(&words(&request.allow)),
            text(definition),
            text(&table.helper(Helper::Shadow).table),
            text(&table.helper(Helper::Kept).table),
            text(server_uuid),
            env!("CARGO_PKG_VERSION"),
            request.postpone,
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

    /// The runs of one name whose change no later one takes back, the newest first.
    pub async fn named(session: &mut Session, schema: &str, name: &str) -> Result<Vec<Self>> {
        select(session, schema, &format!("name = {} AND undone_by IS NULL", text(name))).await
    }

    /// Writes down that this run takes back the changes of all earlier runs whose names begin so.
    pub async fn undoes(&self, session: &mut Session, schema: &str, beginning: &str) -> Result<()> {
        let (id, beginning) = (self.id, text(beginning));
        session
            .run(format!(
                "UPDATE {} SET undone_by = {id} WHERE id < {id} AND undone_by IS NULL \
                 AND LEFT(name, CHAR_LENGTH({beginning})) = {beginning}",
                TableName::new(schema, tables::RUN),
            ))
            .await
            .map(drop)
    }

    /// Remembers the ids of original and shadow on this server, by which a lost reply of the swap is
    /// decided.
    pub async fn set_ids(
        &mut self,
        session: &mut Session,
        schema: &str,
        server_uuid: &str,
        [original, shadow]: [Option<u64>; 2],
    ) -> Result<()> {
        let literal = |id: Option<u64>| id.map_or("NULL".to_owned(), |id| id.to_string());
        session
            .run(format!(
                "UPDATE {} SET server_uuid = {}, original_id = {}, shadow_id = {} WHERE id = {}",
                TableName::new(schema, tables::RUN),
                text(server_uuid),
                literal(original),
                literal(shadow),
                self.id
            ))
            .await?;
        server_uuid.clone_into(&mut self.server_uuid);
        (self.original_id, self.shadow_id) = (original, shadow);
        Ok(())
    }

    /// Remembers what the run has settled on.
    pub async fn set_course(
        &mut self,
        session: &mut Session,
        schema: &str,
        course: Course,
    ) -> Result<()> {
        session
            .run(format!(
                "UPDATE {} SET capture = '{}', key_index = {}, shadow_definition = {}, \
                 final_comment = {} WHERE id = {}",
                TableName::new(schema, tables::RUN),
                course.capture.word(),
                text(&course.key_index),
                text(&course.shadow_definition),
                text(&course.final_comment),
                self.id
            ))
            .await?;
        self.course = Some(course);
        Ok(())
    }

    /// Remembers, before the server is told to change the table itself, how the definition will
    /// differ from `definition` then.
    pub async fn alters(
        &mut self,
        session: &mut Session,
        schema: &str,
        difference: &str,
    ) -> Result<()> {
        session
            .run(format!(
                "UPDATE {} SET phase = '{}', difference = {} WHERE id = {}",
                TableName::new(schema, tables::RUN),
                Phase::Altering.word(),
                text(difference),
                self.id
            ))
            .await?;
        (self.phase, self.difference) = (Phase::Altering, Some(difference.to_owned()));
        Ok(())
    }

    /// The server did not change the table itself: it is copied after all.
    pub async fn copies(&mut self, session: &mut Session, schema: &str) -> Result<()> {
        session
            .run(format!(
                "UPDATE {} SET phase = '{}', difference = NULL WHERE id = {}",
                TableName::new(schema, tables::RUN),
                Phase::Copying.word(),
                self.id
            ))
            .await?;
        (self.phase, self.difference) = (Phase::Copying, None);
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
    let columns = COLUMNS.replace("{here}", session.flavour().identity());
    session.rows(format!("SELECT {columns} FROM {table} WHERE {which} ORDER BY id DESC")).await
}

impl FromRow for RunRow {
    fn from_row_opt(row: Row) -> Result<Self, FromRowError> {
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
                allow: take::<String>(&mut source, 12)?
                    .split_ascii_whitespace()
                    .map(str::to_owned)
                    .collect(),
                definition: take(&mut source, 13)?,
                server_uuid: take(&mut source, 14)?,
                course: course(&mut source),
                difference: take(&mut source, 19)?,
                age_seconds: take(&mut source, 20)?,
                postponed: take(&mut source, 21)?,
                traffic_paused: take(&mut source, 22)?,
                result: take(&mut source, 23)?,
            })
        };
        read().ok_or(FromRowError(row))
    }
}

fn take<T: FromValue>(row: &mut Row, index: usize) -> Option<T> {
    row.take_opt(index).and_then(std::result::Result::ok)
}

/// `None` until all of it is there.
fn course(row: &mut Row) -> Option<Course> {
    let word: String = take(row, 15)?;
    Some(Course {
        capture: Mode::ALL.into_iter().find(|mode| mode.word() == word)?,
        key_index: take(row, 16)?,
        shadow_definition: take(row, 17)?,
        final_comment: take(row, 18)?,
    })
}

/// Names of rules have no spaces.
fn words(allow: &BTreeSet<String>) -> String {
    allow.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}
