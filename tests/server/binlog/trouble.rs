//! What capture cannot vouch for stops the run and says why.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use mysql_async::BinlogStreamRequest;
use mysql_async::prelude::Queryable;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use zosc::capture::binlog::Binlog;
use zosc::halt::Halt;

use super::bench::Bench;
use crate::support::each::on_all;
use crate::support::mysqld::{Database, Mysqld};

on_all!(
    a_table_that_is_not_as_planned_stops_the_run,
    an_image_without_the_key_stops_the_run,
    an_event_that_was_garbled_is_read_once_more,
    a_reader_that_takes_our_name_does_not_stop_us,
    a_log_that_is_purged_or_reset_is_not_read_on,
    a_reset_under_a_running_capture_stops_the_run,
);

pub async fn bench(database: Database, schema: &str) -> Bench {
    let mut bench = Bench::new(database, schema).await;
    fill(&mut bench).await;
    bench
}

/// Makes the server forget its log.
fn reset(database: Database) -> &'static str {
    if database.is_mariadb() { "RESET MASTER" } else { "RESET BINARY LOGS AND GTIDS" }
}

pub async fn fill(bench: &mut Bench) {
    for statement in [
        "CREATE TABLE parent (id INT NOT NULL PRIMARY KEY)",
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, u INT NOT NULL UNIQUE, v INT)",
        "CREATE TABLE t__zosc_shadow LIKE t",
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 1",
    ] {
        bench.run(statement).await;
    }
}

async fn a_table_that_is_not_as_planned_stops_the_run(database: Database) {
    let mut bench = bench(database, "binlog_shape").await;
    let planned = bench.watched("t", &["id"]).await;
    let changes = ["ADD COLUMN x INT", "DROP COLUMN x, MODIFY v BIGINT", "MODIFY v INT UNSIGNED"];
    // A MariaDB does not log what is unsigned.
    let told = if database.is_mariadb() { 2 } else { 3 };
    for change in &changes[..told] {
        bench.run(&format!("ALTER TABLE t {change}")).await;
        let mut running = bench.capture(&planned).await;
        bench.run("REPLACE INTO t (id, u) VALUES (1, 1)").await;
        assert_eq!(running.trouble().await.code, "table_map_differs", "{change}");
        running.capture.stop().await.unwrap();
    }
}

async fn an_image_without_the_key_stops_the_run(database: Database) {
    let mut bench = bench(database, "binlog_lean").await;
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

async fn an_event_that_was_garbled_is_read_once_more(database: Database) {
    let mut bench = bench(database, "binlog_garbled").await;
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

async fn a_reader_that_takes_our_name_does_not_stop_us(database: Database) {
    let server = Mysqld::start(database, &[]);
    let mut bench = Bench::at(&server.url(), database, "binlog_name").await;
    fill(&mut bench).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let position = bench.settled(&mut running).await.commits.pop().unwrap().1;
    let list = if database.is_mariadb() { "SHOW SLAVE HOSTS" } else { "SHOW REPLICAS" };
    let readers: Vec<mysql_async::Row> = bench.app.query(list).await.unwrap();
    let uuid: String = readers[0].get("Replica_UUID").unwrap_or_default();
    let mut other = bench.another().await;
    let setting = format!("SET @slave_uuid = '{uuid}', @mariadb_slave_capability = 4");
    other.query_drop(setting).await.unwrap();
    let position = position.to_string();
    let (file, offset) = position.split_once(':').unwrap();
    let request = BinlogStreamRequest::new(readers[0].get(0).unwrap())
        .with_filename(file.as_bytes())
        .with_pos(offset.parse().unwrap());
    let mut taken = other.get_binlog_stream(request).await.unwrap();
    taken.next().await.unwrap().unwrap();
    bench.run("INSERT INTO t (id, u) VALUES (1, 1)").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [1]);
    let readers: Vec<mysql_async::Row> = bench.app.query(list).await.unwrap();
    assert_eq!(readers.len(), 2, "the other one has the name, and we have a new one");
    taken.close().await.unwrap();
    running.stop().await;
}

async fn a_log_that_is_purged_or_reset_is_not_read_on(database: Database) {
    let mysqld = Mysqld::start(database, &[]);
    let mut bench = Bench::at(&mysqld.url(), database, "binlog_gone").await;
    fill(&mut bench).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t (id, u) VALUES (1, 1)").await;
    let told = bench.settled(&mut running).await.commits;
    running.stop().await;

    let server = bench.server.clone();
    let started = |position: zosc::capture::Position| {
        let (server, watched) = (server.clone(), watched.clone());
        async move { Binlog::start(&server, watched, Some(position.into()), &Halt::new()).await }
    };
    let position = told[1].1.clone();
    // A log begun in another second: its file has the same name and is longer than before.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    bench.run(reset(database)).await;
    for id in 2..60 {
        bench.app.query_drop(format!("INSERT INTO t (id, u) VALUES ({id}, {id})")).await.unwrap();
    }
    let error = started(position.clone()).await.unwrap_err();
    assert_eq!(error.code, "binlog_reset", "{error}");

    bench.app.query_drop("FLUSH BINARY LOGS").await.unwrap();
    bench.app.query_drop("FLUSH BINARY LOGS").await.unwrap();
    bench.purge("binlog.000001").await;
    let error = started(position).await.unwrap_err();
    assert_eq!(error.code, "binlog_lost");
    assert!(!error.hints.is_empty());
}

async fn a_reset_under_a_running_capture_stops_the_run(database: Database) {
    let server = Mysqld::start(database, &[]);
    let mut bench = Bench::at(&server.url(), database, "binlog_reset").await;
    fill(&mut bench).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t (id, u) VALUES (1, 1)").await;
    bench.settled(&mut running).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    bench.run(reset(database)).await;
    bench.run("INSERT INTO t (id, u) VALUES (2, 2)").await;
    let error = running.trouble().await;
    assert!(["binlog_reset", "binlog_lost"].contains(&error.code), "{error}");
    running.capture.stop().await.unwrap();
}
