//! The server: whether it can be worked on at all, and which kinds of capture tell of every change
//! on it.

use std::collections::HashMap;

use mysql_async::Row;

use super::replica;
use crate::error::{Error, Result};
use crate::mysql::{Facts, Flavour, Session};
use crate::schema::KeyShape;

/// The oldest server of a family that zosc works on.
pub fn oldest_server(flavour: Flavour) -> (u16, u16, u16) {
    match flavour {
        // Atomic DDL without holes.
        Flavour::Mysql => (8, 0, 13),
        // It renames several tables atomically.
        Flavour::Mariadb => (10, 6, 0),
    }
}

/// Whether zosc knows this server.
pub(crate) fn supported(facts: &Facts) -> Result<()> {
    let (major, minor, patch) = oldest_server(facts.flavour);
    if facts.version >= (major, minor, patch) {
        return Ok(());
    }
    let family = facts.flavour.family();
    Err(Error::not_ready("old_server", format!("{family} {} is too old", facts.version_text))
        .hint(format!("zosc needs {family} {major}.{minor}.{patch} or later")))
}

/// Whether the server takes writes.
pub(crate) async fn writable(session: &mut Session) -> Result<()> {
    let variables = variables(session).await?;
    for name in ["super_read_only", "read_only", "offline_mode"] {
        if is_on(&variables, name) {
            return Err(Error::not_ready("read_only", format!("the server has `{name}` on"))
                .hint("connect to the primary"));
        }
    }
    Ok(())
}

/// Whether this server's lock stops every writer.
pub(crate) async fn alone(session: &mut Session) -> Result<()> {
    let variables = variables(session).await?;
    if is_on(&variables, "wsrep_on") {
        return Err(Error::not_ready(
            "galera",
            "a lock on one Galera node does not stop the others",
        )
        .hint("use the cluster's own rolling schema upgrade"));
    }
    if value(&variables, "group_replication_single_primary_mode") == "OFF" {
        return Err(Error::not_ready(
            "multi_primary",
            "the replication group has several primaries, and a lock on one does not stop the others",
        )
        .hint("switch the group to single-primary mode"));
    }
    Ok(())
}

/// Whether every committed change reaches the binary log as rows, in the order of the commits.
pub(crate) async fn logs_rows(session: &mut Session, key: &KeyShape) -> Result<()> {
    let variables = variables(session).await?;
    let set = |name: &str, value: &str| {
        format!("in the server's configuration, or at once: SET GLOBAL {name} = {value}")
    };
    if !is_on(&variables, "log_bin") {
        return Err(Error::not_ready("log_bin", "the server writes no binary log")
            .hint("start it with `--log-bin`"));
    }
    let format = value(&variables, "binlog_format");
    if !format.is_empty() && format != "ROW" {
        return Err(Error::not_ready(
            "binlog_format",
            format!("`binlog_format` is {format}, so changed rows are not in the log"),
        )
        .hint(set("binlog_format", "'ROW'"))
        .hint("sessions that are open keep the old format until they reconnect"));
    }
    if value(&variables, "binlog_row_image") == "MINIMAL" && key.index != "PRIMARY" {
        return Err(Error::not_ready(
            "binlog_row_image",
            format!(
                "`binlog_row_image` is MINIMAL, so the log may lack the columns of key `{}`",
                key.index
            ),
        )
        .hint(set("binlog_row_image", "'FULL'")));
    }
    // MariaDB has no such variable: it always commits in the log's order.
    if value(&variables, "binlog_order_commits") == "OFF" {
        return Err(Error::not_ready(
            "binlog_order_commits",
            "`binlog_order_commits` is off, so a change may be in the log long before it can be read",
        )
        .hint(set("binlog_order_commits", "ON")));
    }
    let logs_replicated =
        is_on(&variables, "log_replica_updates") || is_on(&variables, "log_slave_updates");
    if !logs_replicated && replica::applies_changes(session).await? {
        return Err(Error::not_ready(
            "log_replica_updates",
            "the server is a replica that does not log the changes it gets (`log_replica_updates`)",
        )
        .hint("make the change on the primary"));
    }
    unfiltered(session).await
}

/// Whether triggers fire for every change and do not make writers wait for each other.
pub(crate) async fn fires_triggers(session: &mut Session) -> Result<()> {
    let variables = variables(session).await?;
    if value(&variables, "innodb_autoinc_lock_mode") == "0" {
        return Err(Error::not_ready(
            "autoinc_lock_mode",
            "`innodb_autoinc_lock_mode` is 0, so writers would wait for each other at the triggers' log",
        )
        .hint("start the server with `--innodb-autoinc-lock-mode=1` or 2"));
    }
    if is_on(&variables, "log_bin") && value(&variables, "binlog_format") == "STATEMENT" {
        return Err(Error::not_ready(
            "binlog_format",
            "`binlog_format` is STATEMENT, for which what the triggers write is unsafe",
        )
        .hint("SET GLOBAL binlog_format = 'MIXED' or 'ROW'; sessions that are open keep the old one until they reconnect"));
    }
    if replica::applies_changes(session).await? {
        return Err(Error::not_ready(
            "replica",
            "the server is a replica, and triggers do not fire for rows that replication changes",
        )
        .hint("make the change on the primary"));
    }
    Ok(())
}

async fn unfiltered(session: &mut Session) -> Result<()> {
    let status: Result<Option<Row>> = session.first("SHOW BINARY LOG STATUS").await;
    let status = match status {
        // Servers that do not know these words.
        Err(error) if error.errno() == Some(1064) => session.first("SHOW MASTER STATUS").await?,
        status => status?,
    };
    // A column that is not there is no proof either.
    let is_free = |row: &Row| {
        ["Binlog_Do_DB", "Binlog_Ignore_DB"].iter().all(|name| {
            let schemas: Option<Option<String>> = row.get(*name);
            schemas.is_some_and(|schemas| schemas.is_none_or(|schemas| schemas.is_empty()))
        })
    };
    if status.as_ref().is_some_and(is_free) {
        return Ok(());
    }
    Err(Error::not_ready(
        "binlog_filtered",
        "the binary log is filtered by schema (`binlog-do-db` or `binlog-ignore-db`)",
    )
    .hint("remove the filter: such a log is no proof of anything"))
}

pub(super) async fn variables(session: &mut Session) -> Result<HashMap<String, String>> {
    let rows: Vec<(String, String)> = session
        .rows(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('super_read_only', 'read_only', \
             'offline_mode', 'log_bin', 'binlog_format', 'binlog_row_image', \
             'binlog_order_commits', 'log_replica_updates', 'log_slave_updates', \
             'innodb_autoinc_lock_mode', 'wsrep_on', 'group_replication_single_primary_mode')",
        )
        .await?;
    Ok(rows.into_iter().collect())
}

/// Empty when there is no such variable.
pub(super) fn value<'v>(variables: &'v HashMap<String, String>, name: &str) -> &'v str {
    variables.get(name).map_or("", String::as_str)
}

pub(super) fn is_on(variables: &HashMap<String, String>, name: &str) -> bool {
    matches!(value(variables, name), "ON" | "1")
}
