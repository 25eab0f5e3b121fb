//! What capture cannot vouch for stops the run and says why.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use zosc::capture::{Capture, Delivery};
use zosc::halt::Halt;

use super::bench::Bench;
use crate::support::mysqld::{Kind, Mysqld, shared_url};

async fn bench(schema: &str) -> Bench {
    let mut bench = Bench::new(&shared_url(), schema).await;
    fill(&mut bench).await;
    bench
}

async fn fill(bench: &mut Bench) {
    for statement in [
        "CREATE TABLE parent (id INT NOT NULL PRIMARY KEY)",
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, u INT NOT NULL UNIQUE, v INT)",
        "CREATE TABLE t__zosc_shadow LIKE t",
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 1",
    ] {
        bench.run(statement).await;
    }
}

#[tokio::test]
async fn ddl_by_others_stops_the_run() {
    for (nth, statement) in [
        "TRUNCATE t",
        "ALTER TABLE t ADD COLUMN x INT",
        "ALTER TABLE t ADD COLUMN x INT, ALGORITHM = INSTANT",
        "CREATE INDEX i ON t (v)",
        "DROP TRIGGER tr",
        "CREATE TRIGGER tr2 AFTER INSERT ON t FOR EACH ROW SET @a = 1",
        "RENAME TABLE t TO t2",
        "DROP TABLE t",
        "OPTIMIZE TABLE t",
        "ALTER TABLE t__zosc_shadow COMMENT = 'x'",
        "CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES t (id))",
        "DROP DATABASE binlog_ddl",
    ]
    .into_iter()
    .enumerate()
    {
        let mut bench = bench("binlog_ddl").await;
        let watched = bench.watched("t", &["id"]).await;
        let mut running = bench.capture(&watched).await;
        bench.run("INSERT INTO t (id, u) VALUES (1, 1)").await;
        bench.app.query_drop(statement).await.unwrap();
        let error = running.trouble().await;
        assert_eq!(error.code, "touched_by_ddl", "{nth} {statement}: {error}");
        let verb = statement.split(' ').next().unwrap();
        assert!(error.message.contains(verb) && error.message.contains("at binlog.0"), "{error}");
        running.capture.stop().await.unwrap();
    }
}

#[tokio::test]
async fn writes_in_statement_format_stop_the_run() {
    let mut bench = bench("binlog_statement").await;
    let watched = bench.watched("t", &["id"]).await;
    for format in ["STATEMENT", "MIXED"] {
        let mut running = bench.capture(&watched).await;
        bench.run(&format!("SET SESSION binlog_format = {format}")).await;
        bench.run("UPDATE t SET v = v + 1 WHERE id = 1").await;
        bench.run("SET SESSION binlog_format = ROW").await;
        if format == "MIXED" {
            // Nothing was changed, so nothing was logged.
            bench.run("INSERT INTO t (id, u) VALUES (1, 1)").await;
            bench.run(&format!("SET SESSION binlog_format = {format}")).await;
            bench.run("UPDATE t SET v = v + 1 WHERE id = 1").await;
            bench.run("SET SESSION binlog_format = ROW").await;
        }
        let error = running.trouble().await;
        assert_eq!(error.code, "statement_write");
        assert!(error.message.contains("UPDATE t SET v = v + 1"), "{error}");
        running.capture.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_table_that_is_not_as_planned_stops_the_run() {
    let mut bench = bench("binlog_shape").await;
    let planned = bench.watched("t", &["id"]).await;
    for change in ["ADD COLUMN x INT", "DROP COLUMN x, MODIFY v BIGINT", "MODIFY v INT UNSIGNED"] {
        bench.run(&format!("ALTER TABLE t {change}")).await;
        let mut running = bench.capture(&planned).await;
        bench.run("REPLACE INTO t (id, u) VALUES (1, 1)").await;
        assert_eq!(running.trouble().await.code, "table_map_differs", "{change}");
        running.capture.stop().await.unwrap();
    }
}

#[tokio::test]
async fn an_image_without_the_key_stops_the_run() {
    let mut bench = bench("binlog_lean").await;
    let watched = bench.watched("t", &["u"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t (id, u) VALUES (1, 7)").await;
    bench.run("SET SESSION binlog_row_image = MINIMAL").await;
    bench.run("UPDATE t SET v = 9").await;
    let error = running.trouble().await;
    assert_eq!(error.code, "key_not_in_image");
    assert!(error.hints[0].contains("binlog_row_image=FULL"));
    running.capture.stop().await.unwrap();
}

#[tokio::test]
async fn an_event_that_was_garbled_is_read_once_more() {
    let mut bench = bench("binlog_garbled").await;
    bench.run("ALTER TABLE t ADD COLUMN b VARCHAR(20)").await;
    let watched = bench.watched("t", &["id"]).await;
    let proxy = Garbler::start(bench.server_port()).await;
    bench.server = Bench::connect(&format!("mysql://root@127.0.0.1:{}/", proxy.port)).await;
    let mut running = bench.capture(&watched).await;
    proxy.bites.store(1, Ordering::SeqCst);
    bench.run("INSERT INTO t (id, u, b) VALUES (1, 1, 'garble me')").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [1]);
    assert_eq!(proxy.bites.load(Ordering::SeqCst), 0, "the event was garbled");
    proxy.bites.store(100, Ordering::SeqCst);
    bench.run("INSERT INTO t (id, u, b) VALUES (2, 2, 'garble me')").await;
    assert_eq!(running.trouble().await.code, "checksum");
    running.capture.stop().await.unwrap();
}

/// A proxy that flips a bit in what the server sends, in the text `garble me`.
struct Garbler {
    port: u16,
    /// How often it still does so.
    bites: Arc<AtomicU32>,
}

impl Garbler {
    async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let bites = Arc::new(AtomicU32::new(0));
        let shared = Arc::clone(&bites);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let upstream = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(Self::carry(client, upstream, Arc::clone(&shared)));
            }
        });
        Self { port, bites }
    }

    async fn carry(client: TcpStream, server: TcpStream, bites: Arc<AtomicU32>) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let up =
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let mut chunk = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut chunk).await {
            let text = chunk[..length].windows(9).position(|window| window == b"garble me");
            if let Some(at) = text
                && bites.load(Ordering::SeqCst) > 0
            {
                bites.fetch_sub(1, Ordering::SeqCst);
                chunk[at] ^= 1;
            }
            if to_client.write_all(&chunk[..length]).await.is_err() {
                break;
            }
        }
        up.abort();
    }
}

#[tokio::test]
async fn our_own_rename_ends_capture_quietly() {
    let mut bench = bench("binlog_own").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let mut ours = bench.server.session().await.unwrap();
    running.capture.allow_thread(ours.id());
    let s = "binlog_own";
    ours.run(format!("ALTER TABLE {s}.t__zosc_shadow AUTO_INCREMENT = 1000")).await.unwrap();
    ours.run(format!("DROP TRIGGER {s}.tr")).await.unwrap();
    ours.run(format!(
        "CREATE TRIGGER {s}.tr BEFORE INSERT ON {s}.t__zosc_shadow FOR EACH ROW SET NEW.v = 1"
    ))
    .await
    .unwrap();
    bench.run("INSERT INTO t (id, u) VALUES (3, 3)").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [3]);
    ours.run(format!("RENAME TABLE {s}.t TO {s}.t__zosc_kept, {s}.t__zosc_shadow TO {s}.t"))
        .await
        .unwrap();
    while let Some(delivery) = running.next().await {
        assert!(matches!(delivery, Delivery::Commit(_)), "{delivery:?}");
    }
    ours.close().await.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn the_runs_comment_is_enough_where_the_server_keeps_it() {
    let mut bench = bench("binlog_comment").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let mut ours = bench.server.session().await.unwrap();
    ours.run("ALTER TABLE binlog_comment.t__zosc_shadow COMMENT = 'x'").await.unwrap();
    ours.close().await.unwrap();
    bench.settled(&mut running).await;
    let mut others = bench.server.tagged("another").session().await.unwrap();
    others.run("ALTER TABLE binlog_comment.t__zosc_shadow COMMENT = 'y'").await.unwrap();
    others.close().await.unwrap();
    assert_eq!(running.trouble().await.code, "touched_by_ddl");
    running.capture.stop().await.unwrap();
}

#[tokio::test]
async fn a_log_that_is_purged_or_reset_is_not_read_on() {
    let server = Mysqld::start(Kind::Mysql, &[]);
    let mut bench = Bench::new(&server.url(), "binlog_gone").await;
    fill(&mut bench).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t (id, u) VALUES (1, 1)").await;
    let told = bench.settled(&mut running).await.commits;
    running.stop().await;

    let started = |position: zosc::capture::Position| {
        let (server, watched) = (bench.server.clone(), watched.clone());
        async move { Capture::start(&server, watched, Some(position), &Halt::new()).await }
    };
    let position = told[1].1.clone();
    // A log begun in another second: its file has the same name and is longer than before.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    bench.app.query_drop("RESET BINARY LOGS AND GTIDS").await.unwrap();
    for id in 2..60 {
        bench.app.query_drop(format!("INSERT INTO t (id, u) VALUES ({id}, {id})")).await.unwrap();
    }
    let error = started(position.clone()).await.unwrap_err();
    assert_eq!(error.code, "binlog_reset", "{error}");

    bench.app.query_drop("FLUSH BINARY LOGS").await.unwrap();
    bench.app.query_drop("FLUSH BINARY LOGS").await.unwrap();
    bench.app.query_drop("PURGE BINARY LOGS TO 'binlog.000003'").await.unwrap();
    let error = started(position).await.unwrap_err();
    assert_eq!(error.code, "binlog_lost");
    assert!(!error.hints.is_empty());
}

#[tokio::test]
async fn a_reset_under_a_running_capture_stops_the_run() {
    let server = Mysqld::start(Kind::Mysql, &[]);
    let mut bench = Bench::new(&server.url(), "binlog_reset").await;
    fill(&mut bench).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t (id, u) VALUES (1, 1)").await;
    bench.settled(&mut running).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    bench.run("RESET BINARY LOGS AND GTIDS").await;
    bench.run("INSERT INTO t (id, u) VALUES (2, 2)").await;
    let error = running.trouble().await;
    assert!(["binlog_reset", "binlog_lost"].contains(&error.code), "{error}");
    running.capture.stop().await.unwrap();
}

#[tokio::test]
async fn transactions_prepared_before_the_start_are_waited_for() {
    let server = Mysqld::start(Kind::Mysql, &[]);
    let mut bench = Bench::new(&server.url(), "binlog_prepared").await;
    fill(&mut bench).await;
    let watched = bench.watched("t", &["id"]).await;
    for statement in
        ["XA START 'x'", "INSERT INTO t (id, u) VALUES (1, 1)", "XA END 'x'", "XA PREPARE 'x'"]
    {
        bench.run(statement).await;
    }
    let starting = {
        let (server, watched) = (bench.server.clone(), watched.clone());
        tokio::spawn(async move { Capture::start(&server, watched, None, &Halt::new()).await })
    };
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!starting.is_finished(), "it waits for the prepared transaction");
    bench.run("XA COMMIT 'x'").await;
    let (capture, _deliveries) = starting.await.unwrap().unwrap();
    capture.stop().await.unwrap();

    // It starts well amid others that come and go.
    let mut other = bench.another().await;
    let coming_and_going = tokio::spawn(async move {
        for id in 100..100_000 {
            for statement in [
                format!("XA START 'c{id}'"),
                format!("INSERT INTO t (id, u) VALUES ({id}, {id})"),
                format!("XA END 'c{id}'"),
                format!("XA PREPARE 'c{id}'"),
                format!("XA COMMIT 'c{id}'"),
            ] {
                other.query_drop(statement).await.unwrap();
            }
        }
    });
    for _ in 0..10 {
        let mut running = bench.capture(&watched).await;
        bench.settled(&mut running).await;
        running.stop().await;
    }
    coming_and_going.abort();

    // An account that may not look finds out when it is too late, and stops.
    bench.run("CREATE USER blind").await;
    bench
        .run(
            "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT, SESSION_VARIABLES_ADMIN \
             ON *.* TO blind",
        )
        .await;
    for statement in
        ["XA START 'y'", "INSERT INTO t (id, u) VALUES (2, 2)", "XA END 'y'", "XA PREPARE 'y'"]
    {
        bench.run(statement).await;
    }
    bench.server = Bench::connect(&format!("mysql://blind@127.0.0.1:{}/", server.port)).await;
    let mut running = bench.capture(&watched).await;
    bench.run("XA COMMIT 'y'").await;
    assert_eq!(running.trouble().await.code, "xa_unknown");
    running.capture.stop().await.unwrap();
}
