//! Everything presses from the start, so that not a row is copied; then one after the other lets go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_async::prelude::Queryable;

use super::endpoint::Endpoint;
use super::{rests, until_it_rests_for};
use crate::support::address::Address;
use crate::support::bed::{Bed, PATIENCE};
use crate::support::place::{Place, played};

played! {
    on_both_servers: each_signal_stops_it_and_lets_it_go_on, it_waits_for_its_time;
}

/// Connections of an application that does nothing.
const IDLE: usize = 30;

async fn each_signal_stops_it_and_lets_it_go_on(place: Place) {
    let extra: &[&str] = place.database.either(&[], &["--performance-schema=ON"]);
    let bed = Bed::on_a_server_with("pace_signals", place, extra).await;
    bed.run(&[
        &format!("CREATE TABLE {}.knob (n INT)", bed.schema),
        &format!("INSERT INTO {}.knob VALUES (1)", bed.schema),
    ])
    .await;
    let dir = tempfile::tempdir().unwrap();
    let flag = dir.path().join("stop");
    std::fs::write(&flag, "").unwrap();
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(bed.address.connect().await);
    }
    let mut reader = bed.address.connect().await;
    reader.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT").await.unwrap_or_default();
    let (is_slow, slow) = slow_writes(&bed).await;
    let port = Endpoint::free_port();

    let query = format!("--throttle-query=SELECT n FROM {}.knob", bed.schema);
    let http = format!("--throttle-http=http://me:s3cret@127.0.0.1:{port}/ready?token=t0ken");
    let file = format!("--throttle-flag-file={}", flag.display());
    let mut running = bed.start_with(&[
        // Its own connections do not count: they are more than that.
        &format!("--max-load=Threads_connected={}", IDLE - 5),
        "--max-write-latency=200ms",
        &query,
        &http,
        &file,
    ]);
    until_it_rests_for(&mut running, "load").await;
    assert!(running.said().contains("`Threads_connected` is 3"), "{}", running.said());
    assert_eq!(bed.long_transactions().await, 0);
    for conn in idle {
        conn.disconnect().await.unwrap();
    }
    until_it_rests_for(&mut running, "query").await;
    bed.run(&[&format!("UPDATE {}.knob SET n = 0", bed.schema)]).await;
    until_it_rests_for(&mut running, "flag_file").await;
    std::fs::remove_file(&flag).unwrap();
    until_it_rests_for(&mut running, "write_latency").await;
    is_slow.store(false, Ordering::Relaxed);
    slow.await.unwrap();
    // What has never been read stops it, too.
    until_it_rests_for(&mut running, "http").await;
    let endpoint = Endpoint::listen(port, 503);
    while endpoint.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(endpoint.asked().starts_with("GET /ready?token=t0ken "), "{}", endpoint.asked());
    assert!(endpoint.asked().contains("Basic bWU6czNjcmV0"), "{}", endpoint.asked());
    assert_eq!(bed.long_transactions().await, 0, "a transaction is open while it rests");
    let copied = format!("SELECT CAST(id AS CHAR) FROM {}.t__zosc_shadow", bed.schema);
    assert_eq!(bed.column(&copied).await, [""; 0], "it does not rest");
    endpoint.answers(204);

    let ran = running.wait(PATIENCE);
    bed.is_migrated(&ran).await;
    let expected = ["load", "query", "flag_file", "write_latency", "http", "on"];
    assert_eq!(rests(&ran)[..6], expected, "{ran:#?}");
    let all = format!("{ran:?}");
    assert!(!all.contains("s3cret") && !all.contains("t0ken"), "{all}");
    reader.disconnect().await.unwrap();
}

/// An application whose writes take half a second each.
async fn slow_writes(bed: &Bed) -> (Arc<AtomicBool>, tokio::task::JoinHandle<()>) {
    bed.run(&[&format!("CREATE TABLE {}.slow (a INT)", bed.schema)]).await;
    let is_slow = Arc::new(AtomicBool::new(true));
    let insert = format!("INSERT INTO {}.slow SELECT SLEEP(0.5)", bed.schema);
    let (address, go_on) = (bed.address.clone(), Arc::clone(&is_slow));
    let task = tokio::spawn(async move {
        let writer = async || {
            let mut conn = Address::connect(&address).await;
            while go_on.load(Ordering::Relaxed) {
                conn.query_drop(&insert).await.unwrap();
            }
            conn.disconnect().await.unwrap();
        };
        futures_util::future::join_all((0..8).map(|_| writer())).await;
    });
    (is_slow, task)
}

async fn it_waits_for_its_time(place: Place) {
    let bed = Bed::made("pace_window", place).await;
    // A minute of a day that is not today.
    let day = bed.column("SELECT CAST(WEEKDAY(NOW() + INTERVAL 3 DAY) AS CHAR)").await;
    let day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][day[0].parse::<usize>().unwrap()];
    let mut running = bed.start_with(&[&format!("--window={day} 12:00-12:01")]);
    until_it_rests_for(&mut running, "window").await;
    assert!(running.said().contains("day at 12:00"), "{}", running.said());
    running.interrupt();
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 130, "it does not stop while it rests: {ran:#?}");
    let ran = bed.start().wait(PATIENCE);
    bed.is_migrated(&ran).await;
    bed.gone().await;
}
