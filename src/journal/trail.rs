//! How far a run has come: the pieces of its copy, where its capture began, and up to where every
//! change has been carried over. A run that goes on starts from here.

use mysql_async::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Journal, tables};
use crate::capture::Position;
use crate::error::{Error, Result};
use crate::ledger::ChunkNo;
use crate::mysql::{History, Session, text};
use crate::schema::Key;
use crate::walk::Range;

/// A part of a chunk that has a transaction of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The chunk.
    pub chunk: ChunkNo,
    /// Its number within the chunk, from 0.
    pub number: u32,
    /// The keys that it holds.
    pub range: Range,
    /// Rows carried over.
    pub rows: u64,
}

/// What a run that stopped has left in the journal.
#[derive(Debug)]
pub struct Trail {
    /// The committed pieces in the order of their keys.
    pub pieces: Vec<Piece>,
    /// How capture began, as JSON of its own.
    beginning: String,
    /// Up to where every change has been carried over; `None` when it has not come so far, or when
    /// capture keeps that elsewhere.
    pub position: Option<Position>,
    /// What the server is known to have done before that position, if its transactions have GTIDs.
    pub history: Option<History>,
    /// When it is gone on with on another server than the one that it stopped on.
    pub moved: Option<Moved>,
}

/// How a run is known on another server than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// What the first server is known to have done, all of which this one has done too.
    pub history: History,
    /// The server's own name.
    pub server_uuid: String,
    /// InnoDB's id of the original there, where it can be read.
    pub original_id: Option<u64>,
    /// InnoDB's id of the shadow there, where it can be read.
    pub shadow_id: Option<u64>,
}

impl Journal {
    /// Writes down a piece of a chunk; to be called in the piece's own transaction.
    pub async fn piece(&self, session: &mut Session, piece: &Piece) -> Result<()> {
        session.run(self.piece_sql(piece)?).await.map(drop)
    }

    fn piece_sql(&self, piece: &Piece) -> Result<String> {
        let Range { after, upto } = &piece.range;
        Ok(format!(
            "INSERT INTO {} (run, number, piece, after_key, upto_key, copied) \
             VALUES ({}, {}, {}, {}, {}, {})",
            self.table(tables::CHUNK),
            self.run,
            piece.chunk,
            piece.number,
            bound(after.as_ref())?,
            bound(upto.as_ref())?,
            piece.rows,
        ))
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

    /// Writes down how capture begins, and what the server had done before that; to be called before
    /// the first chunk is copied. A run without this has copied nothing.
    pub async fn capture_begins(
        &self,
        session: &mut Session,
        beginning: &impl Serialize,
        before: Option<&History>,
    ) -> Result<()> {
        let sql = format!(
            "REPLACE INTO {} (run, beginning, history) VALUES ({}, {}, {})",
            self.table(tables::POSITION),
            self.run,
            json(beginning)?,
            before.map_or(Ok("NULL".to_owned()), json)?
        );
        session.run(sql).await.map(drop)
    }

    /// Writes down that the run goes on on another server, and how its capture begins there.
    pub async fn moves(
        &self,
        session: &mut Session,
        beginning: &impl Serialize,
        moved: &Moved,
    ) -> Result<()> {
        let Moved { server_uuid, original_id, shadow_id, .. } = moved;
        let literal = |id: &Option<u64>| id.map_or("NULL".to_owned(), |id| id.to_string());
        let run = self.run;
        let capture = format!(
            "UPDATE {} SET beginning = {}, position = NULL WHERE run = {run}",
            self.table(tables::POSITION),
            json(beginning)?,
        );
        let place = format!(
            "UPDATE {} SET server_uuid = {}, original_id = {}, shadow_id = {} WHERE id = {run}",
            self.table(tables::RUN),
            text(server_uuid),
            literal(original_id),
            literal(shadow_id),
        );
        self.held(session, &[capture, place]).await
    }

    /// Writes down how far every change has been carried over, and what is known to lie before that.
    pub async fn position(
        &self,
        session: &mut Session,
        position: &Position,
        before: Option<&History>,
    ) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET position = {}, history = {} WHERE run = {}",
            self.table(tables::POSITION),
            json(position)?,
            before.map_or(Ok("history".to_owned()), json)?,
            self.run,
        );
        self.held(session, &[sql]).await
    }

    /// What [`Journal::position`] wrote last.
    pub async fn saved_position(&self, session: &mut Session) -> Result<Option<Position>> {
        let table = self.table(tables::POSITION);
        let sql = format!("SELECT position FROM {table} WHERE run = {}", self.run);
        let saved: Option<Option<String>> = session.first(sql).await?;
        saved.flatten().as_deref().map(read).transpose()
    }

    /// Runs statements in a transaction that fails when the run was taken over.
    pub async fn held(&self, session: &mut Session, statements: &[String]) -> Result<()> {
        session.begin().await?;
        let done = async {
            self.hold_epoch(session).await?;
            for statement in statements {
                session.run(statement).await?;
            }
            Ok(())
        }
        .await;
        match done {
            Ok(()) => session.commit().await,
            Err(error) => {
                session.roll_back_after(&error).await?;
                Err(error)
            }
        }
    }

    /// What the run has left; `None` when it has not begun to capture, and so copied nothing.
    pub async fn trail(&self, session: &mut Session) -> Result<Option<Trail>> {
        let sql = format!(
            "SELECT beginning, position, history FROM {} WHERE run = {}",
            self.table(tables::POSITION),
            self.run
        );
        let captured: Option<(String, Option<String>, Option<String>)> = session.first(sql).await?;
        let Some((beginning, position, history)) = captured else { return Ok(None) };
        let position = position.as_deref().map(read).transpose()?;
        let history = history.as_deref().map(read).transpose()?;
        let sql = format!(
            "SELECT number, piece, after_key, upto_key, copied FROM {} WHERE run = {} \
             ORDER BY number, piece",
            self.table(tables::CHUNK),
            self.run
        );
        let rows: Vec<Row> = session.rows(sql).await?;
        let pieces = rows.into_iter().map(piece).collect::<Result<_>>()?;
        Ok(Some(Trail { pieces, beginning, position, history, moved: None }))
    }

    /// Replaces all pieces by these, which hold the same keys under the numbers of a new ledger.
    pub async fn renumber(&self, session: &mut Session, pieces: &[Piece]) -> Result<()> {
        let chunks = self.table(tables::CHUNK);
        let mut statements = vec![format!("DELETE FROM {chunks} WHERE run = {}", self.run)];
        for piece in pieces {
            statements.push(self.piece_sql(piece)?);
        }
        self.held(session, &statements).await
    }

    /// Makes sure that the run is never gone on with: what it left is for looking at.
    pub async fn ends_here(&self, session: &mut Session, why: &str) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE run = {}", self.table(tables::POSITION), self.run);
        session.run(sql).await?;
        self.stopped(session, why).await
    }
}

impl Trail {
    /// What [`Journal::capture_begins`] was given.
    pub fn beginning<T: DeserializeOwned>(&self) -> Result<T> {
        read(&self.beginning)
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| unreadable(&error.to_string()))
}

fn piece(mut row: Row) -> Result<Piece> {
    let mut read_row = || {
        let (number, piece): (ChunkNo, u32) = (row.take(0)?, row.take(1)?);
        let (after, upto): (Option<String>, Option<String>) = (row.take(2)?, row.take(3)?);
        Some((number, piece, after, upto, row.take(4)?))
    };
    let (chunk, number, after, upto, rows) =
        read_row().ok_or_else(|| unreadable("a piece of a chunk"))?;
    let key = |json: Option<String>| json.as_deref().map(read::<Key>).transpose();
    Ok(Piece { chunk, number, range: Range { after: key(after)?, upto: key(upto)? }, rows })
}

fn unreadable(what: &str) -> Error {
    Error::failed("journal_not_readable", format!("the journal cannot be read: {what}"))
        .hint("give the run up: `zosc clean` with its number and `--yes`; then start afresh")
}

/// `NULL` is "no bound".
fn bound(key: Option<&Key>) -> Result<String> {
    key.map_or_else(|| Ok("NULL".to_owned()), json)
}

/// A value as a SQL literal of its JSON text.
fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map(|json| text(&json))
        .map_err(|error| Error::failed("journal_not_writable", error.to_string()))
}
