//! Transactions of every form arrive whole, in order, once they are committed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use zosc::capture::Delivery;

use super::bench::Bench;
use crate::support::each::on_all;
use crate::support::mysqld::{Database, Mysqld};

on_all!(
    compressed_transactions_and_lean_images,
    old_and_new_keys_in_commit_order,
    rolled_back_work_is_not_delivered,
    a_number_that_the_server_gave_is_in_a_lean_image,
    what_is_committed_before_a_fence_comes_before_it,
    a_big_transaction_comes_in_parts,
    a_run_resumes_at_any_position_it_was_told,
    a_lost_stream_loses_nothing,
);

async fn bench(database: Database, schema: &str) -> Bench {
    laid(Bench::new(database, schema).await).await
}

/// A server of the test's own, and a bench on it.
async fn own_bench(database: Database, schema: &str) -> (Mysqld, Bench) {
    let server = Mysqld::start(database, &[]);
    let bench = laid(Bench::at(&server.url(), database, schema).await).await;
    (server, bench)
}

async fn laid(mut bench: Bench) -> Bench {
    bench.run("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT, j JSON, b BLOB)").await;
    bench.run("CREATE TABLE other (id INT NOT NULL PRIMARY KEY, v INT)").await;
    bench
}

async fn old_and_new_keys_in_commit_order(database: Database) {
    let mut bench = bench(database, "binlog_order").await;
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

async fn rolled_back_work_is_not_delivered(database: Database) {
    let mut bench = bench(database, "binlog_rollback").await;
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

async fn compressed_transactions_and_lean_images(database: Database) {
    let (_server, mut bench) = own_bench(database, "binlog_images").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let own: &[&str] = match database {
        Database::Mysql => &[
            "SESSION binlog_row_value_options = PARTIAL_JSON",
            "SESSION binlog_rows_query_log_events = ON",
            "SESSION binlog_row_value_options = ''",
            "GLOBAL binlog_row_metadata = FULL",
        ],
        Database::Mariadb => &["GLOBAL binlog_row_metadata = FULL", "SESSION skip_replication = 1"],
        Database::Mariadb118 => &[
            "SESSION binlog_row_image = FULL_NODUP",
            "GLOBAL binlog_row_metadata = MINIMAL",
            "GLOBAL binlog_legacy_event_pos = ON",
        ],
    };
    let settings = [
        "SESSION binlog_row_image = FULL",
        "SESSION binlog_row_image = MINIMAL",
        "SESSION binlog_row_image = NOBLOB",
    ];
    let mut logged = HashSet::new();
    let checksums = ["GLOBAL binlog_checksum = NONE", "GLOBAL binlog_checksum = CRC32"];
    for setting in settings.iter().chain(own).chain(&checksums) {
        bench.run(&format!("SET {setting}")).await;
        for compression in [false, true] {
            bench.compress(compression).await;
            bench
                .run("INSERT INTO t VALUES (1, 1, '{\"a\": [1, 2, 3]}', 'x'), (2, 2, '[]', NULL)")
                .await;
            bench.run("UPDATE t SET j = JSON_SET(j, '$.a[1]', 7) WHERE id = 1").await;
            bench.run("UPDATE t SET j = JSON_SET(j, '$.a[1]', 8), v = id + 1, b = 'yy'").await;
            bench.run("UPDATE t SET j = JSON_REMOVE(j, '$.a[1]'), id = id + 10").await;
            bench.run("DELETE FROM t").await;
            let delivered = bench.settled(&mut running).await;
            let expected = [1, 2, 1, 1, 2, 11, 1, 12, 2, 11, 12];
            assert_eq!(delivered.integers(), expected, "{setting}, compression {compression}");
        }
        logged.extend(bench.logged().await);
    }
    let compressed: &[&str] = match database {
        Database::Mysql => &["Transaction_payload"],
        Database::Mariadb | Database::Mariadb118 => {
            &["Write_rows_compressed_v1", "Update_rows_compressed_v1", "Delete_rows_compressed_v1"]
        }
    };
    for kind in compressed {
        assert!(logged.contains(*kind), "{kind} is not in {logged:?}");
    }
    running.stop().await;
}

async fn a_number_that_the_server_gave_is_in_a_lean_image(database: Database) {
    let mut bench = bench(database, "binlog_auto").await;
    bench.run("CREATE TABLE a (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, v INT)").await;
    let watched = bench.watched("a", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("SET SESSION binlog_row_image = MINIMAL").await;
    bench.run("INSERT INTO a (v) VALUES (5), (6)").await;
    bench.run("INSERT INTO a VALUES ()").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [1, 2, 3]);
    running.stop().await;
}

async fn what_is_committed_before_a_fence_comes_before_it(database: Database) {
    let mut bench = bench(database, "binlog_fence").await;
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

async fn a_big_transaction_comes_in_parts(database: Database) {
    let (_server, mut bench) = own_bench(database, "binlog_big").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("SET SESSION cte_max_recursion_depth = 100000").await;
    for compression in [false, true] {
        bench.compress(compression).await;
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

async fn a_run_resumes_at_any_position_it_was_told(database: Database) {
    let mut bench = bench(database, "binlog_resume").await;
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

async fn a_lost_stream_loses_nothing(database: Database) {
    let mut bench = bench(database, "binlog_kill").await;
    bench.run("CREATE USER IF NOT EXISTS dumper").await;
    bench.run("GRANT ALL ON *.* TO dumper").await;
    let port = bench.server_port();
    let own = Bench::connect(&format!("mysql://dumper@127.0.0.1:{port}/")).await;
    let watched = bench.watched("t", &["id"]).await;
    bench.server = own;
    let mut running = bench.capture(&watched).await;
    let mut killer = bench.another().await;
    let processes = database.processes();
    let killing = tokio::spawn(async move {
        let mut kills = 0;
        for _ in 0..60 {
            let threads: Vec<u64> = killer
                .query(format!(
                    "SELECT id FROM {processes} WHERE user = 'dumper' AND command = 'Binlog Dump'"
                ))
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
