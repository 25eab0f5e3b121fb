//! Whether the server was restarted while we worked, and whether it then still has all that it had
//! acknowledged.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::{Server, Session};
use crate::error::{Error, Result};

/// The server counts in whole seconds.
const SLACK: Duration = Duration::from_secs(2);

/// How long the server has been up.
const UPTIME: &str = "SHOW GLOBAL STATUS LIKE 'Uptime'";

/// Whether a commit that was acknowledged is on disk, in the engine and in the log.
const KEEPS_ALL: &str = "SELECT (NOT @@GLOBAL.log_bin OR @@GLOBAL.sync_binlog = 1) \
                         AND @@GLOBAL.innodb_flush_log_at_trx_commit IN (1, 3)";

/// A server from its start to its end, as it was seen at one moment.
#[derive(Debug)]
pub(super) struct Life {
    seen: Instant,
    uptime: Duration,
    keeps_all: bool,
    given: Mutex<Given>,
}

/// What the ids of our connections tell. While a server lives they only grow, so one that is lower
/// than one that was given before it was asked for is of another life. It tells even lives apart
/// that are too short for the uptime.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    /// Counts the lives that were seen to begin.
    life: u32,
    highest: u32,
}

/// A connection, told from others that have its id in another life of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The server's id of it, for `KILL`.
    pub id: u32,
    /// In which of the server's lives, as far as was noticed.
    pub life: u32,
}

impl Life {
    pub(super) async fn of(conn: &mut Conn) -> Result<Self> {
        let (_, seconds): (String, u64) = conn.query_first(UPTIME).await?.ok_or_else(silent)?;
        let keeps_all: bool = conn.query_first(KEEPS_ALL).await?.ok_or_else(silent)?;
        let given = Given { life: 0, highest: conn.id() };
        let uptime = Duration::from_secs(seconds);
        Ok(Self { seen: Instant::now(), uptime, keeps_all, given: Mutex::new(given) })
    }

    /// To be asked before a connection is asked for.
    pub(super) fn given(&self) -> Given {
        *self.lock()
    }

    /// Notes the id of a connection that was asked for after `before`.
    pub(super) fn gives(&self, before: Given, id: u32) -> Identity {
        let mut now = self.lock();
        if is_older(id, before.highest) {
            // Of all who find it out at once, one counts it.
            if now.life == before.life {
                *now = Given { life: now.life + 1, highest: id };
            }
        } else if now.life == before.life && is_older(now.highest, id) {
            now.highest = id;
        }
        Identity { id, life: now.life }
    }

    fn lock(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a server that has been up for so long now is in another life.
    fn has_ended(&self, uptime: Duration) -> bool {
        self.given().life > 0 || uptime + SLACK < self.uptime + self.seen.elapsed()
    }
}

/// Whether an id was given before another one: behind the last there is comes the first.
fn is_older(id: u32, other: u32) -> bool {
    id != other && other.wrapping_sub(id) < u32::MAX / 2
}

impl Server {
    /// An error when the server was restarted since we know it, and may have lost what it had
    /// acknowledged: what we know of both tables and of the log may then be wrong.
    pub(super) async fn has_kept_all(&self, session: &mut Session) -> Result<()> {
        let (_, seconds): (String, u64) = session.one(UPTIME).await?;
        if !self.life.has_ended(Duration::from_secs(seconds)) {
            return Ok(());
        }
        tracing::warn!(uptime = seconds, "the server was restarted");
        if self.life.keeps_all && session.one::<bool>(KEEPS_ALL).await? {
            return Ok(());
        }
        Err(Error::failed(
            "server_restarted",
            "the server was restarted during the run, and with its settings a crash may lose \
             changes that were acknowledged: nothing that was copied or read can be relied on",
        )
        .hint("start afresh by the same command")
        .hint(
            "a run outlasts restarts where `sync_binlog=1` and `innodb_flush_log_at_trx_commit=1` \
             are set before it begins",
        ))
    }
}

fn silent() -> Error {
    Error::not_ready("no_uptime", "the server did not say since when it runs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(uptime: u64) -> Life {
        Life {
            seen: Instant::now(),
            uptime: Duration::from_secs(uptime),
            keeps_all: true,
            given: Mutex::new(Given { life: 0, highest: 100 }),
        }
    }

    #[test]
    fn a_life_ends_with_the_uptime() {
        assert!(!life(100).has_ended(Duration::from_secs(100)));
        assert!(!life(100).has_ended(Duration::from_secs(99)), "seconds are whole");
        assert!(life(100).has_ended(Duration::from_secs(3)));
    }

    #[test]
    fn ids_begin_anew_with_a_life() {
        let life = life(0);
        let (early, late) = (life.given(), life.given());
        assert_eq!(life.gives(late, 102), Identity { id: 102, life: 0 });
        assert_eq!(life.gives(early, 101).life, 0, "it was asked for before");
        assert!(!life.has_ended(Duration::ZERO));
        let (early, late) = (life.given(), life.given());
        assert_eq!(life.gives(late, 6).life, 1);
        assert_eq!(life.gives(early, 5).life, 1, "found out by two at once");
        assert!(life.has_ended(Duration::ZERO));
        assert_eq!(life.gives(life.given(), 7).life, 1);
        assert_eq!(life.gives(life.given(), 3).life, 2);
    }

    #[test]
    fn behind_the_last_id_comes_the_first() {
        let life = life(0);
        life.lock().highest = u32::MAX - 5;
        assert_eq!(life.gives(life.given(), 3).life, 0);
        assert_eq!(life.gives(life.given(), 4).life, 0);
    }
}
