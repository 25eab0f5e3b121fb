//! A server that does not keep its binary log for long: we are told in time.

use std::time::Duration;

use mysql_async::prelude::Queryable;

use super::{start, until_at_least, until_there_is_a_shadow};
use crate::support::address::Address;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::mysqld::Mysqld;
use crate::support::place::{Place, played};

played! {
    with_binlog: the_log_is_kept_for_seconds;
}

async fn the_log_is_kept_for_seconds(place: Place) {
    let server = Mysqld::start(place.database, &["--binlog-expire-logs-seconds=8"]);
    let (address, schema) = (Address::of(&server), "memory_retention".to_owned());
    address.run(&["CREATE DATABASE memory_retention"]).await;
    let ground = Ground { address, place, schema, before: Vec::new() };
    let rows = "INSERT INTO t WITH RECURSIVE n (i) AS \
                (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, 1 FROM n";
    ground.run(&["CREATE TABLE t (id INT PRIMARY KEY, v INT)", rows]).await;
    let mut running = start(&ground, &["--workers=1", "--max-chunk-rows=20"]);
    until_there_is_a_shadow(&ground, &mut running).await;
    until_at_least(&ground, &mut running, "SELECT COUNT(*) FROM t__zosc_shadow", 1).await;
    // The last chunk waits, and so does the refresh of the first row.
    let mut holder = ground.connect().await;
    holder.query_drop("BEGIN").await.unwrap();
    holder.query_drop("INSERT INTO t__zosc_shadow (id, v) VALUES (900, 0)").await.unwrap();
    holder.query_drop("SELECT id FROM t__zosc_shadow WHERE id = 1 FOR UPDATE").await.unwrap();
    ground.run(&["UPDATE t SET v = 2 WHERE id = 1", "FLUSH BINARY LOGS"]).await;
    while !running.has_said("has not written it for") {
        assert!(running.is_running(), "{}", running.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    holder.query_drop("ROLLBACK").await.unwrap();
    holder.disconnect().await.unwrap();
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let told = ran.events_of("warning").filter(|it| it["code"] == "binlog_retention").count();
    assert_eq!(told, 1, "{ran:#?}");
    let plan = ran.events_of("plan").next().unwrap().to_string();
    assert!(plan.contains("for 8 s only"), "{plan}");
}
