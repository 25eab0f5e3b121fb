//! The binary log is taken away while zosc needs it.

use std::time::Duration;

use mysql_async::Row;
use mysql_async::prelude::Queryable;

use super::ALTER;
use crate::support::address::Address;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::mysqld::Mysqld;
use crate::support::place::{Place, played};
use crate::support::zosc::Running;

played! {
    with_binlog: it_is_purged_while_zosc_sleeps, it_is_reset;
}

/// Zosc must stop by one of the errors.
async fn stopped_by(ground: Ground, running: Running, codes: &[&str]) {
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let code = ran.error()["code"].as_str().unwrap_or_default();
    assert!(codes.contains(&code), "{ran:#?}");
    assert!(ran.error()["hint"].is_string(), "no way out: {ran:#?}");
    assert_eq!(ground.tables().await, ["big"]);
    assert_eq!(ground.column("SELECT v FROM big WHERE id = 1").await, ["meanwhile"]);
}

/// Frozen for so long that the server has lost sight of it, and its log has been deleted.
async fn it_is_purged_while_zosc_sleeps(place: Place) {
    let server = Mysqld::start(place.database, &[]);
    let ground = Ground::with_a_big_table_at(Address::of(&server), "meddle_purge", place).await;
    let running = ground.copying(ALTER).await;
    running.signal("-STOP");
    ground.run(&["UPDATE big SET v = 'meanwhile' WHERE id = 1"]).await;
    let mut conn = ground.connect().await;
    let readers: Vec<u64> = conn
        .query(format!(
            "SELECT id FROM {} WHERE command LIKE 'Binlog Dump%'",
            place.database.processes()
        ))
        .await
        .unwrap();
    assert_eq!(readers.len(), 1);
    conn.query_drop(format!("KILL {}", readers[0])).await.unwrap();
    // The server does not delete what somebody reads.
    loop {
        conn.query_drop("FLUSH BINARY LOGS").await.unwrap();
        let logs: Vec<Row> = conn.query("SHOW BINARY LOGS").await.unwrap();
        let last: String = logs.last().unwrap().get(0).unwrap();
        conn.query_drop(format!("PURGE BINARY LOGS TO '{last}'")).await.unwrap();
        let logs: Vec<Row> = conn.query("SHOW BINARY LOGS").await.unwrap();
        if logs.len() == 1 {
            break;
        }
    }
    running.signal("-CONT");
    stopped_by(ground, running, &["binlog_lost"]).await;
}

async fn it_is_reset(place: Place) {
    let server = Mysqld::start(place.database, &[]);
    let ground = Ground::with_a_big_table_at(Address::of(&server), "meddle_reset", place).await;
    let reset =
        if place.database.is_mysql() { "RESET BINARY LOGS AND GTIDS" } else { "RESET MASTER" };
    // A log begun in the same second would be taken for the same, if it were not garbled.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let running = ground.copying(ALTER).await;
    ground.run(&[reset, "UPDATE big SET v = 'meanwhile' WHERE id = 1"]).await;
    stopped_by(ground, running, &["binlog_lost", "binlog_reset"]).await;
}
