//! A server that does not answer: it may work for long on a statement, or the connection may have
//! died without a word, as behind a router that has forgotten it. Another connection asks the server
//! which of the two it is: no statement is too long, and no silence lasts for ever.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DbError, Opts, Row};

use super::connect::PATIENCE;
use super::fault::connection_lost;
use super::presence::{Presence, Present};
use super::processes::{self, Process};
use super::server::Facts;
use crate::error::{Error, Kind, Result};

/// How long an answer may take before the server is asked elsewhere, and between two such looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After so many looks in a row that saw the server wait for us, what it has sent is not on its way
/// but lost.
const WAITING_LOOKS: u32 = 2;
/// How long a server may be out of reach while we wait for its answer.
const UNREACHABLE: Duration = Duration::from_mins(1);
/// How long a killed connection may take to undo what it has begun.
const UNDOING: Duration = Duration::from_mins(1);

/// Watches over a connection while its answer is awaited.
#[derive(Debug)]
pub(crate) struct Vigil {
    opts: Opts,
    connection: u32,
    opened: Instant,
    /// SQL that tells the server's identity, and what it must be.
    identity: (&'static str, String),
    present: Present,
}

/// What another connection sees of ours.
enum Sight {
    /// The server works on the statement, or cannot tell.
    Working,
    /// It has nothing left to send: it waits for us.
    Waiting,
    /// It does not know the connection.
    Gone,
    /// There is no server, or another one.
    Unreachable,
}

impl Vigil {
    pub(super) fn new(opts: &Opts, facts: &Facts, presence: &Presence, connection: u32) -> Self {
        Self {
            opts: opts.clone(),
            connection,
            opened: Instant::now(),
            identity: (facts.flavour.identity(), facts.uuid.clone()),
            present: presence.enters(connection),
        }
    }

    /// The server's answer, however long it works for it. The outer error says that the connection
    /// is dead, and then it must be thrown away.
    pub(super) async fn over<T>(
        &self,
        answer: impl Future<Output = Result<T, DbError>>,
    ) -> Result<Result<T, DbError>> {
        let _running = self.present.runs();
        tokio::select! {
            biased;
            answer = answer => Ok(answer),
            dead = self.until_dead() => Err(dead),
        }
    }

    /// From now on the server sends without being asked.
    pub(super) fn streams(&self) {
        self.present.streams();
    }

    /// Returns when the connection is found to be dead. Its transaction is undone then, and nothing
    /// of it goes on, unless the server is out of reach.
    pub(crate) async fn until_dead(&self) -> Error {
        let mut waiting = 0;
        let mut reached = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let sight = self.look().await;
            match sight {
                Sight::Working => waiting = 0,
                Sight::Waiting | Sight::Gone => waiting += 1,
                Sight::Unreachable if reached.elapsed() < UNREACHABLE => continue,
                Sight::Unreachable => return connection_lost("the server cannot be reached"),
            }
            reached = Instant::now();
            if waiting >= WAITING_LOOKS {
                return match self.bury(&sight).await {
                    Ok(()) => connection_lost("the server's answer did not arrive"),
                    Err(unburied) => unburied,
                };
            }
        }
    }

    async fn look(&self) -> Sight {
        let seen = async {
            let mut conn = self.connect().await?;
            let seen = self.see(&mut conn).await?;
            conn.disconnect().await.map(|()| seen)
        };
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(Ok(sight)) => sight,
            Ok(Err(DbError::Server(error))) => {
                tracing::debug!(%error, "the server does not say whether it works for us");
                Sight::Working
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "no look at the server");
                Sight::Unreachable
            }
            Err(_) => Sight::Unreachable,
        }
    }

    async fn connect(&self) -> Result<Conn, DbError> {
        Conn::new(self.opts.clone()).await
    }

    async fn see(&self, conn: &mut Conn) -> Result<Sight, DbError> {
        let (identity, uuid) = &self.identity;
        let found: Option<String> = conn.query_first(format!("SELECT {identity}")).await?;
        if found.as_ref() != Some(uuid) {
            return Ok(Sight::Unreachable);
        }
        let uptime: Option<(String, u64)> =
            conn.query_first("SHOW GLOBAL STATUS LIKE 'Uptime'").await?;
        // After a restart our number may be somebody else's.
        let restarted = uptime.is_some_and(|(_, up)| up + 1 < self.opened.elapsed().as_secs());
        let threads: Vec<Row> = conn.query("SHOW PROCESSLIST").await?;
        let ours = threads
            .into_iter()
            .filter_map(|row| processes::read(row).ok())
            .find(|process| process.id == u64::from(self.connection));
        Ok(match ours {
            Some(process) if !restarted => sight_of(&process),
            _ => Sight::Gone,
        })
    }

    /// Ends the server's side of the dead connection, and waits until all of it is undone.
    async fn bury(&self, sight: &Sight) -> Result<()> {
        if matches!(sight, Sight::Gone) {
            return Ok(());
        }
        let ended = async {
            let mut conn = self.connect().await?;
            match conn.query_drop(format!("KILL CONNECTION {}", self.connection)).await {
                Err(DbError::Server(error)) if error.code == 1094 => {}
                killed => killed?,
            }
            while !matches!(self.see(&mut conn).await?, Sight::Gone) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            conn.disconnect().await
        };
        let why = match tokio::time::timeout(UNDOING, ended).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the server is still undoing what it had begun".to_owned(),
        };
        Err(Error::new(
            Kind::Resumable,
            "dead_connection_lives",
            format!("connection {} does not answer and could not be ended: {why}", self.connection),
        )
        .hint("see in `SHOW PROCESSLIST` that it has gone, then run the same command again"))
    }
}

fn sight_of(process: &Process) -> Sight {
    // The second is said of one that is sent the binary log, which has heartbeats to send.
    if process.command == "Sleep" || process.state.contains("has sent all binlog") {
        Sight::Waiting
    } else {
        Sight::Working
    }
}
