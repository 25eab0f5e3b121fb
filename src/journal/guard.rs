//! One run a table: a named lock of the server, held by a connection that only keeps it.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::TAKEN_OVER;
use crate::error::{Error, Kind, Result};
use crate::halt::Halt;
use crate::mysql::{Server, Session, Trials, text};
use crate::schema::{TableName, stable_hash};

/// Whether the connection lives is looked at so often: a lock that went with it is soon taken again.
const PING_EVERY: Duration = Duration::from_secs(2);
/// A connection of ours that is gone may hold its lock for as long as the server does not notice.
const OUTLAST_OURS: Duration = Duration::from_mins(2);
/// How often is asked meanwhile.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// The longest wait for the server to take the right back.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(5);

/// The right to work on a table; given back some time after this is dropped or this process dies.
#[derive(Debug)]
pub struct Guard {
    keeper: JoinHandle<()>,
    leave: CancellationToken,
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
        short_lived(&mut session).await?;
        if !take(&mut session, table).await? {
            return Err(Error::new(
                Kind::Busy,
                "table_busy",
                format!("another zosc is working on `{}`", table.plain()),
            )
            .hint("see `zosc status`; wait for it to end, or stop it first"));
        }
        let trials = Trials::new(server, halt, "keeping the right to work on the table");
        let leave = CancellationToken::new();
        let keeper = Keeper { session, trials, table: table.clone(), leave: leave.clone() };
        Ok(Self { keeper: tokio::spawn(keeper.keep_or(halt.clone())), leave })
    }

    /// Gives the right back and waits until the server knows: the next run on the table may begin at
    /// once, in this process, too.
    pub async fn give_back(mut self) {
        self.leave.cancel();
        if tokio::time::timeout(GIVEN_BACK_WITHIN, &mut self.keeper).await.is_err() {
            tracing::debug!("the server takes its time to give up a lock");
        }
    }

    /// Whether some zosc works on the table now.
    pub async fn is_taken(session: &mut Session, table: &TableName) -> Result<bool> {
        Ok(holder(session, table).await?.is_some())
    }
}

/// Keeps the lock alive, and takes it again when its connection was lost.
struct Keeper {
    session: Session,
    trials: Trials,
    table: TableName,
    leave: CancellationToken,
}

impl Keeper {
    async fn keep_or(mut self, halt: Halt) {
        if let Err(error) = self.keep().await {
            let what = format!("keeping the right to work on `{}`", self.table.plain());
            return halt.stop(error.during(what));
        }
        if let Err(error) = self.let_go().await {
            tracing::debug!(%error, "the lock goes with its connection");
        }
    }

    async fn let_go(mut self) -> Result<()> {
        let name = text(&lock_name(&self.table));
        self.session.run(format!("DO RELEASE_LOCK({name})")).await?;
        self.session.close().await
    }

    /// Until it is to be given back.
    async fn keep(&mut self) -> Result<()> {
        loop {
            tokio::select! {
                () = tokio::time::sleep(PING_EVERY) => {}
                () = self.leave.cancelled() => return Ok(()),
            }
            if let Err(error) = self.session.run("DO 0").await {
                self.take_again(&error).await?;
            }
            self.trials.over();
        }
    }

    /// Between the loss and this another zosc may have begun to work. The run's epoch keeps the two
    /// apart then; here it is noticed.
    async fn take_again(&mut self, error: &Error) -> Result<()> {
        let ours = self.session.id();
        let since = Instant::now();
        self.trials.again(error, &mut self.session).await?;
        loop {
            match self.try_again(ours).await {
                Ok(true) => return Ok(()),
                Ok(false) if since.elapsed() < OUTLAST_OURS => tokio::time::sleep(ASK_AGAIN).await,
                Ok(false) => return Err(taken_over(&self.table)),
                Err(error) => self.trials.again(&error, &mut self.session).await?,
            }
        }
    }

    /// Whether the lock is ours again; false while our lost connection still has it.
    async fn try_again(&mut self, ours: u32) -> Result<bool> {
        short_lived(&mut self.session).await?;
        if take(&mut self.session, &self.table).await? {
            return Ok(true);
        }
        match holder(&mut self.session, &self.table).await? {
            Some(id) if id != u64::from(ours) => Err(taken_over(&self.table)),
            _ => Ok(false),
        }
    }
}

/// If this machine dies without a word, another one may soon go on.
async fn short_lived(session: &mut Session) -> Result<()> {
    let seconds = OUTLAST_OURS.as_secs() / 2;
    session.run(format!("SET SESSION wait_timeout = {seconds}")).await.map(drop)
}

async fn take(session: &mut Session, table: &TableName) -> Result<bool> {
    let sql = format!("SELECT GET_LOCK({}, 0)", text(&lock_name(table)));
    Ok(session.one::<Option<u8>>(sql).await? == Some(1))
}

async fn holder(session: &mut Session, table: &TableName) -> Result<Option<u64>> {
    session.one(format!("SELECT IS_USED_LOCK({})", text(&lock_name(table)))).await
}

fn taken_over(table: &TableName) -> Error {
    Error::new(
        Kind::Busy,
        TAKEN_OVER,
        format!("another zosc has begun to work on `{}`", table.plain()),
    )
    .hint("see `zosc status`")
}

/// Named locks are the whole server's and have at most 64 characters. Names that differ only in case
/// share a lock: on some servers they are one table.
fn lock_name(table: &TableName) -> String {
    format!("zosc {:016x}", stable_hash(&table.plain().to_lowercase()))
}
