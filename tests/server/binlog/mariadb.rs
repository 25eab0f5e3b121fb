//! What only a MariaDB does to its log.

use std::io::Write as _;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use tempfile::NamedTempFile;
use zosc::capture::binlog::Binlog;
use zosc::halt::Halt;

use super::bench::Bench;
use crate::support::each::on_mariadb;
use crate::support::mysqld::{Database, Mysqld};

on_mariadb!(
    an_encrypted_log_is_read_as_any_other,
    columns_of_the_old_format_are_refused,
    transactions_that_are_prepared_together_keep_their_names,
    an_alter_in_two_phases_stops_the_run,
    a_commit_is_delivered_when_it_can_be_seen,
    a_transaction_that_becomes_a_file,
);

async fn laid(server: &Mysqld, database: Database, schema: &str) -> Bench {
    let mut bench = Bench::at(&server.url(), database, schema).await;
    bench.run("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT, b LONGTEXT)").await;
    bench
}

async fn an_encrypted_log_is_read_as_any_other(database: Database) {
    let mut keys = NamedTempFile::new().unwrap();
    writeln!(keys, "1;{}", "0123456789ABCDEF".repeat(4)).unwrap();
    let file = format!("--file-key-management-filename={}", keys.path().display());
    let plugin = "--plugin-load-add=file_key_management";
    let server = Mysqld::start(database, &[plugin, &file, "--encrypt-binlog=ON"]);
    let mut bench = laid(&server, database, "binlog_encrypted").await;
    assert!(bench.logged().await.iter().any(|event| event == "Start_encryption"));
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y')").await;
    bench.run("FLUSH BINARY LOGS").await;
    bench.run("DELETE FROM t WHERE id = 1").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [1, 2, 1]);
    running.stop().await;
}

async fn columns_of_the_old_format_are_refused(database: Database) {
    let mut bench = Bench::new(database, "binlog_old").await;
    bench.run("SET GLOBAL mysql56_temporal_format = OFF").await;
    for column in ["a DATETIME", "a TIMESTAMP(3)", "a TIME(6)"] {
        bench.run(&format!("CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, {column})")).await;
        let watched = bench.watched("t", &["id"]).await;
        let error = Binlog::start(&bench.server, watched, None, &Halt::new()).await.unwrap_err();
        assert_eq!(error.code, "old_temporal_format");
        assert!(error.message.contains("column `a` of binlog_old.t"), "{error}");
    }
    bench.run("SET GLOBAL mysql56_temporal_format = ON").await;
    bench.run("ALTER TABLE t FORCE").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t VALUES (1, '1:02:03')").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [1]);
    running.stop().await;
}

async fn transactions_that_are_prepared_together_keep_their_names(database: Database) {
    let together = ["--binlog-commit-wait-count=8", "--binlog-commit-wait-usec=200000"];
    let server = Mysqld::start(database, &together);
    let mut bench = laid(&server, database, "binlog_together").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let mut writers = Vec::new();
    for id in 0..8 {
        let mut conn = bench.another().await;
        writers.push(tokio::spawn(async move {
            for statement in [
                format!("XA START X'FF0{id}',X'62',7"),
                format!("INSERT INTO t (id) VALUES ({id})"),
                format!("XA END X'FF0{id}',X'62',7"),
                format!("XA PREPARE X'FF0{id}',X'62',7"),
            ] {
                conn.query_drop(statement).await.unwrap();
            }
            let end = if id % 2 == 0 { "COMMIT" } else { "ROLLBACK" };
            conn.query_drop(format!("XA {end} X'FF0{id}',X'62',7")).await.unwrap();
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut keys = bench.settled(&mut running).await.integers();
    keys.sort_unstable();
    assert_eq!(keys, [0, 2, 4, 6]);
    let groups: Option<(String, u64)> =
        bench.app.query_first("SHOW STATUS LIKE 'Binlog_group_commits'").await.unwrap();
    let commits: Option<(String, u64)> =
        bench.app.query_first("SHOW STATUS LIKE 'Binlog_commits'").await.unwrap();
    assert!(groups.unwrap().1 < commits.unwrap().1, "some were together");
    running.stop().await;
}

async fn an_alter_in_two_phases_stops_the_run(database: Database) {
    let mut bench = Bench::new(database, "binlog_phases").await;
    bench.run("CREATE TABLE t (id INT NOT NULL PRIMARY KEY)").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("SET SESSION binlog_alter_two_phase = ON").await;
    bench.run("ALTER TABLE t ADD x INT").await;
    assert_eq!(running.trouble().await.code, "touched_by_ddl");
    running.capture.stop().await.unwrap();
}

/// The log says committed, but the list says prepared: as it is for a moment behind every commit.
async fn a_commit_is_delivered_when_it_can_be_seen(database: Database) {
    let server = Mysqld::start(database, &[]);
    let mut bench = laid(&server, database, "binlog_reused").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let start = bench.settled(&mut running).await.commits.pop().unwrap().1;
    running.stop().await;
    for statement in [
        "XA START 'x'",
        "INSERT INTO t (id) VALUES (1)",
        "XA END 'x'",
        "XA PREPARE 'x'",
        "XA COMMIT 'x'",
        "XA START 'x'",
        "INSERT INTO t (id) VALUES (2)",
        "XA END 'x'",
        "XA PREPARE 'x'",
    ] {
        bench.run(statement).await;
    }
    let mut running = bench.capture_from(&watched, Some(start)).await;
    running.next().await.unwrap();
    let patience = Duration::from_millis(700);
    tokio::time::timeout(patience, running.deliveries.recv()).await.unwrap_err();
    bench.run("XA COMMIT 'x'").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [1, 2]);
    running.stop().await;
}

/// MariaDB 11.7 and later make a file of the log out of a transaction's own.
async fn a_transaction_that_becomes_a_file(database: Database) {
    let threshold: &[&str] = match database {
        Database::Mariadb118 => &["--binlog-large-commit-threshold=10485760"],
        Database::Mysql | Database::Mariadb => &["--max-binlog-size=1048576"],
    };
    let server = Mysqld::start(database, threshold);
    let mut bench = laid(&server, database, "binlog_large").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t VALUES (1, 1, 'x')").await;
    bench.run("SET SESSION max_recursive_iterations = 100000").await;
    bench
        .run(
            "INSERT INTO t (id, b) WITH RECURSIVE n AS (SELECT 2 i UNION ALL \
             SELECT i + 1 FROM n WHERE i < 20000) SELECT i, REPEAT('x', 1000) FROM n",
        )
        .await;
    let delivered = bench.settled(&mut running).await;
    assert_eq!(delivered.integers(), (1..=20_000).collect::<Vec<i64>>());
    bench.run("UPDATE t SET v = 1 WHERE id < 3").await;
    bench.run("XA START 'x'").await;
    bench.run("UPDATE t SET v = 2").await;
    for statement in ["XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'"] {
        bench.run(statement).await;
    }
    let mut again = bench.capture_from(&watched, Some(delivered.commits[0].1.clone())).await;
    let later = bench.settled(&mut running).await;
    assert_eq!(later.keys.len(), 20_001);
    let all = bench.settled(&mut again).await;
    assert_eq!(all.keys.len(), 40_001 - delivered.commits[0].0);
    again.stop().await;
    running.stop().await;
    let files: Vec<mysql_async::Row> = bench.app.query("SHOW BINARY LOGS").await.unwrap();
    assert!(files.len() > 2, "{files:?}");
}
