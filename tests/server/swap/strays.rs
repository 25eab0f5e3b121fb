//! A write between the drain and the rename: there can be none, so the log of one is forged.

use mysql_async::prelude::Queryable;

use super::parts::processes;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};

played! {
    with_triggers: one_is_told;
}

/// The locker has the log of inserts but waits for that of updates, which comes behind it; what
/// somebody writes to the former now is there only after the lock.
async fn one_is_told(place: Place) {
    let ground = Ground::with_a_big_table("stray", place).await;
    let flags = ["--swap=queued", "--lock-timeout=20s", "--max-lock-hold=20s"];
    let mut running = ground.copying_with("ADD COLUMN c INT", &flags).await;
    let mut holder = ground.connect().await;
    holder.query_drop("BEGIN").await.unwrap();
    holder.query_drop("SELECT * FROM big__zosc_log_upd").await.unwrap();
    let mut looker = ground.connect().await;
    waits(&mut looker, "LOCK TABLES `stray", &mut running).await;
    let mut forger = ground.connect().await;
    let write = tokio::spawn(async move {
        forger.query_drop("INSERT INTO big__zosc_log_ins (k0) VALUES (5)").await
    });
    waits(&mut looker, "INSERT INTO big__zosc_log_ins", &mut running).await;
    holder.query_drop("COMMIT").await.unwrap();
    write.await.unwrap().unwrap();

    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 7, "{ran:#?}");
    assert_eq!(ran.error()["code"], "stray_writes", "{ran:#?}");
    let message = ran.error()["message"].as_str().unwrap_or_default();
    assert!(message.contains("(id=5)") && message.contains("big__zosc_kept"), "{message}");
    assert!(!ran.error()["hint"].to_string().contains("shadow"), "{ran:#?}");
    // It is swapped all the same, and the kept table stays.
    assert_eq!(ground.tables().await, ["big", "big__zosc_kept"]);
    assert_eq!(ground.column("SELECT COUNT(c) FROM big").await, ["0"]);
    ground.gone().await;
}

async fn waits(
    looker: &mut mysql_async::Conn,
    statement: &str,
    running: &mut crate::support::zosc::Running,
) {
    let waits = |(_, state, sql): &(u32, String, String)| {
        state == "Waiting for table metadata lock" && sql.contains(statement)
    };
    while !processes(looker).await.iter().any(waits) {
        assert!(running.is_running(), "zosc ended before `{statement}` was seen to wait");
    }
}
