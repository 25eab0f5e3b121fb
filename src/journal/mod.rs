//! What survives a crash: the run's row with its epoch, its chunks, its position, and the fence.
//!
//! Every table is in the journal's own schema (`_zosc` unless told otherwise), so that locks on the
//! application's tables never meet it. A run's row changes rarely: each write transaction of the run
//! reads its epoch under a shared lock, so what changes often (position, fence) has tables of its own.

mod fence;
mod guard;
mod heartbeat;
mod phase;
mod run;
mod stand_in;
mod tables;
mod trail;

pub use fence::Fence;
pub use guard::Guard;
pub use phase::{Ended, Phase};
pub use run::{Course, RunRow};
pub use stand_in::StandIn;
pub use tables::FENCE;
pub use trail::{Moved, Piece, Trail};

use crate::error::{Error, Kind, Result};
use crate::halt::Halt;
use crate::mysql::{Server, Session, Trials, text};
use crate::schema::read::definition;
use crate::schema::{TableName, exists};

/// The slug of the error that another zosc has the run now: it is not ours to end any more.
pub const TAKEN_OVER: &str = "taken_over";

/// The slug of the error that the journal does not know the run any more.
const ROW_GONE: &str = "journal_row_gone";

/// A run's number in the journal.
pub type RunId = u64;

/// A run's handle to its own rows. Cheap to clone: it only knows names and numbers.
#[derive(Debug, Clone)]
pub struct Journal {
    schema: String,
    run: RunId,
    epoch: u64,
}

impl Journal {
    /// Makes the journal's tables if they are missing.
    pub async fn prepare(session: &mut Session, schema: &str) -> Result<()> {
        tables::create(session, schema).await
    }

    /// Whether the journal's schema has been made.
    pub async fn exists(session: &mut Session, schema: &str) -> Result<bool> {
        tables::exist(session, schema).await
    }

    /// Opens the handle of a run that has its row already.
    pub fn of(schema: &str, row: &RunRow) -> Self {
        Self { schema: schema.to_owned(), run: row.id, epoch: row.epoch }
    }

    /// The run's number.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The journal's schema.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The fence table: capture must know it.
    pub fn fence_table(&self) -> TableName {
        TableName::new(&self.schema, FENCE)
    }

    /// A writer of fences on a connection of its own.
    pub async fn fence(&self, server: &Server, halt: &Halt) -> Result<Fence> {
        let trials = Trials::new(server, halt, "committing a fence");
        Fence::open(trials, self).await
    }

    /// To be called first in every write transaction: holds the run's row until the transaction
    /// ends, and fails when another process has taken the run over.
    pub async fn hold_epoch(&self, session: &mut Session) -> Result<()> {
        let sql = format!(
            "SELECT epoch FROM {} WHERE id = {} {}",
            self.table(tables::RUN),
            self.run,
            session.flavour().shared_lock()
        );
        let epoch: Option<u64> = session.first(sql).await?;
        match epoch {
            Some(epoch) if epoch == self.epoch => Ok(()),
            Some(_) => Err(self.taken_over()),
            None => Err(self.row_gone()),
        }
    }

    fn row_gone(&self) -> Error {
        Error::failed(
            ROW_GONE,
            format!("somebody has deleted the row of run {} from the journal", self.run),
        )
        .hint("start afresh; what is in the journal is zosc's own")
    }

    /// Keeps everybody from taking the run over until the transaction ends; also when the journal does
    /// not know the run any more.
    pub async fn hold_row(&self, session: &mut Session) -> Result<()> {
        match self.hold_epoch(session).await {
            Err(error) if error.code == ROW_GONE => Ok(()),
            held => held,
        }
    }

    /// Whether another process has the run now.
    pub async fn is_taken_over(&self, server: &Server) -> Result<bool> {
        let mut session = server.reconnect().await?;
        let held = self.hold_row(&mut session).await;
        session.close().await?;
        match held {
            Err(error) if error.code == TAKEN_OVER => Ok(true),
            held => held.map(|()| false),
        }
    }

    /// The error that another process has the run.
    pub fn taken_over(&self) -> Error {
        Error::new(
            Kind::Busy,
            TAKEN_OVER,
            format!("run {} was taken over or cleaned up by another zosc", self.run),
        )
        .hint("see `zosc status`")
    }

    /// Names the phase that is being entered, before it is entered.
    pub async fn phase(&self, session: &mut Session, phase: Phase) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET phase = '{}' WHERE id = {} AND epoch = {}",
            self.table(tables::RUN),
            phase.word(),
            self.run,
            self.epoch
        );
        session.run(sql).await?;
        // The number of changed rows does not tell: the phase may have been so before.
        self.hold_epoch(session).await
    }

    /// Writes down whether the swap waits for an operator's word, for a run that goes on.
    pub async fn postpone(&self, session: &mut Session, postponed: bool) -> Result<()> {
        self.note_flag(session, "postponed", postponed).await
    }

    /// Writes down whether the application's traffic may be paused because of the run.
    pub async fn traffic(&self, session: &mut Session, is_paused: bool) -> Result<()> {
        self.note_flag(session, "traffic_paused", is_paused).await
    }

    /// Fails when another process has taken the run over.
    async fn note_flag(&self, session: &mut Session, column: &str, value: bool) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET {column} = {value} WHERE id = {} AND epoch = {}",
            self.table(tables::RUN),
            self.run,
            self.epoch
        );
        session.run(sql).await?;
        // The number of changed rows does not tell: it may have been so before.
        self.hold_epoch(session).await
    }

    /// Writes down why the run has stopped; it may be gone on with.
    pub async fn stopped(&self, session: &mut Session, why: &str) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET note = {} WHERE id = {} AND epoch = {}",
            self.table(tables::RUN),
            text(&note(why)),
            self.run,
            self.epoch
        );
        session.run(sql).await.map(drop)
    }

    /// Ends the run: its row becomes history, its chunks and position go. Who stands in for a
    /// trigger is remembered when the tables are swapped: [`Journal::no_stand_ins`] forgets it.
    pub async fn end(&self, session: &mut Session, ended: Ended, note: &str) -> Result<()> {
        let result = match ended {
            // That the run has ended must be written even if this cannot be read.
            Ended::Swapped | Ended::Direct => self.result(session).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "how the table is now could not be read");
                None
            }),
            Ended::Failed | Ended::Cleaned | Ended::Rehearsed => None,
        };
        session.begin().await?;
        if let Some(result) = result {
            let run = self.table(tables::RUN);
            let result = text(&result);
            session
                .run(format!("UPDATE {run} SET result = {result} WHERE id = {}", self.run))
                .await?;
        }
        session
            .run(format!(
                "UPDATE {} SET phase = '{}', note = {}, ended_at = UTC_TIMESTAMP(6) WHERE id = {}",
                self.table(tables::RUN),
                ended.phase().word(),
                text(&self::note(note)),
                self.run
            ))
            .await?;
        let stand_ins = (ended != Ended::Swapped).then_some(tables::STAND_IN);
        for table in
            [tables::CHUNK, tables::POSITION, tables::HEARTBEAT, FENCE].into_iter().chain(stand_ins)
        {
            session
                .run(format!("DELETE FROM {} WHERE run = {}", self.table(table), self.run))
                .await?;
        }
        session.commit().await
    }

    /// The definition that the run's table has now, if there is such a table.
    async fn result(&self, session: &mut Session) -> Result<Option<String>> {
        let run = self.table(tables::RUN);
        let sql = format!("SELECT table_schema, table_name FROM {run} WHERE id = {}", self.run);
        let Some((schema, table)) = session.first::<(String, String)>(sql).await? else {
            return Ok(None);
        };
        let table = TableName::new(schema, table);
        if exists(session, &table).await? {
            definition(session, &table).await.map(Some)
        } else {
            Ok(None)
        }
    }

    fn table(&self, table: &str) -> TableName {
        TableName::new(&self.schema, table)
    }
}

/// As much of it as a row has room for.
fn note(why: &str) -> String {
    why.chars().take(2000).collect()
}
