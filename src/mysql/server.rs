//! A server: how to reach it and what it is.

use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};

use super::settle::{logs_statements, settle};
use super::{Connection, Fault, Flavour, Session};
use crate::error::{Error, Result};
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
    opts: Opts,
    tag: Arc<str>,
    facts: Arc<Facts>,
    /// Whether sessions must ask for rows in the binary log.
    log_rows: bool,
}

impl Server {
    /// Connects once to learn how (TLS or not) and to whom.
    pub async fn connect(connection: &Connection) -> Result<Self> {
        let (opts, mut conn) = connection.open().await?;
        let log_rows = logs_statements(&mut conn).await?;
        let facts = Arc::new(read_facts(&mut conn, log_rows).await?);
        conn.disconnect().await?;
        Ok(Self { opts, tag: "".into(), facts, log_rows })
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

    /// The comment that leads every statement of the run; `None` when this handle is of no run.
    pub(crate) fn comment(&self) -> Option<String> {
        (!self.tag.is_empty()).then(|| super::session::mark_of(&self.tag))
    }

    /// A fresh session with all settings of ours, read back.
    pub async fn session(&self) -> Result<Session> {
        let mut conn = Conn::new(self.opts.clone()).await?;
        let flavour = self.facts.flavour;
        let uuid = settle(&mut conn, flavour, self.log_rows).await?;
        if uuid != self.facts.uuid {
            return Err(Error::not_ready(
                "other_server",
                "a new connection reached another server than the first one",
            )
            .hint("connect past any proxy or load balancer, straight to the primary"));
        }
        Ok(Session::new(conn, flavour, &self.tag))
    }
}

impl Server {
    /// A session with the server's own modes, in the table's schema: what the user wrote means what it
    /// would mean to any client of this server. For the user's DDL and nothing else.
    pub async fn session_for_user_sql(&self, schema: &str) -> Result<Session> {
        let mut session = self.session().await?;
        let modes = match self.facts.flavour {
            Flavour::Mysql => "SESSION sql_mode = @@GLOBAL.sql_mode",
            Flavour::Mariadb => {
                "SESSION sql_mode = @@GLOBAL.sql_mode, SESSION old_mode = @@GLOBAL.old_mode"
            }
        };
        session.run(format!("SET {modes}")).await?;
        session.run(format!("USE {}", quote(schema))).await?;
        Ok(session)
    }

    /// A session in place of a lost one: tries for about half a minute, as a server that restarts
    /// needs.
    pub async fn reconnect(&self) -> Result<Session> {
        let patience = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(8))
            .with_max_times(7);
        (|| self.session()).retry(patience).when(|error| Fault::of(error) == Fault::Lost).await
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
