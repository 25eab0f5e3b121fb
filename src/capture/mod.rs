//! Capture says which keys of the original changed; nothing else.
//!
//! The contract of every kind: *from `start` on, every committed change to the original is delivered
//! as its keys, old and new, in commit order; what cannot be vouched for stops the run.*

pub mod binlog;

use tokio::sync::mpsc;

use crate::error::Result;
use crate::halt::Halt;
use crate::mysql::Server;
use crate::schema::{Key, KeyShape, Table, TableName};

pub use binlog::Position;

/// What capture watches.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The original as it was planned: every table map is compared with it.
    pub original: Table,
    /// The shadow: DDL on it by others stops the run.
    pub shadow: TableName,
    /// The key whose values are delivered.
    pub key: KeyShape,
    /// The journal's fence table: its row events carry tokens.
    pub fence: TableName,
}

/// A fence's number: unique over all runs.
pub type Token = u64;

/// What capture delivers, in commit order.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A part of a transaction's keys, as they were read; of a big transaction there are several.
    /// They belong to the transaction that the next [`Delivery::Commit`] ends.
    Keys(Vec<Key>),
    /// A transaction ended here; the stream may be taken up again at this position.
    Commit(Position),
    /// Our own fence was met: all that was committed before it has been delivered.
    Fence(Token),
}

/// A running capture. A closed set: binary log now, triggers beside it.
#[derive(Debug)]
pub enum Capture {
    /// By reading the binary log.
    Binlog(binlog::Binlog),
}

impl Capture {
    /// Starts capturing at the log's end, or at `from` when resuming. Its trouble goes to `halt`.
    ///
    /// The first delivery is the position of the start. The channel ends when the run itself renames
    /// the original: from then on the name is another table's.
    pub async fn start(
        server: &Server,
        watched: Watched,
        from: Option<Position>,
        halt: &Halt,
    ) -> Result<(Self, mpsc::Receiver<Delivery>)> {
        let (binlog, deliveries) = binlog::Binlog::start(server, watched, from, halt).await?;
        Ok((Self::Binlog(binlog), deliveries))
    }

    /// From now on takes DDL of this connection for the run's own.
    pub fn allow_thread(&self, connection: u32) {
        match self {
            Self::Binlog(binlog) => binlog.allow_thread(connection),
        }
    }

    /// Stops capturing and frees its connection.
    pub async fn stop(self) -> Result<()> {
        match self {
            Self::Binlog(binlog) => binlog.stop().await,
        }
    }
}
