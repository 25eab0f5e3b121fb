//! The session settings that correctness rests on: set in every session, and read back.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::{Fault, Flavour};
use crate::error::{Error, Result};

/// A variable and the literal that it is set to.
type Setting = (&'static str, &'static str);

/// Strict without `NO_ZERO_*`: values that exist pass bit for bit, values that do not fit are errors.
const SETTINGS: &[Setting] = &[
    ("time_zone", "'+00:00'"),
    ("sql_mode", "'NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"),
    ("autocommit", "1"),
    ("innodb_lock_wait_timeout", "5"),
    ("lock_wait_timeout", "5"),
    // A machine that died says no goodbye: its transactions must not be open for long.
    ("wait_timeout", "600"),
    ("net_write_timeout", "600"),
    ("sql_select_limit", "18446744073709551615"),
    ("sql_safe_updates", "0"),
    ("sql_big_selects", "1"),
    ("sql_auto_is_null", "0"),
    ("sql_quote_show_create", "1"),
    ("completion_type", "'NO_CHAIN'"),
    ("foreign_key_checks", "1"),
    ("unique_checks", "1"),
    ("group_concat_max_len", "1048576"),
    // Long lists of keys must stay range scans, without an index dive for each key.
    ("eq_range_index_dive_limit", "1"),
];

/// Those that only MySQL knows.
const MYSQL_SETTINGS: &[Setting] = &[
    ("transaction_isolation", "'READ-COMMITTED'"),
    ("transaction_read_only", "0"),
    ("max_execution_time", "0"),
    ("show_gipk_in_create_table_and_information_schema", "1"),
    ("information_schema_stats_expiry", "0"),
    // No memory limit that turns long lists of keys into full scans.
    ("range_optimizer_max_mem_size", "0"),
];

/// Those that only MariaDB knows.
///
/// `innodb_snapshot_isolation` is left as it is: it makes REPEATABLE READ refuse to lock a row that
/// is newer than the snapshot, but what we lock or write we lock at READ COMMITTED, and our snapshots
/// only read.
const MARIADB_SETTINGS: &[Setting] = &[
    ("tx_isolation", "'READ-COMMITTED'"),
    ("tx_read_only", "0"),
    ("max_statement_time", "0"),
    // What is old in casts and in the meaning of `utf8`.
    ("old_mode", "''"),
    // A CHECK that the copy did not mind would be broken in the new table.
    ("check_constraint_checks", "1"),
    // While a proof waits for capture, its snapshot's transaction is idle.
    ("idle_transaction_timeout", "0"),
    ("idle_readonly_transaction_timeout", "0"),
    ("idle_write_transaction_timeout", "0"),
    // Long lists of keys would become temporary tables.
    ("in_predicate_conversion_threshold", "0"),
    // Answers come from the tables.
    ("query_cache_type", "'OFF'"),
];

/// Those that only a privileged account may set, even to what they are: set where they differ.
const GUARDED_SETTINGS: &[Setting] = &[("sql_log_bin", "1"), ("innodb_strict_mode", "1")];

/// InnoDB refuses writes at READ COMMITTED where statements are logged.
const LOG_ROWS: Setting = ("binlog_format", "'ROW'");

/// Whether the server writes a binary log of statements, so that our sessions must ask for rows.
///
/// Asked before anything is set, so in the plainest words: whatever the server's defaults are, they
/// do not matter to it.
pub(super) async fn logs_statements(conn: &mut Conn) -> Result<bool> {
    match conn.query_first("SELECT @@GLOBAL.log_bin, @@GLOBAL.binlog_format").await {
        Ok(answer) => {
            let answer: Option<(bool, String)> = answer;
            Ok(answer.is_some_and(|(is_on, format)| is_on && format == "STATEMENT"))
        }
        // A server that knows no other format than rows.
        Err(mysql_async::Error::Server(error)) if error.code == 1193 => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Sets everything, reads it back, and gives the server's identity.
pub(super) async fn settle(conn: &mut Conn, flavour: Flavour, log_rows: bool) -> Result<String> {
    let own = match flavour {
        Flavour::Mysql => MYSQL_SETTINGS,
        Flavour::Mariadb => MARIADB_SETTINGS,
    };
    conn.query_drop("SET NAMES utf8mb4").await?;
    set(conn, SETTINGS.iter().chain(own)).await?;

    let guarded = || GUARDED_SETTINGS.iter().chain(log_rows.then_some(&LOG_ROWS));
    let all = || SETTINGS.iter().chain(own).chain(guarded());
    let (mut differing, identity) = read_back(conn, flavour, all()).await?;
    let to_set = || guarded().filter(|(name, _)| differing.split(' ').any(|it| it == *name));
    if to_set().next().is_some() {
        set(conn, to_set()).await.map_err(|error| match Fault::of(&error) {
            Fault::Definite => not_taken(&differing).hint(format!(
                "grant the account {}, or set them for the whole server ({error})",
                right_to_set(flavour)
            )),
            _ => error,
        })?;
        (differing, _) = read_back(conn, flavour, all()).await?;
    }
    if differing.is_empty() {
        return Ok(identity);
    }
    Err(not_taken(&differing)
        .hint("connect past any proxy, and see that no init_connect overrides them"))
}

/// The right that the guarded settings need.
fn right_to_set(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::Mysql => "SESSION_VARIABLES_ADMIN",
        Flavour::Mariadb => "BINLOG ADMIN",
    }
}

async fn set(conn: &mut Conn, settings: impl Iterator<Item = &Setting>) -> Result<()> {
    let list: Vec<String> =
        settings.map(|(name, value)| format!("SESSION {name} = {value}")).collect();
    Ok(conn.query_drop(format!("SET {}", list.join(", "))).await?)
}

/// The names of the settings that differ, and the server's identity.
async fn read_back(
    conn: &mut Conn,
    flavour: Flavour,
    settings: impl Iterator<Item = &Setting>,
) -> Result<(String, String)> {
    let same: Vec<String> = settings
        .map(|(name, value)| format!("IF(@@SESSION.{name} = {value}, '', '{name} ')"))
        .collect();
    let sql = format!("SELECT CONCAT({}), {}", same.join(", "), flavour.identity());
    Ok(conn.query_first(sql).await?.unwrap_or_default())
}

fn not_taken(differing: &str) -> Error {
    Error::not_ready(
        "setting_not_taken",
        format!("the server did not take these session settings: {}", differing.trim()),
    )
}
