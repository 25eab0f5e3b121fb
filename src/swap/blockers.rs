//! Who holds locks on the tables to be swapped.

use crate::error::Result;
use crate::event::Blocker;
use crate::mysql::{Session, text};
use crate::schema::Pair;

type Row = (u64, Option<String>, Option<String>, Option<u64>, Option<String>);

/// The sessions, other than `locker`, that were granted a metadata lock on either table. Empty when
/// `performance_schema` cannot be read: naming them is a kindness, not a need.
pub(super) async fn name(session: &mut Session, pair: &Pair, locker: u32) -> Result<Vec<Blocker>> {
    let sql = format!(
        "SELECT t.processlist_id AS id, t.processlist_user AS u, t.processlist_host AS h, \
         GREATEST(t.processlist_time, COALESCE(MAX(TIMESTAMPDIFF(SECOND, x.trx_started, NOW())), 0)) AS s, \
         LEFT(t.processlist_info, 200) AS q \
         FROM performance_schema.metadata_locks m \
         JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id \
         LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = t.processlist_id \
         WHERE m.object_type = 'TABLE' AND m.lock_status = 'GRANTED' AND m.object_schema = {} \
         AND m.object_name IN ({}, {}) AND t.processlist_id NOT IN ({locker}, CONNECTION_ID()) \
         GROUP BY id, u, h, t.processlist_time, q ORDER BY s DESC LIMIT 20",
        text(&pair.original.schema),
        text(&pair.original.table),
        text(&pair.shadow.table),
    );
    let rows: Vec<Row> = match session.rows(sql).await {
        Ok(rows) => rows,
        Err(error) if error.errno().is_some() => {
            tracing::warn!(%error, "those who block the swap cannot be named");
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let blockers = rows.into_iter().map(|(thread, user, host, seconds, statement)| Blocker {
        thread,
        user: user.unwrap_or_default(),
        host: host.unwrap_or_default(),
        seconds: seconds.unwrap_or_default(),
        statement,
    });
    Ok(blockers.collect())
}
