//! One run a table: a named lock of the server, held by a connection that only keeps it.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::error::{Error, Kind, Result};
use crate::halt::Halt;
use crate::mysql::{Server, Session, text};
use crate::schema::{TableName, stable_hash};

/// Often enough for any idle limit between us and the server.
const PING_EVERY: Duration = Duration::from_secs(20);

/// The right to work on a table; given back when dropped, or when this process dies.
#[derive(Debug)]
pub struct Guard {
    keeper: JoinHandle<()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Guard {
    /// Takes the right, or says that another zosc has it. Losing it later halts the run.
    pub async fn take(server: &Server, table: &TableName, halt: &Halt) -> Result<Self> {
        let mut session = server.session().await?;
        let taken: Option<u8> =
            session.one(format!("SELECT GET_LOCK({}, 0)", text(&lock_name(table)))).await?;
        if taken != Some(1) {
            return Err(Error::new(
                Kind::Busy,
                "table_busy",
                format!("another zosc is working on `{}`", table.plain()),
            )
            .hint("see `zosc status`; wait for it to end, or stop it first"));
        }
        let keeper = tokio::spawn(keep(session, table.clone(), halt.clone()));
        Ok(Self { keeper })
    }

    /// Whether some zosc works on the table now.
    pub async fn is_taken(session: &mut Session, table: &TableName) -> Result<bool> {
        let holder: Option<u64> =
            session.one(format!("SELECT IS_USED_LOCK({})", text(&lock_name(table)))).await?;
        Ok(holder.is_some())
    }
}

async fn keep(mut session: Session, table: TableName, halt: Halt) {
    loop {
        tokio::time::sleep(PING_EVERY).await;
        if let Err(error) = session.run("DO 0").await {
            halt.stop(error.during(format!("keeping the right to work on `{}`", table.plain())));
            return;
        }
    }
}

/// Named locks are the whole server's and have at most 64 characters. Names that differ only in case
/// share a lock: on some servers they are one table.
fn lock_name(table: &TableName) -> String {
    format!("zosc {:016x}", stable_hash(&table.plain().to_lowercase()))
}
