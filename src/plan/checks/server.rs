//! The server: whether it can be worked on at all, and whether its binary log tells of every change.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::mysql::{Facts, Flavour, Session};
use crate::schema::KeyShape;

/// The first version that can rename a locked table.
const OLDEST: (u16, u16, u16) = (8, 0, 13);

/// Whether zosc knows this server.
pub(crate) fn supported(facts: &Facts) -> Result<()> {
    if facts.flavour == Flavour::Mariadb {
        return Err(Error::not_ready("mariadb", "MariaDB is not supported yet")
            .hint("use zosc with MySQL 8.0.13 or later"));
    }
    if facts.version < OLDEST {
        return Err(Error::not_ready(
            "old_server",
            format!("MySQL {} is too old", facts.version_text),
        )
        .hint("zosc needs MySQL 8.0.13 or later"));
    }
    Ok(())
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

/// Whether every committed change reaches the binary log as rows, in the order of the commits, and
/// this server's lock stops every writer.
pub(crate) async fn tells_all(session: &mut Session, facts: &Facts, key: &KeyShape) -> Result<()> {
    let variables = variables(session).await?;
    let get = |name: &str| variables.get(name).map_or("", String::as_str);
    let set = |name: &str, value: &str| {
        format!("in the server's configuration, or at once: SET GLOBAL {name} = {value}")
    };
    if !is_on(&variables, "log_bin") {
        return Err(Error::not_ready("log_bin", "the server writes no binary log")
            .hint("start it with `--log-bin`"));
    }
    if !get("binlog_format").is_empty() && get("binlog_format") != "ROW" {
        return Err(Error::not_ready(
            "binlog_format",
            format!(
                "`binlog_format` is {}, so changed rows are not in the log",
                get("binlog_format")
            ),
        )
        .hint(set("binlog_format", "'ROW'"))
        .hint("sessions that are open keep the old format until they reconnect"));
    }
    if get("binlog_row_image") == "MINIMAL" && key.index != "PRIMARY" {
        return Err(Error::not_ready(
            "binlog_row_image",
            format!(
                "`binlog_row_image` is MINIMAL, so the log may lack the columns of key `{}`",
                key.index
            ),
        )
        .hint(set("binlog_row_image", "'FULL'")));
    }
    if !is_on(&variables, "binlog_order_commits") {
        return Err(Error::not_ready(
            "binlog_order_commits",
            "`binlog_order_commits` is off, so a change may be in the log long before it can be read",
        )
        .hint(set("binlog_order_commits", "ON")));
    }
    if is_on(&variables, "wsrep_on") {
        return Err(Error::not_ready(
            "galera",
            "a lock on one Galera node does not stop the others",
        )
        .hint("use the cluster's own rolling schema upgrade"));
    }
    if get("group_replication_single_primary_mode") == "OFF" {
        return Err(Error::not_ready(
            "multi_primary",
            "the replication group has several primaries, and a lock on one does not stop the others",
        )
        .hint("switch the group to single-primary mode"));
    }
    unfiltered(session, facts).await
}

async fn unfiltered(session: &mut Session, facts: &Facts) -> Result<()> {
    let show =
        if facts.version >= (8, 2, 0) { "SHOW BINARY LOG STATUS" } else { "SHOW MASTER STATUS" };
    let status: Option<(String, u64, String, String, String)> = session.first(show).await?;
    match status {
        Some((_, _, only, ignored, _)) if only.is_empty() && ignored.is_empty() => Ok(()),
        _ => Err(Error::not_ready(
            "binlog_filtered",
            "the binary log is filtered by schema (`binlog-do-db` or `binlog-ignore-db`)",
        )
        .hint("remove the filter: such a log is no proof of anything")),
    }
}

async fn variables(session: &mut Session) -> Result<HashMap<String, String>> {
    let rows: Vec<(String, String)> = session
        .rows(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('super_read_only', 'read_only', \
             'offline_mode', 'log_bin', 'binlog_format', 'binlog_row_image', \
             'binlog_order_commits', 'wsrep_on', 'group_replication_single_primary_mode')",
        )
        .await?;
    Ok(rows.into_iter().collect())
}

fn is_on(variables: &HashMap<String, String>, name: &str) -> bool {
    variables.get(name).is_some_and(|value| value == "ON" || value == "1")
}
