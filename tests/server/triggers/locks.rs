//! Locks of the application, lost connections, prepared transactions: waited out, or given up with
//! nothing left.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use zosc::error::Kind;

use super::bench::Bench;
use crate::support::each::on_both;
use crate::support::mysqld::{Database, Mysqld};

on_both!(
    locked_by_the_application,
    lost_connections,
    a_table_in_use,
    prepared_before,
    a_statement_that_fails_half_way,
);

const TABLE: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)";

/// `LOCK TABLES` of the application locks the log as well, for longer than we wait for anything.
async fn locked_by_the_application(kind: Database) {
    let mut bench = Bench::new(kind, "trg_locked").await;
    bench.run(TABLE).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    for (round, seconds) in [0, 0, 0, 7, 0].into_iter().enumerate() {
        bench.run("LOCK TABLES t WRITE").await;
        bench.run("INSERT INTO t VALUES (1, 1)").await;
        bench.run("UPDATE t SET v = 2").await;
        bench.run("UPDATE t SET id = 3").await;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        bench.run("DELETE FROM t").await;
        bench.run("INSERT INTO t VALUES (2, 1)").await;
        bench.run("UNLOCK TABLES").await;
        let mut keys = running.settled().await.integers();
        keys.sort_unstable();
        assert_eq!(keys, [1, 1, 1, 2, 3, 3], "{round}");
        bench.run("DELETE FROM t").await;
        assert_eq!(running.settled().await.integers(), [2], "{round}");
    }
    running.stop().await;
    bench.gone().await;
}

async fn lost_connections(kind: Database) {
    // Nobody else's connections.
    let server = Mysqld::start(kind, &[]);
    let mut bench = Bench::at(&server.url(), "trg_lost").await;
    bench.run(TABLE).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    for id in 1..6 {
        bench.run(&format!("INSERT INTO t VALUES ({id}, 1)")).await;
        bench.kill_connections().await;
        let delivered = running.settled().await;
        assert!(delivered.integers().contains(&id), "{id}: {delivered:?}");
    }
    bench.kill_connections().await;
    running.stop().await;
    assert_eq!(bench.left().await, ["t", "t__zosc_shadow"]);
}

/// A transaction that uses the table for long keeps the triggers from being made; a short one does
/// not, and statements of others run in between.
async fn a_table_in_use(kind: Database) {
    let mut bench = Bench::new(kind, "trg_in_use").await;
    bench.run(TABLE).await;
    bench.run("INSERT INTO t VALUES (1, 1)").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut long = bench.another().await;
    long.query_drop("START TRANSACTION").await.unwrap();
    long.query_drop("UPDATE t SET v = 2").await.unwrap();
    let error = bench.try_capture(&watched, 2).await.map(|_| ()).unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Postponed, "lock_timeout"), "{error}");
    assert_eq!(bench.left().await, ["t", "t__zosc_shadow"]);

    let ended = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        long.query_drop("COMMIT").await.unwrap();
    });
    let mut running = bench.try_capture(&watched, 9).await.unwrap();
    ended.await.unwrap();
    bench.run("UPDATE t SET v = 3").await;
    assert_eq!(running.settled().await.integers(), [1]);

    // Removing them waits as well.
    let mut long = bench.another().await;
    long.query_drop("START TRANSACTION").await.unwrap();
    long.query_drop("UPDATE t SET v = 4").await.unwrap();
    let ended = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        long.query_drop("COMMIT").await.unwrap();
    });
    running.capture.stop().await.unwrap();
    ended.await.unwrap();
    assert_eq!(bench.left().await, ["t", "t__zosc_shadow"]);
    bench.gone().await;
}

/// Prepared before there was a trigger, committed later: it must be over when capture has started,
/// whether or not the server still holds its locks on the table.
async fn prepared_before(kind: Database) {
    let server = Mysqld::start(kind, &[]);
    let mut bench = Bench::at(&server.url(), "trg_xa").await;
    bench.run(TABLE).await;
    bench.run("INSERT INTO t VALUES (1, 1)").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut session = bench.another().await;
    for sql in ["XA START 'q'", "UPDATE t SET v = 9", "XA END 'q'", "XA PREPARE 'q'"] {
        session.query_drop(sql).await.unwrap();
    }
    session.disconnect().await.unwrap();
    let mut session = bench.another().await;
    let committed = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        session.query_drop("XA COMMIT 'q'").await.unwrap();
    });
    let mut running = bench.try_capture(&watched, 9).await.unwrap();
    assert!(committed.is_finished(), "capture started while a change was prepared");
    assert_eq!(bench.column("SELECT v FROM t").await, ["9"]);
    // Those that are prepared from now on are told when they are committed.
    let mut session = bench.another().await;
    for sql in ["XA START 'r'", "UPDATE t SET v = 10", "XA END 'r'", "XA PREPARE 'r'"] {
        session.query_drop(sql).await.unwrap();
    }
    assert_eq!(running.settled().await.integers(), [0; 0]);
    session.query_drop("XA COMMIT 'r'").await.unwrap();
    assert_eq!(running.settled().await.integers(), [1]);
    running.stop().await;
}

/// What the page of captures says of it: on `MySQL`, others wait for a transaction that goes on after
/// such a statement, because the server keeps the end of the log locked for it.
async fn a_statement_that_fails_half_way(kind: Database) {
    let mut bench = Bench::new(kind, "trg_half_way").await;
    bench.run("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, u INT UNIQUE)").await;
    bench.run("INSERT INTO t VALUES (1, 1), (3, 3), (6, 6), (9, 9)").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    for (isolation, others_wait) in
        [("REPEATABLE READ", kind == Database::Mysql), ("READ COMMITTED", false)]
    {
        let mut fails = bench.another().await;
        let set = format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation}");
        fails.query_drop(set).await.unwrap();
        fails.query_drop("START TRANSACTION").await.unwrap();
        let half = "UPDATE t SET u = u + 3 WHERE id IN (1, 3) ORDER BY id";
        fails.query_drop(half).await.unwrap_err();

        let mut other = bench.another().await;
        other.query_drop("SET SESSION innodb_lock_wait_timeout = 1").await.unwrap();
        let written = other.query_drop("UPDATE t SET u = u + 10 WHERE id = 9").await;
        assert_eq!(written.is_err(), others_wait, "{isolation}: {written:?}");
        fails.query_drop("COMMIT").await.unwrap();
        let delivered = running.settled().await.integers();
        assert_eq!(delivered, if others_wait { vec![] } else { vec![9] });
        for conn in [fails, other] {
            conn.disconnect().await.unwrap();
        }
    }
    running.stop().await;
    bench.gone().await;
}
