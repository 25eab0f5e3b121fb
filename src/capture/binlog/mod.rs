//! Capture by reading the binary log.
//!
//! [`stream`] connects, [`transaction`] understands, [`reader`] is the task between them. Of a row
//! only its key is decoded ([`image`] walks, [`value`] decodes), of another table's rows nothing.

mod completion;
mod cursor;
mod decimal;
mod doubt;
mod gtid;
mod image;
mod inflate;
mod kind;
mod ours;
mod outbox;
mod position;
mod query;
mod reader;
mod rows;
mod shape;
mod statement;
mod stream;
mod table_map;
mod tables;
mod temporal;
mod transaction;
mod value;
mod words;
mod xa;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::completion::Completion;
use self::ours::Ours;
use self::reader::Reading;
use self::statement::Names;
use self::stream::{Reader, Stream};
use self::transaction::Transactions;
use super::{Delivery, Watched, prepared};
use crate::error::{Error, Result};
use crate::halt::Halt;
use crate::mysql::{Server, Session};

pub use position::Position;

/// Deliveries that may wait to be taken; then reading waits.
const WAITING: usize = 1024;

/// A running reader of the binary log.
#[derive(Debug)]
pub struct Binlog {
    ours: Ours,
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

impl Binlog {
    /// Returns when the server sends its log from `from`, or else from its present end. The first
    /// delivery is the position of the start. The channel ends after `stop`, after trouble (which
    /// is told to `halt`), and after the run's own rename of the original.
    pub async fn start(
        server: &Server,
        watched: Watched,
        from: Option<Position>,
        halt: &Halt,
    ) -> Result<(Self, mpsc::Receiver<Delivery>)> {
        shape::check(&watched.original)?;
        let mut session = server.session().await?;
        let names = Names::new(&watched, folds_names(&mut session).await?);
        let (start, lenient_until) = match from {
            Some(from) => (from.clone(), from),
            None => first_place(server, &mut session).await?,
        };
        session.close().await?;

        let ours = Ours::new(server.comment());
        let reader = Reader::random();
        let stream = Stream::open(server, &reader, &start).await.map_err(|ended| {
            ended.into_error().during(format!("starting to read the binary log at {start}"))
        })?;
        let transactions = Transactions::new(watched, names, ours.clone(), start, lenient_until);
        let (deliveries, receiver) = mpsc::channel(WAITING);
        let completion = Completion::new(server.clone());
        let server = server.clone();
        let reading = Reading { server, reader, stream, transactions, completion, deliveries };
        let stopping = CancellationToken::new();
        let task = tokio::spawn(watch_over(reading, stopping.clone(), halt.clone()));
        Ok((Self { ours, stopping, task }, receiver))
    }

    /// Stops reading and closes the connection.
    pub async fn stop(self) -> Result<()> {
        self.stopping.cancel();
        self.task.await.map_err(|error| {
            Error::failed("capture_failed", format!("capture ended badly: {error}"))
        })
    }

    /// From now on takes DDL of this connection for the run's own. Needed where the server does not
    /// keep the run's comment in its log: for `CREATE TRIGGER` and `DROP TABLE`.
    pub fn allow_thread(&self, connection: u32) {
        self.ours.allow_thread(connection);
    }
}

/// Runs the reader in a task of its own, so that a panic of the driver on a torn event is trouble
/// like any other.
async fn watch_over(reading: Reading, stopping: CancellationToken, halt: Halt) {
    // Keeps the channel open until the cause is told: who sees it end may ask for the cause.
    let _open = reading.deliveries.clone();
    let mut task = tokio::spawn(reading.run());
    let outcome = tokio::select! {
        outcome = &mut task => outcome,
        () = stopping.cancelled() => {
            task.abort();
            task.await
        }
    };
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => halt.stop(error),
        Err(ended) if ended.is_cancelled() => {}
        Err(ended) => halt.stop(Error::failed(
            "capture_failed",
            format!("reading the binary log failed: {ended}"),
        )),
    }
}

/// The log's end, and up to where XA transactions that were prepared before it may be committed.
async fn first_place(server: &Server, session: &mut Session) -> Result<(Position, Position)> {
    let start = position::log_end(server, session).await?;
    // Those that are prepared now are waited for, so their rows are there before the first chunk.
    let seen = prepared::outlast_prepared(session).await?;
    let settled = if seen { position::log_end(server, session).await? } else { start.clone() };
    Ok((start, settled))
}

async fn folds_names(session: &mut Session) -> Result<bool> {
    let mode: u8 = session.one("SELECT @@lower_case_table_names").await?;
    Ok(mode != 0)
}
