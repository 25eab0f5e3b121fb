//! Many changed keys while nothing can be carried over.

use std::time::Duration;

use mysql_async::prelude::Queryable;

use super::{
    BOUND_KIB, is_twin, make_twin, start, until_at_least, until_there_is_a_shadow, wide_keys,
};
use crate::support::ground::Ground;
use crate::support::place::{Place, played};

/// With keys of 3,000 bytes: more than may be pending.
const ROWS: u64 = 13_000;
/// Rows of a chunk.
const CHUNK: u64 = 500;

played! {
    on_both_servers: more_is_pending_than_may_be;
}

async fn more_is_pending_than_may_be(place: Place) {
    let table = wide_keys(place, ROWS, 3000);
    let ground = Ground::laid("memory_backlog", place, &table.each_ref().map(String::as_str)).await;
    let mut running = start(&ground, &["--workers=2", &format!("--max-chunk-rows={CHUNK}")]);
    until_there_is_a_shadow(&ground, &mut running).await;

    let copied = "SELECT COUNT(*) FROM t__zosc_shadow";
    until_at_least(&ground, &mut running, copied, 1).await;

    // The last chunk waits for this row, so that the copy does not end …
    let mut holder = ground.connect().await;
    holder.query_drop("BEGIN").await.unwrap();
    let last = "INSERT INTO t__zosc_shadow (id, v) SELECT MAX(id), 0 FROM t";
    holder.query_drop(last).await.unwrap();
    until_at_least(&ground, &mut running, copied, ROWS - CHUNK).await;
    // … and refresh waits for all others.
    holder.query_drop("SET innodb_lock_wait_timeout = 50").await.unwrap();
    holder.query_drop("SELECT COUNT(*) FROM t__zosc_shadow FOR UPDATE").await.unwrap();

    ground.run(&["SET binlog_row_image = MINIMAL", "UPDATE t SET v = v + 1"]).await;
    while !running.has_said(r#""reason":"backlog""#) {
        assert!(running.is_running(), "zosc ended before it was pressed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    holder.query_drop("ROLLBACK").await.unwrap();
    holder.disconnect().await.unwrap();
    make_twin(&ground).await;
    let ran = is_twin(ground, running, BOUND_KIB).await;
    assert!(ran.events_of("unthrottled").next().is_some(), "{ran:#?}");
}
