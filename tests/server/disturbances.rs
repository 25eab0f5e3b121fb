//! What others do to the tables while zosc works: it must notice, or not mind.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;

use crate::support::ground::{Ground, PATIENCE};

/// The run must end with `code`; the shadow must be gone, the original as the others left it.
async fn stops(ground: Ground, alter: &str, disturbance: &[&str], code: i32) {
    let running = ground.copying(alter).await;
    ground.address.run(disturbance).await;
    let disturbed = ground.look("big").await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, code, "{ran:#?}");
    assert_eq!(ground.looks().await, [disturbed], "{ran:#?}");
    assert!(ran.error()["hint"].is_string(), "no way out: {ran:#?}");
    ground.gone().await;
}

#[tokio::test]
async fn a_shadow_row_is_corrupted() {
    let ground = Ground::with_a_big_table("disturb_corrupt").await;
    let running = ground.copying("ADD COLUMN c INT").await;
    ground
        .address
        .run(&["UPDATE disturb_corrupt.big__zosc_shadow SET v = 'corrupt' WHERE id = 1"])
        .await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 7, "{ran:#?}");
    let message = ran.error()["message"].as_str().unwrap_or_default();
    assert!(message.contains("id=1") && message.contains("disturb_corrupt.big"), "{message}");
    // The shadow is left for looking at.
    let looks = ground.looks().await;
    assert_eq!((&looks[0], looks.len()), (&ground.before[0], 2), "{looks:?}");
    ground.gone().await;
}

/// The log does not tell of it; only the comparison can see it.
#[tokio::test]
async fn a_write_is_kept_out_of_the_log() {
    let ground = Ground::with_a_big_table("disturb_unlogged").await;
    let running = ground.copying("ADD COLUMN c INT").await;
    ground
        .address
        .run(&[
            "SET SESSION sql_log_bin = 0",
            "UPDATE disturb_unlogged.big SET v = 'unlogged' WHERE id = 1",
        ])
        .await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 7, "{ran:#?}");
    let kept = ground.address.column("SELECT v FROM disturb_unlogged.big WHERE id = 1").await;
    assert_eq!(kept, ["unlogged"]);
    ground.gone().await;
}

#[tokio::test]
async fn a_write_is_logged_as_a_statement() {
    let ground = Ground::with_a_big_table("disturb_statement").await;
    let disturbance = [
        "SET SESSION transaction_isolation = 'REPEATABLE-READ'",
        "SET SESSION binlog_format = 'STATEMENT'",
        "UPDATE disturb_statement.big SET v = 'statement' WHERE id = 1",
    ];
    stops(ground, "ADD COLUMN c INT", &disturbance, 1).await;
}

#[tokio::test]
async fn the_original_is_truncated() {
    let ground = Ground::with_a_big_table("disturb_truncate").await;
    stops(ground, "ADD COLUMN c INT", &["TRUNCATE TABLE disturb_truncate.big"], 1).await;
}

#[tokio::test]
async fn the_original_is_altered() {
    let ground = Ground::with_a_big_table("disturb_alter").await;
    let alter = ["ALTER TABLE disturb_alter.big ADD COLUMN theirs INT"];
    stops(ground, "ADD COLUMN c INT", &alter, 1).await;
}

#[tokio::test]
async fn the_original_gets_an_index() {
    let ground = Ground::with_a_big_table("disturb_index").await;
    stops(ground, "ADD COLUMN c INT", &["CREATE INDEX v ON disturb_index.big (v)"], 1).await;
}

#[tokio::test]
async fn a_duplicate_comes_after_its_twin_was_copied() {
    let ground = Ground::with_a_big_table("disturb_duplicate").await;
    let duplicate = ["INSERT INTO disturb_duplicate.big (v) VALUES ('v1')"];
    stops(ground, "ADD UNIQUE (v)", &duplicate, 1).await;
}

#[tokio::test]
async fn a_null_comes_after_the_copy_has_passed() {
    let ground = Ground::with_a_big_table("disturb_null").await;
    let null = ["UPDATE disturb_null.big SET v = NULL WHERE id = 1"];
    stops(ground, "MODIFY v VARCHAR(20) NOT NULL", &null, 1).await;
}

#[tokio::test]
async fn a_transaction_was_open_before() {
    let ground = Ground::with_a_big_table("disturb_open").await;
    let mut open = ground.address.connect().await;
    open.query_drop("START TRANSACTION").await.unwrap();
    open.query_drop("UPDATE disturb_open.big SET v = 'open' WHERE id = 1").await.unwrap();
    open.query_drop("DELETE FROM disturb_open.big WHERE id = 2").await.unwrap();
    let running = ground.copying("ADD COLUMN c INT").await;
    open.query_drop("COMMIT").await.unwrap();
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let sql = "SELECT CONCAT(id, v, IFNULL(c, '-')) FROM disturb_open.big WHERE id < 4";
    assert_eq!(ground.address.column(sql).await, ["1open-", "3v3-"]);
    ground.gone().await;
}

#[tokio::test]
async fn a_transaction_was_prepared_before() {
    let ground = Ground::with_a_big_table("disturb_xa").await;
    ground
        .address
        .run(&[
            "XA START 'disturb'",
            "UPDATE disturb_xa.big SET v = 'xa' WHERE id = 1",
            "XA END 'disturb'",
            "XA PREPARE 'disturb'",
        ])
        .await;
    let running = ground.start("big", "ADD COLUMN c INT", &["--max-chunk-rows=50"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    ground.address.run(&["XA COMMIT 'disturb'"]).await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ground.address.column("SELECT v FROM disturb_xa.big WHERE id = 1").await, ["xa"]);
    ground.gone().await;
}

/// The swap gives up before the application's other statements have waited for long, names who is
/// in the way, and tries again.
#[tokio::test]
async fn a_reader_is_in_the_way_of_the_swap() {
    let ground = Ground::with_a_big_table("disturb_reader").await;
    let mut reader = ground.address.connect().await;
    let thread: u64 = reader.query_first("SELECT CONNECTION_ID()").await.unwrap().unwrap();
    let mut running = ground.copying("ADD COLUMN c INT").await;
    reader.query_drop("START TRANSACTION").await.unwrap();
    reader.query_drop("SELECT * FROM disturb_reader.big LIMIT 1").await.unwrap();
    let mut application = ground.address.connect().await;
    let mut longest = Duration::ZERO;
    let started = Instant::now();
    while running.is_running() {
        assert!(started.elapsed() < PATIENCE, "it does not end");
        if started.elapsed() > Duration::from_secs(20) {
            reader.query_drop("COMMIT").await.unwrap();
        }
        let before = Instant::now();
        let update = "UPDATE disturb_reader.big SET v = 'again' WHERE id = 1";
        application.query_drop(update).await.unwrap();
        longest = longest.max(before.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let blocked = ran.events_of("swap").find(|event| event["outcome"] == "lock_timeout");
    let blockers = &blocked.expect("no attempt was blocked: nothing is proven")["blockers"];
    assert_eq!(blockers[0]["thread"], thread, "{blockers}");
    assert!(longest < Duration::from_secs(4), "the application waited {longest:?}");
    ground.gone().await;
}

#[tokio::test]
async fn another_zosc_works_on_the_table() {
    let ground = Ground::with_a_big_table("disturb_busy").await;
    let mut first = ground.copying("ADD COLUMN c INT").await;
    let second = ground.start("big", "ADD COLUMN d INT", &[]).wait(PATIENCE);
    assert_eq!(second.code, 5, "{second:#?}");
    assert!(first.is_running(), "the first run was over: nothing is proven");
    let first = first.wait(PATIENCE);
    assert_eq!(first.code, 0, "{first:#?}");
    ground.gone().await;
}

#[tokio::test]
async fn somebody_presses_ctrl_c() {
    let ground = Ground::with_a_big_table("disturb_interrupt").await;
    let running = ground.copying("ADD COLUMN c INT").await;
    running.interrupt();
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 130, "{ran:#?}");
    assert_eq!(ground.looks().await[0], ground.before[0]);
    assert!(ran.error()["hint"].is_string(), "it does not say how to go on: {ran:#?}");
    ground.gone().await;
}

/// The watchdog frees the application, whatever zosc was about to do.
#[tokio::test]
async fn the_lock_is_held_for_too_long() {
    let ground = Ground::with_a_big_table("disturb_hold").await;
    let flags = ["--max-lock-hold", "1ms", "--swap-attempts", "2"];
    let ran = ground.start("big", "ADD COLUMN c INT", &flags).wait(PATIENCE);
    ground.is_as_before(&ran).await;
    assert_eq!(ran.code, 8, "{ran:#?}");
    assert_eq!(ran.error()["code"], "swap_not_granted");
    let exceeded = ran.events_of("swap").filter(|event| event["outcome"] == "hold_exceeded");
    assert_eq!(exceeded.count(), 2, "{ran:#?}");
    ground.gone().await;
}
