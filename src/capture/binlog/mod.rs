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
mod milestone;
mod ours;
mod outbox;
mod position;
mod query;
mod reader;
mod retention;
mod rows;
mod shape;
mod start;
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
use crate::means::Means;
use crate::mysql::{Server, Session, Trials};

pub use milestone::Milestone;
pub use position::Position;
pub(crate) use position::log_end;
pub(crate) use retention::policy as retention_policy;
pub use start::Start;

/// Deliveries that may wait to be taken; then reading waits.
const WAITING: usize = 128;

/// A running reader of the binary log.
#[derive(Debug)]
pub struct Binlog {
    start: Start,
    ours: Ours,
    stopping: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Binlog {
    /// Returns when the server sends its log from `from`, or else from its present end. The first
    /// delivery is the position of the start, where it is one. The channel ends after `stop`, after trouble (which
    /// is told to `halt`), and after the run's own rename of the original.
    pub async fn start(
        server: &Server,
        watched: Watched,
        from: Option<Start>,
        halt: &Halt,
    ) -> Result<(Self, mpsc::Receiver<Delivery>)> {
        shape::check(&watched.original)?;
        let mut session = server.session().await?;
        let names = Names::new(&watched, folds_names(&mut session).await?);
        let start = match from {
            Some(from) => from,
            None => first_place(server, &mut session).await?,
        };
        session.close().await?;

        let stand_ins = server.run().map(|run| watched.original.name.stand_ins(run));
        let ours = Ours::new(server.comment(), stand_ins);
        let reader = Reader::random();
        let place = start.place();
        let (stream, begun) = Stream::open(server, &reader, place).await.map_err(|ended| {
            ended.into_error().during(format!("starting to read the binary log {place}"))
        })?;
        let transactions = Transactions::new(watched, names, ours.clone(), begun, start.settled());
        let (deliveries, receiver) = mpsc::channel(WAITING);
        let completion = Completion::new(server, halt);
        let trials = Trials::new(server, halt, "reading the binary log");
        let reading = Reading {
            server: server.clone(),
            start: start.clone(),
            reader,
            stream,
            transactions,
            completion,
            deliveries,
            trials,
        };
        let stopping = CancellationToken::new();
        let task = tokio::spawn(watch_over(reading, stopping.clone(), halt.clone()));
        Ok((Self { start, ours, stopping, tasks: vec![task] }, receiver))
    }

    /// Where it began.
    pub fn start_place(&self) -> &Start {
        &self.start
    }

    /// From now on warns in time when the server is about to remove what a run that resumes would
    /// need.
    pub fn watch_retention(&mut self, means: &Means) {
        let Means { server, journal, events, .. } = means;
        let (server, journal, events) = (server.clone(), journal.clone(), events.clone());
        let watch = retention::watch(server, journal, events, self.stopping.clone());
        self.tasks.push(tokio::spawn(watch));
    }

    /// Stops reading and closes the connection.
    pub async fn stop(self) -> Result<()> {
        self.stopping.cancel();
        let mut ended = Ok(());
        for task in self.tasks {
            ended = ended.and(task.await.map_err(|error| {
                Error::failed("capture_failed", format!("capture ended badly: {error}"))
            }));
        }
        ended
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
async fn first_place(server: &Server, session: &mut Session) -> Result<Start> {
    let position = position::log_end(server, session).await?;
    // Those that are prepared now are waited for, so their rows are there before the first chunk.
    let seen = prepared::outlast_prepared(session).await?;
    let settled = if seen { position::log_end(server, session).await? } else { position.clone() };
    Ok(Start::At { position, settled })
}

async fn folds_names(session: &mut Session) -> Result<bool> {
    let mode: u8 = session.one("SELECT @@lower_case_table_names").await?;
    Ok(mode != 0)
}
