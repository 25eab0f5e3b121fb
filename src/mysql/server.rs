//! A server: how to reach it and what it is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};

use super::connect::PATIENCE;
use super::fault::connection_lost;
use super::presence::Presence;
use super::restart::Life;
use super::settle::{logs_statements, settle};
use super::silence::Vigil;
use super::waits::Waits;
use super::{Connection, Fault, Flavour, Session, Trials};
use crate::error::{Error, Kind, Result};
use crate::event::Events;
use crate::halt::Halt;
use crate::schema::quote;

/// What a server is; read once when connecting.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Facts {
    /// Its family.
    pub flavour: Flavour,
    /// Major, minor, patch.
    pub version: (u16, u16, u16),
    /// `@@version`.
    pub version_text: String,
    /// What tells it from other servers, and stays when it restarts: `@@server_uuid`, or a digest
    /// of what MariaDB has instead.
    pub uuid: String,
    /// `@@server_id`.
    pub server_id: u32,
}

/// A handle to a server: cheap to clone, makes sessions.
#[derive(Debug, Clone)]
pub struct Server {
    connection: Arc<Connection>,
    opts: Opts,
    tag: Arc<str>,
    facts: Arc<Facts>,
    /// Whether sessions must ask for rows in the binary log.
    log_rows: bool,
    /// As it was when we connected first.
    pub(super) life: Arc<Life>,
    waits: Waits,
    presence: Presence,
    /// Since when no connection could be made.
    down: Arc<Mutex<Option<Instant>>>,
}

impl Server {
    /// Connects once to learn how (TLS or not) and to whom.
    pub async fn connect(connection: &Connection) -> Result<Self> {
        let (opts, mut conn) = connection.open().await?;
        let log_rows = logs_statements(&mut conn).await?;
        let facts = Arc::new(read_facts(&mut conn, log_rows).await?);
        let life = Arc::new(Life::of(&mut conn).await?);
        conn.disconnect().await?;
        Ok(Self {
            connection: Arc::new(connection.clone()),
            opts,
            tag: "".into(),
            facts,
            log_rows,
            life,
            waits: Waits::default(),
            presence: Presence::default(),
            down: Arc::default(),
        })
    }

    /// As [`Self::connect`], unless the run is stopped meanwhile.
    pub async fn connect_until(connection: &Connection, halt: &Halt) -> Result<Self> {
        tokio::select! {
            server = Self::connect(connection) => server,
            // Safe here: nobody uses the half-made connection.
            cause = halt.stopped() => Err(cause),
        }
    }

    /// The same server; when it is waited for, that is said here.
    #[must_use]
    pub fn heard_by(&self, events: &Events) -> Self {
        Self { waits: Waits::heard_by(events), ..self.clone() }
    }

    pub(super) fn waits(&self) -> &Waits {
        &self.waits
    }

    /// The same server for one run: its statements are marked with the run's id.
    #[must_use]
    pub fn tagged(&self, run: &str) -> Self {
        Self { tag: run.replace("*/", "").into(), ..self.clone() }
    }

    /// What the server is.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How it was reached.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Which of its connections are ours.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// The run whose handle this is.
    pub(crate) fn run(&self) -> Option<&str> {
        (!self.tag.is_empty()).then_some(&*self.tag)
    }

    /// The comment that leads every statement of the run; `None` when this handle is of no run.
    pub(crate) fn comment(&self) -> Option<String> {
        self.run().map(super::session::mark_of)
    }

    /// A fresh session with all settings of ours, read back. One try; see [`Trials`] for more.
    pub async fn session(&self) -> Result<Session> {
        // Giving up waiting is safe here: nobody uses the half-made session.
        let seconds = PATIENCE.as_secs();
        let unanswered = |_| connection_lost(&format!("no answer within {seconds} seconds"));
        let opened = tokio::time::timeout(PATIENCE, self.open()).await.map_err(unanswered);
        let opened = opened.flatten();
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        match &opened {
            Err(error) if Fault::of(error).may_pass() => {
                down.get_or_insert_with(Instant::now);
            }
            _ => *down = None,
        }
        opened
    }

    /// For how long no connection could be made, whoever tried.
    pub(super) fn down_for(&self) -> Duration {
        let down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        down.map_or(Duration::ZERO, |since| since.elapsed())
    }

    async fn open(&self) -> Result<Session> {
        let flavour = self.facts.flavour;
        let given = self.life.given();
        let opened = async {
            let mut conn = Conn::new(self.opts.clone()).await?;
            let uuid = settle(&mut conn, flavour, self.log_rows).await?;
            Ok::<_, Error>((conn, uuid))
        };
        let (conn, uuid) = opened.await.map_err(|error| error.said_by(flavour))?;
        if uuid != self.facts.uuid {
            return Err(Error::new(
                Kind::Resumable,
                "other_server",
                "a new connection reached another server than the first one",
            )
            .hint("connect past any proxy or load balancer, straight to the primary")
            .hint(
                "when the first server answers at this address again, or this one has taken its \
                 place, run the same command again",
            ));
        }
        let vigil = Vigil::new(&self.opts, &self.facts, &self.presence, conn.id());
        let identity = self.life.gives(given, conn.id());
        Ok(Session::new(conn, identity, vigil, flavour, &self.tag))
    }
}

impl Server {
    /// A session with the server's own modes, in the table's schema: what the user wrote means what it
    /// would mean to any client of this server. For the user's DDL and nothing else.
    pub async fn session_for_user_sql(&self, schema: &str) -> Result<Session> {
        let mut session = self.session_of_the_servers_own().await?;
        session.run(format!("USE {}", quote(schema))).await?;
        Ok(session)
    }

    /// A session with the server's own modes, in no schema.
    pub async fn session_of_the_servers_own(&self) -> Result<Session> {
        let mut session = self.session().await?;
        let modes = match self.facts.flavour {
            Flavour::Mysql => "SESSION sql_mode = @@GLOBAL.sql_mode",
            Flavour::Mariadb => {
                "SESSION sql_mode = @@GLOBAL.sql_mode, SESSION old_mode = @@GLOBAL.old_mode"
            }
        };
        session.run(format!("SET {modes}")).await?;
        Ok(session)
    }

    /// A session for what must be done even while the run stops: waits for a server that restarts
    /// or has no connection left.
    pub async fn reconnect(&self) -> Result<Session> {
        Trials::new(self, &Halt::new(), "connecting").session().await
    }
}

async fn read_facts(conn: &mut Conn, log_rows: bool) -> Result<Facts> {
    let (version_text, server_id): (String, u32) = conn
        .query_first("SELECT @@version, @@GLOBAL.server_id")
        .await?
        .ok_or_else(|| Error::not_ready("no_version", "the server did not say its version"))?;
    let flavour = Flavour::of_version(&version_text);
    let uuid = settle(conn, flavour, log_rows).await?;
    Ok(Facts { flavour, version: conn.server_version(), version_text, uuid, server_id })
}
