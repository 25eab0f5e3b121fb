//! What survives a crash: the run's row with its epoch, its chunks, its position, and the fence.
//!
//! Every table is in the journal's own schema (`_zosc` unless told otherwise), so that locks on the
//! application's tables never meet it. A run's row changes rarely: each write transaction of the run
//! reads its epoch under a shared lock, so what changes often (position, fence) has tables of its own.

mod fence;
mod guard;
mod run;
mod stand_in;
mod tables;

pub use fence::Fence;
pub use guard::Guard;
pub use run::{Ended, Phase, RunRow};
pub use stand_in::StandIn;
pub use tables::FENCE;

use crate::capture::Position;
use crate::error::{Error, Kind, Result};
use crate::ledger::ChunkNo;
use crate::mysql::{Server, Session, text};
use crate::schema::{Key, TableName};

/// A run's number in the journal.
pub type RunId = u64;

/// A part of a chunk that has a transaction of its own.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The chunk.
    pub chunk: ChunkNo,
    /// Its number within the chunk, from 0.
    pub number: u32,
    /// Set on the chunk's last piece: the chunk's upper bound (`None` is "no bound").
    pub completes: Option<Option<Key>>,
    /// Rows carried over.
    pub rows: u64,
}

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
    pub async fn fence(&self, server: &Server) -> Result<Fence> {
        Fence::open(server, self.fence_table(), self.run).await
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
        if epoch == Some(self.epoch) {
            return Ok(());
        }
        Err(Error::new(
            Kind::Busy,
            "taken_over",
            format!("run {} was taken over or cleaned up by another zosc", self.run),
        )
        .hint("see `zosc status`"))
    }

    /// Writes down a piece of a chunk; to be called in the piece's own transaction.
    pub async fn piece(&self, session: &mut Session, piece: &Piece) -> Result<()> {
        let upto = piece.completes.as_ref().map(json).transpose()?;
        let sql = format!(
            "INSERT INTO {} (run, number, piece, complete, upto, copied) \
             VALUES ({}, {}, {}, {}, {}, {})",
            self.table(tables::CHUNK),
            self.run,
            piece.chunk,
            piece.number,
            piece.completes.is_some(),
            upto.as_deref().unwrap_or("NULL"),
            piece.rows,
        );
        session.run(sql).await.map(drop)
    }

    /// The rows of a piece if its transaction has committed: decides after a lost reply.
    pub async fn committed(
        &self,
        session: &mut Session,
        chunk: ChunkNo,
        piece: u32,
    ) -> Result<Option<u64>> {
        let sql = format!(
            "SELECT copied FROM {} WHERE run = {} AND number = {chunk} AND piece = {piece}",
            self.table(tables::CHUNK),
            self.run
        );
        session.first(sql).await
    }

    /// Writes down how far every change has been carried over.
    pub async fn position(&self, session: &mut Session, position: &Position) -> Result<()> {
        let sql = format!(
            "REPLACE INTO {} (run, position) VALUES ({}, {})",
            self.table(tables::POSITION),
            self.run,
            json(position)?
        );
        session.run(sql).await.map(drop)
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
        session.run(sql).await.map(drop)
    }

    /// Ends the run: its row becomes history, its chunks and position go. Who stands in for a
    /// trigger is remembered when the tables are swapped: [`Journal::no_stand_ins`] forgets it.
    pub async fn end(&self, session: &mut Session, ended: Ended, note: &str) -> Result<()> {
        let note: String = note.chars().take(2000).collect();
        session.begin().await?;
        session
            .run(format!(
                "UPDATE {} SET phase = '{}', note = {}, ended_at = UTC_TIMESTAMP(6) WHERE id = {}",
                self.table(tables::RUN),
                ended.phase().word(),
                text(&note),
                self.run
            ))
            .await?;
        let stand_ins = (ended != Ended::Swapped).then_some(tables::STAND_IN);
        for table in [tables::CHUNK, tables::POSITION, FENCE].into_iter().chain(stand_ins) {
            session
                .run(format!("DELETE FROM {} WHERE run = {}", self.table(table), self.run))
                .await?;
        }
        session.commit().await
    }

    fn table(&self, table: &str) -> TableName {
        TableName::new(&self.schema, table)
    }
}

/// A value as a SQL literal of its JSON text.
fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map(|json| text(&json))
        .map_err(|error| Error::failed("journal_not_writable", error.to_string()))
}
