//! Transactions of every form arrive whole, in order, once they are committed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use zosc::capture::Delivery;

use super::bench::{Bench, integer};
use crate::support::mysqld::shared_url;

async fn bench(schema: &str) -> Bench {
    let mut bench = Bench::new(&shared_url(), schema).await;
    bench.run("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT, j JSON, b BLOB)").await;
    bench.run("CREATE TABLE other (id INT NOT NULL PRIMARY KEY, v INT)").await;
    bench
}

#[tokio::test]
async fn old_and_new_keys_in_commit_order() {
    let mut bench = bench("binlog_order").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let first = running.next().await;
    assert!(matches!(first, Some(Delivery::Commit(_))), "the start's position comes first");
    bench.run("INSERT INTO t VALUES (-1, 1, NULL, NULL), (2, 2, NULL, NULL)").await;
    bench.run("INSERT INTO other VALUES (77, 1)").await;
    bench.run("UPDATE t SET id = 3 WHERE id = 2").await;
    bench.run("DELETE FROM t WHERE id = -1").await;
    let delivered = bench.settled(&mut running).await;
    assert_eq!(delivered.integers(), [-1, 2, 3, 2, -1]);
    let ends: Vec<usize> = delivered.commits.iter().map(|(keys, _)| *keys).collect();
    for end in [2, 4, 5] {
        assert!(ends.contains(&end), "each transaction has its commit: {ends:?}");
    }
    running.stop().await;
}

#[tokio::test]
async fn rolled_back_work_is_not_delivered() {
    let mut bench = bench("binlog_rollback").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    for statement in [
        "BEGIN",
        "INSERT INTO t (id) VALUES (1)",
        "SAVEPOINT s",
        "INSERT INTO t (id) VALUES (2)",
        "ROLLBACK TO s",
        "INSERT INTO t (id) VALUES (3)",
        "COMMIT",
        "BEGIN",
        "INSERT INTO t (id) VALUES (4)",
        "ROLLBACK",
    ] {
        bench.run(statement).await;
    }
    assert_eq!(bench.settled(&mut running).await.integers(), [1, 3]);
    running.stop().await;
}

#[tokio::test]
async fn compressed_transactions_and_lean_images() {
    let mut bench = bench("binlog_images").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    for setting in [
        "binlog_transaction_compression = ON",
        "binlog_transaction_compression = OFF",
        "binlog_row_image = MINIMAL",
        "binlog_row_image = NOBLOB",
        "binlog_row_value_options = PARTIAL_JSON",
        "binlog_row_image = FULL",
        "binlog_rows_query_log_events = ON",
    ] {
        bench.run(&format!("SET SESSION {setting}")).await;
        bench
            .run("INSERT INTO t VALUES (1, 1, '{\"a\": [1, 2, 3]}', 'x'), (2, 2, '[]', NULL)")
            .await;
        bench.run("UPDATE t SET j = JSON_SET(j, '$.a[1]', 7) WHERE id = 1").await;
        bench.run("UPDATE t SET j = JSON_SET(j, '$.a[1]', 8), v = id + 1, b = 'yy'").await;
        bench.run("UPDATE t SET j = JSON_REMOVE(j, '$.a[1]'), id = id + 10").await;
        bench.run("DELETE FROM t").await;
        let delivered = bench.settled(&mut running).await;
        let expected = [1, 2, 1, 1, 2, 11, 1, 12, 2, 11, 12];
        assert_eq!(delivered.integers(), expected, "{setting}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_number_that_the_server_gave_is_in_a_lean_image() {
    let mut bench = bench("binlog_auto").await;
    bench.run("CREATE TABLE a (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, v INT)").await;
    let watched = bench.watched("a", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("SET SESSION binlog_row_image = MINIMAL").await;
    bench.run("INSERT INTO a (v) VALUES (5), (6)").await;
    bench.run("INSERT INTO a VALUES ()").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [1, 2, 3]);
    running.stop().await;
}

#[tokio::test]
async fn what_is_committed_before_a_fence_comes_before_it() {
    let mut bench = bench("binlog_fence").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let committed = Arc::new(Mutex::new(HashSet::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for writer in 0..3_i64 {
        let mut conn = bench.another().await;
        let (committed, stop) = (Arc::clone(&committed), Arc::clone(&stop));
        writers.push(tokio::spawn(async move {
            for id in (writer * 1_000_000)..i64::MAX {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                conn.query_drop(format!("INSERT INTO t (id) VALUES ({id})")).await.unwrap();
                committed.lock().unwrap().insert(id);
            }
        }));
    }
    let mut met = HashSet::new();
    for _ in 0..30 {
        let before = committed.lock().unwrap().clone();
        met.extend(bench.settled(&mut running).await.integers());
        assert!(before.is_subset(&met));
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(met.len() > 30);
    running.stop().await;
}

#[tokio::test]
async fn a_big_transaction_comes_in_parts() {
    let mut bench = bench("binlog_big").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("SET SESSION cte_max_recursion_depth = 100000").await;
    for compression in ["OFF", "ON"] {
        bench.run(&format!("SET SESSION binlog_transaction_compression = {compression}")).await;
        bench
            .run(
                "INSERT INTO t (id, b) WITH RECURSIVE n AS (SELECT 1 i UNION ALL \
                 SELECT i + 1 FROM n WHERE i < 25000) SELECT i, REPEAT('x', 100) FROM n",
            )
            .await;
        let delivered = bench.settled(&mut running).await;
        assert_eq!(delivered.integers(), (1..=25_000).collect::<Vec<i64>>());
        assert_eq!(delivered.parts, [1000; 25]);
        let inside = |keys: &usize| (1..25_000).contains(keys);
        assert!(!delivered.commits.iter().any(|(keys, _)| inside(keys)), "it ends only once");
        bench.run("DELETE FROM t").await;
        bench.settled(&mut running).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn xa_keys_wait_for_the_commit() {
    let mut bench = bench("binlog_xa").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let mut expected = Vec::new();
    for (id, compression) in [(10, "OFF"), (20, "ON")] {
        bench.run(&format!("SET SESSION binlog_transaction_compression = {compression}")).await;
        for (nth, end) in ["COMMIT", "ROLLBACK"].into_iter().enumerate() {
            let key = id + i64::try_from(nth).unwrap();
            let xid = format!("'o{key}','b',3");
            for statement in [
                format!("XA START {xid}"),
                format!("INSERT INTO t (id) VALUES ({key})"),
                format!("XA END {xid}"),
                format!("XA PREPARE {xid}"),
            ] {
                bench.run(&statement).await;
            }
            let mut other = bench.another().await;
            other.query_drop("INSERT INTO fence VALUES (9, 9, 1000) ON DUPLICATE KEY UPDATE token = token + 1").await.unwrap();
            let token: u64 =
                other.query_first("SELECT token FROM fence WHERE run = 9").await.unwrap().unwrap();
            let meanwhile = running.until(token).await;
            assert!(meanwhile.keys.is_empty(), "{end}: only prepared");
            let held = meanwhile.commits.last().unwrap().1.clone();
            other.disconnect().await.unwrap();
            bench.run(&format!("XA {end} {xid}")).await;
            let delivered = bench.settled(&mut running).await;
            if end == "COMMIT" {
                expected.push(key);
                assert_eq!(delivered.integers(), [key]);
            } else {
                assert!(delivered.keys.is_empty());
            }
            // Taken up at the position told while it was prepared, the stream meets it again.
            let mut again = bench.capture_from(&watched, Some(held)).await;
            let replayed = bench.settled(&mut again).await;
            assert_eq!(replayed.integers(), delivered.integers());
            again.stop().await;
            bench.settled(&mut running).await;
        }
        let xid = format!("'p{id}'");
        for statement in [
            format!("XA START {xid}"),
            format!("INSERT INTO t (id) VALUES ({})", id + 5),
            format!("XA END {xid}"),
            format!("XA COMMIT {xid} ONE PHASE"),
        ] {
            bench.run(&statement).await;
        }
        assert_eq!(bench.settled(&mut running).await.integers(), [id + 5]);
        expected.push(id + 5);
    }
    let mut there: Vec<i64> = bench.keys_in(&watched).await.iter().map(integer).collect();
    there.sort_unstable();
    assert_eq!(there, expected);
    running.stop().await;
}

#[tokio::test]
async fn a_run_resumes_at_any_position_it_was_told() {
    let mut bench = bench("binlog_resume").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    for id in 0..20 {
        bench.run(&format!("INSERT INTO t (id) VALUES ({id})")).await;
        if id % 7 == 3 {
            bench.run("FLUSH BINARY LOGS").await;
        }
    }
    let delivered = bench.settled(&mut running).await;
    running.stop().await;
    let commits = delivered.commits;
    let text = serde_json::to_string(&commits[10].1).unwrap();
    assert_eq!(serde_json::from_str::<zosc::capture::Position>(&text).unwrap(), commits[10].1);
    for (behind, position) in commits.iter().step_by(4) {
        let mut running = bench.capture_from(&watched, Some(position.clone())).await;
        let rest = bench.settled(&mut running).await.integers();
        let behind = i64::try_from(*behind).unwrap();
        assert_eq!(rest, (behind..20).collect::<Vec<i64>>(), "from {position:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_lost_stream_loses_nothing() {
    let mut bench = bench("binlog_kill").await;
    bench.run("CREATE USER IF NOT EXISTS dumper").await;
    bench.run("GRANT ALL ON *.* TO dumper").await;
    let port = bench.server_port();
    let own = Bench::connect(&format!("mysql://dumper@127.0.0.1:{port}/")).await;
    let watched = bench.watched("t", &["id"]).await;
    bench.server = own;
    let mut running = bench.capture(&watched).await;
    let mut killer = bench.another().await;
    let killing = tokio::spawn(async move {
        let mut kills = 0;
        for _ in 0..60 {
            let threads: Vec<u64> = killer
                .query(
                    "SELECT id FROM information_schema.processlist \
                     WHERE user = 'dumper' AND command = 'Binlog Dump'",
                )
                .await
                .unwrap();
            for thread in threads {
                // It may be gone already.
                kills += u32::from(killer.query_drop(format!("KILL {thread}")).await.is_ok());
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        kills
    });
    let mut written = Vec::new();
    while !killing.is_finished() {
        let id = i64::try_from(written.len()).unwrap();
        let rows: Vec<String> = (0..50).map(|row| format!("({}, {id})", id * 50 + row)).collect();
        bench.run(&format!("INSERT INTO t (id, v) VALUES {}", rows.join(", "))).await;
        written.push(id);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(killing.await.unwrap() > 5, "the stream was killed often");
    let mut keys = bench.settled(&mut running).await.integers();
    let total = i64::try_from(written.len()).unwrap() * 50;
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys, (0..total).collect::<Vec<i64>>());
    running.stop().await;
}

#[tokio::test]
async fn statements_of_no_concern_pass() {
    let mut bench = bench("binlog_harmless").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    for statement in [
        "CREATE TABLE u (t INT, id INT NOT NULL PRIMARY KEY)",
        "ALTER TABLE u ADD COLUMN t2 INT",
        "TRUNCATE u",
        "CREATE TABLE IF NOT EXISTS t (x INT)",
        "CREATE TABLE c AS SELECT * FROM t",
        "CREATE VIEW v AS SELECT * FROM t",
        "DROP VIEW v",
        "ANALYZE TABLE t",
        "CREATE TEMPORARY TABLE t (x INT)",
        "DROP TEMPORARY TABLE t",
        "DROP TABLE u, c",
        "CREATE PROCEDURE p() DELETE FROM t",
        "DROP PROCEDURE p",
        "CREATE TABLE m (id INT) ENGINE = MyISAM",
        "INSERT INTO m VALUES (1)",
    ] {
        bench.run(statement).await;
    }
    bench.run("INSERT INTO t (id) VALUES (5)").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [5]);
    running.stop().await;
}
