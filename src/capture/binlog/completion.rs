//! When a transaction that is logged as committed can be seen.
//!
//! Everything that was logged before a fence can be seen behind it, because the engine commits in the
//! log's order; but for a MariaDB's `XA COMMIT`: it is logged first, and the engine commits after,
//! on its own. Then the transaction leaves the list of prepared ones.

use std::time::{Duration, Instant};

use super::xa::Xid;
use crate::error::{Error, Kind, Result};
use crate::halt::Halt;
use crate::mysql::{Flavour, Server, Session, Trials};

/// Looks whether XA transactions are really committed, where that is in doubt.
pub(super) struct Completion {
    flavour: Flavour,
    trials: Trials,
    /// Opened when it is first needed.
    session: Option<Session>,
}

/// How long a transaction may stay prepared that is logged as committed.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long is waited between two looks, at first and at most.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(100)];

impl Completion {
    pub(super) fn new(server: &Server, halt: &Halt) -> Self {
        let trials = Trials::new(server, halt, "looking for prepared XA transactions");
        Self { flavour: server.facts().flavour, trials, session: None }
    }

    /// Returns when everybody can see what this transaction did, whose `XA COMMIT` was met.
    pub(super) async fn await_commit(&mut self, xid: &Xid) -> Result<()> {
        if self.flavour == Flavour::Mysql {
            return Ok(());
        }
        let deadline = Instant::now() + PATIENCE;
        let [mut pause, longest] = LOOK_AGAIN;
        while self.is_prepared(xid).await? {
            if Instant::now() >= deadline {
                return Err(still_prepared(xid));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
        Ok(())
    }

    async fn is_prepared(&mut self, xid: &Xid) -> Result<bool> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.trials.session().await?,
        };
        let listed = loop {
            match prepared(&mut session).await {
                Ok(listed) => break listed,
                Err(error) => self.trials.again(&error, &mut session).await?,
            }
        };
        self.trials.over();
        self.session = Some(session);
        Ok(listed.contains(xid))
    }
}

/// The names of all prepared transactions.
async fn prepared(session: &mut Session) -> Result<Vec<Xid>> {
    let rows = session
        .rows::<(u64, usize, usize, Vec<u8>)>("XA RECOVER")
        .await
        .map_err(|error| error.during("looking for prepared XA transactions"))?;
    let name = |(format, global, _, data): (u64, usize, usize, Vec<u8>)| {
        let (global, branch) = data.split_at_checked(global).unwrap_or((&data, &[]));
        Xid::new(format, global, branch)
    };
    Ok(rows.into_iter().map(name).collect())
}

fn still_prepared(xid: &Xid) -> Error {
    Error::new(
        Kind::Resumable,
        "xa_still_prepared",
        format!(
            "the XA transaction {xid} was logged as committed, but is listed as prepared for {} \
             seconds since",
            PATIENCE.as_secs()
        ),
    )
    .hint("if it was prepared once more under the same name, commit it or roll it back")
}
