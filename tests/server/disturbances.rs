//! What others do to the tables while zosc works: it must notice, or not mind.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};

played! {
    everywhere:
        a_write_is_kept_out_of_the_log,
        a_write_is_logged_as_a_statement,
        the_original_is_truncated,
        the_original_is_altered,
        the_original_gets_an_index,
        a_partition_is_truncated,
        a_partition_is_exchanged,
        the_original_is_renamed_away,
        a_duplicate_comes_after_its_twin_was_copied,
        a_transaction_was_open_before,
        a_transaction_was_prepared_before;
    on_both_servers:
        a_shadow_row_is_corrupted,
        a_null_comes_after_the_copy_has_passed,
        a_reader_is_in_the_way_of_the_swap,
        another_zosc_works_on_the_table,
        the_lock_is_held_for_too_long;
}

/// The run must end with `code`; the shadow must be gone, the original as the others left it.
async fn stops(ground: Ground, alter: &str, disturbance: &[&str], code: i32) {
    let running = ground.copying(alter).await;
    ground.run(disturbance).await;
    let disturbed = ground.look("big").await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, code, "{ran:#?}");
    assert_eq!(ground.looks().await, [disturbed], "{ran:#?}");
    assert!(ran.error()["hint"].is_string(), "no way out: {ran:#?}");
    ground.gone().await;
}

async fn a_shadow_row_is_corrupted(place: Place) {
    let ground = Ground::with_a_big_table("disturb_corrupt", place).await;
    let running = ground.copying("ADD COLUMN c INT").await;
    ground.run(&["UPDATE big__zosc_shadow SET v = 'corrupt' WHERE id = 1"]).await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 7, "{ran:#?}");
    let message = ran.error()["message"].as_str().unwrap_or_default();
    let table = format!("{}.big", ground.schema);
    assert!(message.contains("id=1") && message.contains(&table), "{message}");
    // The shadow is left for looking at.
    let looks = ground.looks().await;
    assert_eq!((&looks[0], looks.len()), (&ground.before[0], 2), "{looks:?}");
    ground.gone().await;
}

/// The log does not tell of it; only triggers and the comparison can see it.
async fn a_write_is_kept_out_of_the_log(place: Place) {
    let ground = Ground::with_a_big_table("disturb_unlogged", place).await;
    let running = ground.copying("ADD COLUMN c INT").await;
    ground
        .run(&["SET SESSION sql_log_bin = 0", "UPDATE big SET v = 'unlogged' WHERE id = 1"])
        .await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, if place.has_triggers() { 0 } else { 7 }, "{ran:#?}");
    assert_eq!(ground.column("SELECT v FROM big WHERE id = 1").await, ["unlogged"]);
    ground.gone().await;
}

/// The log does not tell of the row; triggers see it.
async fn a_write_is_logged_as_a_statement(place: Place) {
    let ground = Ground::with_a_big_table("disturb_statement", place).await;
    let disturbance = [
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET SESSION binlog_format = 'STATEMENT'",
        "UPDATE big SET v = 'statement' WHERE id = 1",
    ];
    if !place.has_triggers() {
        return stops(ground, "ADD COLUMN c INT", &disturbance, 1).await;
    }
    let running = ground.copying("ADD COLUMN c INT").await;
    ground.run(&disturbance).await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ground.column("SELECT v FROM big WHERE id = 1").await, ["statement"]);
    ground.gone().await;
}

async fn the_original_is_truncated(place: Place) {
    let ground = Ground::with_a_big_table("disturb_truncate", place).await;
    stops(ground, "ADD COLUMN c INT", &["TRUNCATE TABLE big"], 1).await;
}

async fn the_original_is_altered(place: Place) {
    let ground = Ground::with_a_big_table("disturb_alter", place).await;
    let alter = ["ALTER TABLE big ADD COLUMN theirs INT"];
    stops(ground, "ADD COLUMN c INT", &alter, 1).await;
}

async fn the_original_gets_an_index(place: Place) {
    let ground = Ground::with_a_big_table("disturb_index", place).await;
    stops(ground, "ADD COLUMN c INT", &["CREATE INDEX v ON big (v)"], 1).await;
}

async fn a_partition_is_truncated(place: Place) {
    let ground = Ground::with_a_big_table("disturb_partition", place).await;
    ground.run(&["ALTER TABLE big PARTITION BY HASH (id) PARTITIONS 4"]).await;
    stops(ground, "ADD COLUMN c INT", &["ALTER TABLE big TRUNCATE PARTITION p1"], 1).await;
}

async fn a_partition_is_exchanged(place: Place) {
    let ground = Ground::with_a_big_table("disturb_exchange", place).await;
    ground
        .run(&[
            "CREATE TABLE other LIKE big",
            "ALTER TABLE big PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (5000), \
             PARTITION high VALUES LESS THAN (MAXVALUE))",
        ])
        .await;
    let running = ground.copying("ADD COLUMN c INT").await;
    ground.run(&["ALTER TABLE big EXCHANGE PARTITION low WITH TABLE other"]).await;
    let disturbed = [ground.look("big").await, ground.look("other").await];
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(ground.looks().await, disturbed, "{ran:#?}");
    ground.gone().await;
}

async fn the_original_is_renamed_away(place: Place) {
    let ground = Ground::with_a_big_table("disturb_rename", place).await;
    let running = ground.copying("ADD COLUMN c INT").await;
    ground.run(&["RENAME TABLE big TO away", "CREATE TABLE big (id INT PRIMARY KEY)"]).await;
    let disturbed = [ground.look("away").await, ground.look("big").await];
    let ran = running.wait(PATIENCE);
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert_eq!(ground.looks().await, disturbed, "{ran:#?}");
    ground.gone().await;
}

async fn a_duplicate_comes_after_its_twin_was_copied(place: Place) {
    let ground = Ground::with_a_big_table("disturb_duplicate", place).await;
    let duplicate = ["INSERT INTO big (v) VALUES ('v1')"];
    stops(ground, "ADD UNIQUE (v)", &duplicate, 1).await;
}

async fn a_null_comes_after_the_copy_has_passed(place: Place) {
    let ground = Ground::with_a_big_table("disturb_null", place).await;
    let null = ["UPDATE big SET v = NULL WHERE id = 1"];
    stops(ground, "MODIFY v VARCHAR(20) NOT NULL", &null, 1).await;
}

/// What it writes was begun before capture and is committed after it has been asked for.
async fn a_transaction_was_open_before(place: Place) {
    let ground = Ground::with_a_big_table("disturb_open", place).await;
    let mut open = ground.connect().await;
    for sql in [
        "START TRANSACTION",
        "UPDATE big SET v = 'open' WHERE id = 1",
        "DELETE FROM big WHERE id = 2",
    ] {
        open.query_drop(sql).await.unwrap();
    }
    let running = ground.start("big", "ADD COLUMN c INT", &["--max-chunk-rows=50"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    open.query_drop("UPDATE big SET v = 'late' WHERE id = 20000").await.unwrap();
    open.query_drop("COMMIT").await.unwrap();
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let sql = "SELECT CONCAT(id, v, IFNULL(c, '-')) FROM big WHERE id < 4 OR id = 20000";
    assert_eq!(ground.column(sql).await, ["1open-", "3v3-", "20000late-"]);
    ground.gone().await;
}

async fn a_transaction_was_prepared_before(place: Place) {
    let ground = Ground::with_a_big_table("disturb_xa", place).await;
    let name = &ground.schema;
    ground
        .run(&[
            &format!("XA START '{name}'"),
            "UPDATE big SET v = 'xa' WHERE id = 1",
            &format!("XA END '{name}'"),
            &format!("XA PREPARE '{name}'"),
        ])
        .await;
    let running = ground.start("big", "ADD COLUMN c INT", &["--max-chunk-rows=50"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    ground.run(&[&format!("XA COMMIT '{name}'")]).await;
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ground.column("SELECT v FROM big WHERE id = 1").await, ["xa"]);
    ground.gone().await;
}

/// The swap gives up before the application's other statements have waited for long, names who is
/// in the way, and tries again.
async fn a_reader_is_in_the_way_of_the_swap(place: Place) {
    let ground = Ground::with_a_big_table("disturb_reader", place).await;
    let mut reader = ground.connect().await;
    let thread: u64 = reader.query_first("SELECT CONNECTION_ID()").await.unwrap().unwrap();
    // While one speaks so, MySQL's `innodb_trx` cannot be read.
    ground.run(&["CREATE TABLE other (id INT PRIMARY KEY)", "INSERT INTO other VALUES (1)"]).await;
    let mut loud = ground.connect().await;
    let loud_one = loud.id();
    let speech = tokio::spawn(async move {
        loud.query_drop("START TRANSACTION").await?;
        loud.query_drop("SELECT '\u{1f642}', SLEEP(300) FROM other FOR UPDATE").await
    });
    let mut running = ground.copying("ADD COLUMN c INT").await;
    reader.query_drop("START TRANSACTION").await.unwrap();
    reader.query_drop("SELECT * FROM big LIMIT 1").await.unwrap();
    let mut application = ground.connect().await;
    let mut longest = Duration::ZERO;
    let started = Instant::now();
    while running.is_running() {
        assert!(started.elapsed() < PATIENCE, "it does not end");
        if running.has_said("\"lock_timeout\"") {
            reader.query_drop("COMMIT").await.unwrap();
        }
        let before = Instant::now();
        let update = "UPDATE big SET v = 'again' WHERE id = 1";
        application.query_drop(update).await.unwrap();
        longest = longest.max(before.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let blocked = ran.events_of("swap").find(|event| event["outcome"] == "lock_timeout");
    let blockers = &blocked.expect("no attempt was blocked: nothing is proven")["blockers"];
    if place.database.is_mysql() {
        assert_eq!(blockers[0]["thread"], thread, "{blockers}");
    } else {
        // It cannot tell who holds a lock, only who has a transaction.
        let named =
            blockers.as_array().is_some_and(|all| all.iter().any(|one| one["thread"] == thread));
        assert!(named, "{blockers}");
    }
    assert!(longest < Duration::from_secs(4), "the application waited {longest:?}");
    ground.run(&[&format!("KILL {loud_one}")]).await;
    speech.await.unwrap().unwrap_err();
    ground.gone().await;
}

async fn another_zosc_works_on_the_table(place: Place) {
    let ground = Ground::with_a_big_table("disturb_busy", place).await;
    let mut first = ground.copying("ADD COLUMN c INT").await;
    let second = ground.start("big", "ADD COLUMN d INT", &[]).wait(PATIENCE);
    assert_eq!(second.code, 5, "{second:#?}");
    assert!(first.is_running(), "the first run was over: nothing is proven");
    let first = first.wait(PATIENCE);
    assert_eq!(first.code, 0, "{first:#?}");
    ground.gone().await;
}

/// The watchdog frees the application, whatever zosc was about to do.
async fn the_lock_is_held_for_too_long(place: Place) {
    let ground = Ground::with_a_big_table("disturb_hold", place).await;
    let flags = ["--max-lock-hold", "1ms", "--swap-attempts", "2"];
    let ran = ground.start("big", "ADD COLUMN c INT", &flags).wait(PATIENCE);
    ground.waits_to_be_resumed(&ran).await;
    assert_eq!(ran.code, 8, "{ran:#?}");
    assert_eq!(ran.error()["code"], "swap_not_granted");
    let exceeded = ran.events_of("swap").filter(|event| event["outcome"] == "hold_exceeded");
    assert_eq!(exceeded.count(), 2, "{ran:#?}");
    ground.gone().await;
}
