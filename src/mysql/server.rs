//! A server: how to reach it and what it is.

use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};

use super::{Connection, Fault, Session};
use crate::error::{Error, Result};

/// Which family the server is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// MySQL and its builds.
    Mysql,
    /// MariaDB.
    Mariadb,
}

/// What a server is; read once when connecting.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Facts {
    /// Its family.
    pub flavour: Flavour,
    /// Major, minor, patch.
    pub version: (u16, u16, u16),
    /// `@@version`.
    pub version_text: String,
    /// `@@server_uuid`; empty on MariaDB.
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
}

impl Server {
    /// Connects once to learn how (TLS or not) and to whom.
    pub async fn connect(connection: &Connection) -> Result<Self> {
        let (opts, mut conn) = connection.open().await?;
        let facts = Arc::new(read_facts(&mut conn).await?);
        conn.disconnect().await?;
        Ok(Self { opts, tag: "".into(), facts })
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
        (!self.tag.is_empty()).then(|| super::session::comment(&self.tag))
    }

    /// A fresh session with all settings of ours, read back.
    pub async fn session(&self) -> Result<Session> {
        let mut conn = Conn::new(self.opts.clone()).await?;
        let uuid: String = settle(&mut conn, self.facts.flavour).await?;
        if uuid != self.facts.uuid {
            return Err(Error::not_ready(
                "other_server",
                "a new connection reached another server than the first one",
            )
            .hint("connect past any proxy or load balancer, straight to the primary"));
        }
        Ok(Session::new(conn, &self.tag))
    }
}

impl Server {
    /// A session with the server's own `sql_mode`: what the user wrote means what it would mean to
    /// any client of this server. For the user's DDL and nothing else.
    pub async fn session_for_user_sql(&self) -> Result<Session> {
        let mut session = self.session().await?;
        session.run("SET SESSION sql_mode = @@GLOBAL.sql_mode").await?;
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

/// A variable and the literal that it is set to.
type Setting = (&'static str, &'static str);

/// The session settings that correctness rests on.
///
/// Strict without `NO_ZERO_*`: values that exist pass bit for bit, values that do not fit are errors.
const SETTINGS: &[Setting] = &[
    ("time_zone", "'+00:00'"),
    ("sql_mode", "'NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"),
    ("autocommit", "1"),
    ("innodb_lock_wait_timeout", "5"),
    ("lock_wait_timeout", "5"),
    ("wait_timeout", "28800"),
    ("net_write_timeout", "600"),
    ("sql_select_limit", "18446744073709551615"),
    ("sql_safe_updates", "0"),
    ("sql_big_selects", "1"),
    ("sql_auto_is_null", "0"),
    ("completion_type", "'NO_CHAIN'"),
    ("foreign_key_checks", "1"),
    ("unique_checks", "1"),
    ("group_concat_max_len", "1048576"),
];

/// Those that only MySQL knows.
const MYSQL_SETTINGS: &[Setting] = &[
    ("transaction_isolation", "'READ-COMMITTED'"),
    ("transaction_read_only", "0"),
    ("max_execution_time", "0"),
    ("show_gipk_in_create_table_and_information_schema", "1"),
    ("information_schema_stats_expiry", "0"),
    // Long lists of keys must stay range scans: no memory limit that turns them into full scans, and
    // no index dive for each key.
    ("range_optimizer_max_mem_size", "0"),
    ("eq_range_index_dive_limit", "1"),
];

/// Those that only MariaDB knows.
const MARIADB_SETTINGS: &[Setting] =
    &[("tx_isolation", "'READ-COMMITTED'"), ("tx_read_only", "0"), ("max_statement_time", "0")];

/// Those that only a privileged account may set, even to what they are: set where they differ.
const GUARDED_SETTINGS: &[Setting] = &[("sql_log_bin", "1"), ("innodb_strict_mode", "1")];

/// Sets everything, reads it back, and gives the server's uuid.
async fn settle(conn: &mut Conn, flavour: Flavour) -> Result<String> {
    let own = match flavour {
        Flavour::Mysql => MYSQL_SETTINGS,
        Flavour::Mariadb => MARIADB_SETTINGS,
    };
    conn.query_drop("SET NAMES utf8mb4").await?;
    set(conn, SETTINGS.iter().chain(own)).await?;

    let all = || SETTINGS.iter().chain(own).chain(GUARDED_SETTINGS);
    let (mut differing, uuid) = read_back(conn, flavour, all()).await?;
    let guarded = GUARDED_SETTINGS.iter().filter(|(name, _)| differing.contains(name));
    if guarded.clone().next().is_some() {
        set(conn, guarded).await.map_err(|error| {
            not_taken(&differing).hint(format!(
            "grant the account SESSION_VARIABLES_ADMIN, or set them for the whole server ({error})"
        ))
        })?;
        (differing, _) = read_back(conn, flavour, all()).await?;
    }
    if differing.is_empty() {
        return Ok(uuid);
    }
    Err(not_taken(&differing)
        .hint("connect past any proxy, and see that no init_connect overrides them"))
}

async fn set(conn: &mut Conn, settings: impl Iterator<Item = &Setting>) -> Result<()> {
    let list: Vec<String> =
        settings.map(|(name, value)| format!("SESSION {name} = {value}")).collect();
    Ok(conn.query_drop(format!("SET {}", list.join(", "))).await?)
}

/// The names of the settings that differ, and the server's uuid.
async fn read_back(
    conn: &mut Conn,
    flavour: Flavour,
    settings: impl Iterator<Item = &Setting>,
) -> Result<(String, String)> {
    let same: Vec<String> = settings
        .map(|(name, value)| format!("IF(@@SESSION.{name} = {value}, '', '{name} ')"))
        .collect();
    let uuid = match flavour {
        Flavour::Mysql => "@@server_uuid",
        Flavour::Mariadb => "''",
    };
    let answer = conn.query_first(format!("SELECT CONCAT({}), {uuid}", same.join(", "))).await?;
    Ok(answer.unwrap_or_default())
}

fn not_taken(differing: &str) -> Error {
    Error::not_ready(
        "setting_not_taken",
        format!("the server did not take these session settings: {}", differing.trim()),
    )
}

async fn read_facts(conn: &mut Conn) -> Result<Facts> {
    let (version_text, server_id): (String, u32) = conn
        .query_first("SELECT @@version, @@server_id")
        .await?
        .ok_or_else(|| Error::not_ready("no_version", "the server did not say its version"))?;
    let flavour = if version_text.to_ascii_lowercase().contains("mariadb") {
        Flavour::Mariadb
    } else {
        Flavour::Mysql
    };
    let uuid = settle(conn, flavour).await?;
    Ok(Facts { flavour, version: conn.server_version(), version_text, uuid, server_id })
}
