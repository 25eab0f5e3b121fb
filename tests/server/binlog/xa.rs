//! XA transactions: what they changed counts when they are committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use zosc::capture::Delivery;
use zosc::capture::binlog::Binlog;
use zosc::halt::Halt;

use super::bench::{Bench, integer};
use crate::support::each::on_all;
use crate::support::mysqld::{Database, Mysqld};

on_all!(
    xa_keys_wait_for_the_commit,
    what_is_delivered_before_a_fence_is_seen_behind_it,
    transactions_prepared_before_the_start_are_waited_for,
);

/// A server of the test's own, and a bench on it.
async fn own_bench(database: Database, schema: &str) -> (Mysqld, Bench) {
    let server = Mysqld::start(database, &[]);
    let bench = laid(Bench::at(&server.url(), database, schema).await).await;
    (server, bench)
}

async fn laid(mut bench: Bench) -> Bench {
    bench.run("CREATE TABLE t (id INT NOT NULL PRIMARY KEY)").await;
    bench
}

async fn xa_keys_wait_for_the_commit(database: Database) {
    let (_server, mut bench) = own_bench(database, "binlog_xa").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let mut expected = Vec::new();
    for (id, compression) in [(10, false), (20, true)] {
        bench.compress(compression).await;
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

/// The application's commits may be logged a moment before they can be seen: not behind a fence.
async fn what_is_delivered_before_a_fence_is_seen_behind_it(database: Database) {
    let mut bench = laid(Bench::new(database, "binlog_seen").await).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for writer in 0..8_i64 {
        let mut conn = bench.another().await;
        let stop = Arc::clone(&stop);
        writers.push(tokio::spawn(async move {
            for id in (writer * 1_000_000)..i64::MAX {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                for statement in [
                    format!("XA START 's{id}'"),
                    format!("INSERT INTO t (id) VALUES ({id})"),
                    format!("XA END 's{id}'"),
                    format!("XA PREPARE 's{id}'"),
                    format!("XA COMMIT 's{id}'"),
                ] {
                    conn.query_drop(statement).await.unwrap();
                }
            }
        }));
    }
    let (mut delivered, mut unseen) = (0, 0);
    let patience = Instant::now() + Duration::from_secs(2);
    while Instant::now() < patience {
        // The last one that has come, and what belongs to it, whatever it is.
        let mut keys = Vec::new();
        let first = running.next().await;
        for delivery in
            first.into_iter().chain(std::iter::from_fn(|| running.deliveries.try_recv().ok()))
        {
            if let Delivery::Keys(last) = delivery {
                keys = last;
            }
        }
        if keys.is_empty() {
            continue;
        }
        bench.fence().await;
        let ids: Vec<String> = keys.iter().map(|key| integer(key).to_string()).collect();
        let sql = format!("SELECT COUNT(*) FROM t WHERE id IN ({})", ids.join(", "));
        let seen: usize = bench.app.query_first(sql).await.unwrap().unwrap();
        delivered += keys.len();
        unseen += keys.len() - seen;
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    running.stop().await;
    assert!(delivered > 20);
    assert_eq!(unseen, 0, "of {delivered}");
}

async fn transactions_prepared_before_the_start_are_waited_for(database: Database) {
    let (server, mut bench) = own_bench(database, "binlog_prepared").await;
    let watched = bench.watched("t", &["id"]).await;
    for statement in
        ["XA START 'x'", "INSERT INTO t (id) VALUES (1)", "XA END 'x'", "XA PREPARE 'x'"]
    {
        bench.run(statement).await;
    }
    let starting = {
        let (server, watched) = (bench.server.clone(), watched.clone());
        tokio::spawn(async move { Binlog::start(&server, watched, None, &Halt::new()).await })
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
                format!("INSERT INTO t (id) VALUES ({id})"),
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

    if database.is_mariadb() {
        return; // every account may look
    }
    // An account that may not look finds out when it is too late, and stops.
    bench.run("CREATE USER blind").await;
    bench
        .run(
            "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT, SESSION_VARIABLES_ADMIN \
             ON *.* TO blind",
        )
        .await;
    for statement in
        ["XA START 'y'", "INSERT INTO t (id) VALUES (2)", "XA END 'y'", "XA PREPARE 'y'"]
    {
        bench.run(statement).await;
    }
    bench.server = Bench::connect(&format!("mysql://blind@127.0.0.1:{}/", server.port)).await;
    let mut running = bench.capture(&watched).await;
    bench.run("XA COMMIT 'y'").await;
    assert_eq!(running.trouble().await.code, "xa_unknown");
    running.capture.stop().await.unwrap();
}
