//! The task that reads the stream, takes it up again when it is lost, and hands over.

use tokio::sync::mpsc;

use super::completion::Completion;
use super::kind::Kind;
use super::position::{Position, log_end};
use super::start::{Place, Start};
use super::stream::{Ended, Reader, Stream};
use super::transaction::{Flow, Transactions};
use crate::capture::Delivery;
use crate::error::{Error, Result};
use crate::mysql::{Server, Trials, connection_lost};

/// The reading task's state.
pub(super) struct Reading {
    pub(super) server: Server,
    pub(super) start: Start,
    pub(super) reader: Reader,
    pub(super) stream: Stream,
    pub(super) transactions: Transactions,
    pub(super) completion: Completion,
    pub(super) deliveries: mpsc::Sender<Delivery>,
    /// Over when the stream has got any further.
    pub(super) trials: Trials,
}

/// After so many heartbeats in a row we ask elsewhere whether there is really nothing new.
const DOUBT: u32 = 5;

impl Reading {
    /// Reads until the original is renamed by us, or nobody listens any more.
    pub(super) async fn run(mut self) -> Result<()> {
        let mut garbled_at: Option<Position> = None;
        loop {
            let reached = self.transactions.boundary().clone();
            let Some(ended) = self.read().await? else { return Ok(()) };
            if *self.transactions.boundary() != reached {
                self.trials.over();
            }
            let error = self.reconsider(ended, &mut garbled_at)?;
            self.stream = self.reopen(error).await?;
            self.transactions.rewind();
        }
    }

    /// Reads until the stream ends; `None` when all is done.
    async fn read(&mut self) -> Result<Option<Ended>> {
        let mut silent = 0;
        loop {
            let (kind, event) = match self.stream.next().await {
                Ok(event) => event,
                Err(ended) => return Ok(Some(ended)),
            };
            let flow = self.transactions.take(kind, &event)?;
            if let Flow::Completed(xid) = &flow {
                self.completion.await_commit(xid).await?;
            }
            for delivery in self.transactions.deliveries() {
                if self.deliveries.send(delivery).await.is_err() {
                    tracing::debug!("nobody listens to capture any more");
                    return Ok(None);
                }
            }
            if kind == Kind::Heartbeat {
                self.trials.over();
            }
            silent = if kind == Kind::Heartbeat { silent + 1 } else { 0 };
            if silent == DOUBT {
                silent = 0;
                if let Some(ended) = self.look_behind().await {
                    return Ok(Some(ended));
                }
            }
            if flow == Flow::Finished {
                return Ok(None);
            }
        }
    }

    /// After a reset of the log the server goes on sending heartbeats and nothing else. If the log
    /// does not end where we are, taking up the stream again shows why.
    async fn look_behind(&self) -> Option<Ended> {
        match self.log_end().await {
            Ok(end) if end.same_place(self.transactions.place()) => None,
            Ok(end) => {
                let place = self.transactions.place();
                Some(Ended::lost(&format!("nothing comes behind {place}, the log ends at {end}")))
            }
            Err(error) => {
                tracing::debug!(%error, "could not compare with the log's end");
                None
            }
        }
    }

    async fn log_end(&self) -> Result<Position> {
        let mut session = self.server.session().await?;
        let end = log_end(&self.server, &mut session).await?;
        session.close().await?;
        Ok(end)
    }

    /// Why a stream that ended so may be taken up again; an error if it may not.
    fn reconsider(&mut self, ended: Ended, garbled_at: &mut Option<Position>) -> Result<Error> {
        let boundary = self.transactions.boundary();
        match ended {
            Ended::Definite(error) => Err(error),
            Ended::Garbled(error) if garbled_at.as_ref() == Some(boundary) => {
                Err(error.during(format!("behind {boundary}")))
            }
            Ended::Garbled(error) => {
                tracing::warn!(%error, %boundary, "reading once more");
                *garbled_at = Some(boundary.clone());
                Ok(connection_lost(&error.message))
            }
            Ended::Usurped(error) => {
                tracing::warn!(%error, "taking another name");
                self.reader = Reader::random();
                Ok(connection_lost(&error.message))
            }
            Ended::Lost(error) => {
                tracing::info!(%error, %boundary, "taking up the binary log again");
                Ok(error)
            }
        }
    }

    /// Takes the stream up behind the last whole transaction, on a server that still has all that
    /// it had told.
    async fn reopen(&mut self, mut error: Error) -> Result<Stream> {
        let place = if self.transactions.has_told() {
            Place::At(self.transactions.boundary())
        } else {
            self.start.place()
        };
        loop {
            let tried = self.trials.wait(&error).await;
            tried.map_err(|error| error.during(format!("reading on {place}")))?;
            self.trials.replacement().await?.close().await?;
            match Stream::open(&self.server, &self.reader, place).await {
                Ok((stream, _)) => return Ok(stream),
                Err(Ended::Definite(error)) => return Err(error),
                Err(ended) => error = ended.into_error(),
            }
        }
    }
}
