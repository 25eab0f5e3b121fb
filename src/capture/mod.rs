//! Capture says which keys of the original changed; nothing else.
//!
//! The contract of every kind: *from `start` on, every committed change to the original is delivered
//! as its keys, old and new; what cannot be vouched for stops the run.*

mod acknowledge;
pub mod binlog;
mod prepared;
pub mod triggers;

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use crate::crash::crash_point;
use crate::error::Result;
use crate::journal::Trail;
use crate::means::Means;
use crate::mysql::{History, Session};
use crate::schema::{Key, KeyShape, Table, TableName};
use crate::settings::SwapBounds;

pub use acknowledge::{Acknowledge, Receipt};
pub use binlog::{Milestone, Position, Start};

/// Where the keys come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The server's binary log, which must have every change as rows.
    Binlog,
    /// Triggers on the original, which write the keys to a log table of ours.
    Triggers,
}

impl Mode {
    /// All of them, the better one first.
    pub const ALL: [Self; 2] = [Self::Binlog, Self::Triggers];

    /// The mode's word in settings and events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Binlog => "binlog",
            Self::Triggers => "triggers",
        }
    }
}

/// What capture watches.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The original as it was planned: what the server says of it later is compared with this.
    pub original: Table,
    /// The shadow: DDL on it by others stops the run.
    pub shadow: TableName,
    /// The key whose values are delivered.
    pub key: KeyShape,
    /// The journal's fence table: its rows carry tokens.
    pub fence: TableName,
    /// The comment that marks what is this run's.
    pub marker: String,
}

/// A fence's number: unique over all runs.
pub type Token = u64;

/// What capture delivers.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Changed keys. There may be several of these before the [`Delivery::Commit`] that they belong
    /// to.
    Keys(Vec<Key>),
    /// When every key delivered so far is carried over, this may be acknowledged.
    Commit(Receipt),
    /// Our own fence was met: all that was committed before it has been delivered.
    Fence(Token),
}

/// The deliveries of a running capture, with what their taker owes it.
#[derive(Debug)]
pub struct Deliveries {
    pub(crate) receiver: mpsc::Receiver<Delivery>,
    pub(crate) acknowledge: Acknowledge,
    pub(crate) nudge: Option<Arc<Notify>>,
}

impl Deliveries {
    /// What comes by `receiver` is acknowledged by `acknowledge`; `nudge` is told when somebody
    /// waits for a fence, where capture does not see it by itself.
    pub fn new(
        receiver: mpsc::Receiver<Delivery>,
        acknowledge: Acknowledge,
        nudge: Option<Arc<Notify>>,
    ) -> Self {
        Self { receiver, acknowledge, nudge }
    }

    /// The next delivery; `None` when capture has ended.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.receiver.recv().await
    }

    /// Tells capture that somebody waits for a fence.
    pub fn nudge(&self) {
        if let Some(nudge) = &self.nudge {
            nudge.notify_one();
        }
    }

    /// Whom to tell how far the deliveries have been carried over.
    pub fn acknowledge(&self) -> &Acknowledge {
        &self.acknowledge
    }
}

/// What the session that holds the swap's lock still has to learn.
#[derive(Debug, PartialEq, Eq)]
pub enum Rest {
    /// It comes as deliveries: wait until a fence is reached.
    Coming,
    /// These keys, and nothing else.
    Keys(Vec<Key>),
}

/// A running capture.
#[derive(Debug)]
pub enum Capture {
    /// By reading the binary log.
    Binlog(binlog::Binlog),
    /// By triggers.
    Triggers(Box<triggers::Triggers>),
}

impl Capture {
    /// Starts capturing; every change committed after the return is delivered. Its trouble goes to
    /// the run's halt. The journal knows then how it began. An error leaves nothing behind on the
    /// server.
    ///
    /// The channel ends after `stop`, after trouble, and when the run itself renames the original:
    /// from then on the name is another table's.
    pub async fn start(
        means: &Means,
        mode: Mode,
        watched: Watched,
        bounds: &SwapBounds,
    ) -> Result<(Self, Deliveries)> {
        match mode {
            Mode::Binlog => {
                let mut session = means.server.session().await?;
                let before = History::of(&mut session).await?;
                let (binlog, deliveries) = Self::read_log(means, watched, None).await?;
                let start = binlog.start_place();
                means.journal.capture_begins(&mut session, start, before.as_ref()).await?;
                session.close().await?;
                crash_point!("capture-begun");
                Ok((Self::Binlog(binlog), deliveries))
            }
            Mode::Triggers => {
                let (triggers, deliveries) =
                    triggers::Triggers::start(means, watched, bounds).await?;
                Ok((Self::Triggers(Box::new(triggers)), deliveries))
            }
        }
    }

    /// Goes on where a run that stopped has left off: every change that it had not carried over is
    /// delivered, and every later one. An error changes nothing on the server; it says so when
    /// capture cannot vouch for the time between.
    pub async fn go_on(
        means: &Means,
        mode: Mode,
        watched: Watched,
        bounds: &SwapBounds,
        trail: &Trail,
    ) -> Result<(Self, Deliveries)> {
        match mode {
            Mode::Binlog => {
                let start: Start = match (&trail.moved, &trail.position) {
                    (Some(moved), _) => Start::Behind(moved.history.clone()),
                    (None, Some(position)) => trail.beginning::<Start>()?.further(position.clone()),
                    (None, None) => trail.beginning()?,
                };
                let (binlog, deliveries) = Self::read_log(means, watched, Some(start)).await?;
                if let Some(moved) = &trail.moved {
                    let mut session = means.server.session().await?;
                    means.journal.moves(&mut session, binlog.start_place(), moved).await?;
                    session.close().await?;
                }
                Ok((Self::Binlog(binlog), deliveries))
            }
            Mode::Triggers => {
                let (triggers, deliveries) =
                    triggers::Triggers::go_on(means, watched, bounds, trail).await?;
                Ok((Self::Triggers(Box::new(triggers)), deliveries))
            }
        }
    }

    async fn read_log(
        means: &Means,
        watched: Watched,
        from: Option<Start>,
    ) -> Result<(binlog::Binlog, Deliveries)> {
        let Means { server, journal, halt, .. } = means;
        let (mut binlog, receiver) = binlog::Binlog::start(server, watched, from, halt).await?;
        binlog.watch_retention(means);
        let milestone = Arc::new(Milestone::new(server.clone()));
        let acknowledge = Acknowledge::Journal(journal.clone(), milestone);
        Ok((binlog, Deliveries::new(receiver, acknowledge, None)))
    }

    /// From now on takes DDL of this connection for the run's own.
    pub fn allow_thread(&self, connection: u32) {
        match self {
            Self::Binlog(binlog) => binlog.allow_thread(connection),
            Self::Triggers(_) => {}
        }
    }

    /// The tables that the swap must lock besides original and shadow.
    pub fn tables(&self) -> Vec<TableName> {
        match self {
            Self::Binlog(_) => Vec::new(),
            Self::Triggers(triggers) => triggers.logs(),
        }
    }

    /// The names of capture's own triggers on the original.
    pub fn trigger_names(&self) -> Vec<String> {
        match self {
            Self::Binlog(_) => Vec::new(),
            Self::Triggers(triggers) => triggers.names(),
        }
    }

    /// An error when capture knows of something that it could not see. The binary log tells all that
    /// happens in its order, so what it cannot vouch for has stopped the run already.
    pub async fn vouch(&self, session: &mut Session) -> Result<()> {
        match self {
            Self::Binlog(_) => Ok(()),
            Self::Triggers(triggers) => triggers.vouch(session).await,
        }
    }

    /// Asked in the session that holds the lock on original, shadow and [`Capture::tables`], when
    /// nobody writes: how the changes up to now come to be known. An error when capture cannot
    /// vouch for the original any more.
    pub async fn rest(&self, locker: &mut Session) -> Result<Rest> {
        match self {
            Self::Binlog(_) => Ok(Rest::Coming),
            Self::Triggers(triggers) => triggers.rest(locker).await.map(Rest::Keys),
        }
    }

    /// Asked after the rename, in a session without locks: how to learn of changes that were made
    /// to the original after [`Capture::rest`] and before the rename. There should be none.
    pub async fn strays(&self, session: &mut Session) -> Result<Rest> {
        match self {
            Self::Binlog(_) => Ok(Rest::Coming),
            Self::Triggers(triggers) => triggers.strays(session).await.map(Rest::Keys),
        }
    }

    /// Stops capturing and leaves what it needs on the server, for a run that goes on.
    pub async fn leave(self) -> Result<()> {
        match self {
            Self::Binlog(binlog) => binlog.stop().await,
            Self::Triggers(triggers) => triggers.leave().await,
        }
    }

    /// Stops capturing and removes what it needed on the server. An error names what is left, which
    /// `zosc clean` removes.
    pub async fn stop(self) -> Result<()> {
        match self {
            Self::Binlog(binlog) => binlog.stop().await,
            Self::Triggers(triggers) => triggers.stop().await,
        }
    }
}
