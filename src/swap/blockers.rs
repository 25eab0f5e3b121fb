//! Who holds locks on the tables to be swapped.

use crate::event::Blocker;
use crate::mysql::{Flavour, Session, text};
use crate::schema::TableName;

type Row = (u64, Option<String>, Option<String>, Option<u64>, Option<String>);

/// How many seconds a connection's transaction has been open, by `x`. MySQL's `innodb_trx` cannot be
/// read (error 3854) while any session's statement has a character of four bytes.
const AGE_ON_MYSQL: &str = "COALESCE(MAX(x.timer_wait) DIV 1000000000000, 0)";
const AGE_ON_MARIADB: &str = "COALESCE(MAX(TIMESTAMPDIFF(SECOND, x.trx_started, NOW())), 0)";

/// The sessions that are in the way of a lock on either of original and shadow, other than the one
/// that asks; those of the attempt must have ended. Empty when the server does not tell: naming them
/// is a kindness, not a need.
pub(crate) async fn name(session: &mut Session, tables: [&TableName; 2]) -> Vec<Blocker> {
    let questions = match session.flavour() {
        Flavour::Mysql => vec![holders_on_mysql(tables)],
        Flavour::Mariadb => vec![holders_on_mariadb(tables), transactions(tables[0])],
    };
    let mut why = None;
    for question in questions {
        match session.rows(question).await {
            Ok(rows) => return rows.into_iter().map(blocker).collect(),
            Err(error) => why = Some(error),
        }
    }
    if let Some(error) = why {
        tracing::warn!(%error, "those who block the swap cannot be named");
    }
    Vec::new()
}

fn blocker((thread, user, host, seconds, statement): Row) -> Blocker {
    Blocker {
        thread,
        user: user.unwrap_or_default(),
        host: host.unwrap_or_default(),
        seconds: seconds.unwrap_or_default(),
        statement,
    }
}

fn holders_on_mysql(tables: [&TableName; 2]) -> String {
    format!(
        "SELECT t.processlist_id AS id, t.processlist_user AS u, t.processlist_host AS h, \
         GREATEST(t.processlist_time, {AGE_ON_MYSQL}) AS s, \
         LEFT(t.processlist_info, 200) AS q \
         FROM performance_schema.metadata_locks m \
         JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id \
         LEFT JOIN performance_schema.events_transactions_current x \
         ON x.thread_id = t.thread_id AND x.state = 'ACTIVE' \
         WHERE m.object_type = 'TABLE' AND m.lock_status = 'GRANTED' AND {} \
         AND t.processlist_id <> CONNECTION_ID() \
         GROUP BY id, u, h, t.processlist_time, q ORDER BY s DESC LIMIT 20",
        is_either("m.object_schema", "m.object_name", tables)
    )
}

/// Needs the plugin `metadata_lock_info`.
fn holders_on_mariadb(tables: [&TableName; 2]) -> String {
    format!(
        "SELECT p.id, p.user AS u, p.host AS h, GREATEST(p.time, {AGE_ON_MARIADB}) AS s, \
         LEFT(p.info, 200) AS q FROM information_schema.metadata_lock_info m \
         JOIN information_schema.processlist p ON p.id = m.thread_id \
         LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = p.id \
         WHERE m.lock_type = 'Table metadata lock' AND {} AND p.id <> CONNECTION_ID() \
         GROUP BY p.id, u, h, p.time, q ORDER BY s DESC LIMIT 20",
        is_either("m.table_schema", "m.table_name", tables)
    )
}

/// Any that may be: with an open transaction, or a statement that names the table.
fn transactions(original: &TableName) -> String {
    let name = original.table.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!(
        "SELECT p.id, p.user AS u, p.host AS h, GREATEST(p.time, {AGE_ON_MARIADB}) AS s, \
         LEFT(p.info, 200) AS q FROM information_schema.processlist p \
         LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = p.id \
         WHERE p.id <> CONNECTION_ID() AND p.user NOT IN ('system user', 'event_scheduler') \
         AND COALESCE(p.info, '') NOT LIKE '/* zosc %' \
         AND (x.trx_id IS NOT NULL OR p.info LIKE {}) \
         GROUP BY p.id, u, h, p.time, q ORDER BY s DESC LIMIT 20",
        text(&format!("%{name}%"))
    )
}

fn is_either(schema: &str, table: &str, [original, shadow]: [&TableName; 2]) -> String {
    format!(
        "{schema} = {} AND {table} IN ({}, {})",
        text(&original.schema),
        text(&original.table),
        text(&shadow.table)
    )
}
