//! The table's own triggers come with it.

use mysql_async::prelude::Queryable;

use crate::support::ground::{BIG_ROWS, Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::story::{Story, values};

played! {
    mysql: under_the_lock;
    everywhere: behind_the_lock, every_write_is_told_once, one_is_made_unseen,
        an_attempt_that_fails_leaves_none, one_cannot_come_along;
}

/// Some dozens of chunks.
const CHUNKS: &str = "--max-chunk-rows=500";

/// In the style of another age: the texts are in another character set and mode, and out of order.
const MADE: &[&str] = &[
    "SET NAMES latin1",
    "SET SESSION sql_mode = 'ANSI_QUOTES'",
    "CREATE TRIGGER {s}.\"late one\" BEFORE INSERT ON {t} FOR EACH ROW\n\
     SET NEW.\"n\" = NEW.n * 2 + CHAR_LENGTH('\u{e9}') -- doubled",
    "CREATE TRIGGER {s}.early BEFORE INSERT ON {t} FOR EACH ROW PRECEDES \"late one\" \
     SET NEW.n = NEW.n + CHAR_LENGTH('x')",
    "SET NAMES utf8mb4",
    "SET SESSION sql_mode = ''",
    "CREATE TRIGGER {s}.gone BEFORE DELETE ON {t} FOR EACH ROW SET @gone = OLD.id",
];

fn story(name: &str, place: Place, way: &str) -> Story {
    let story = Story::new(name, place)
        .table("id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40), n INT", "")
        .column("v", values::maybe(values::unicode()))
        .args(&[way])
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 7 FIRST");
    // The counted rows let the server find some by their key, so that writers do not deadlock.
    MADE.iter().fold(story.before("ANALYZE TABLE {t}"), |story, sql| story.before(sql))
}

/// The judge compares them with those of a twin that the server has altered.
fn under_the_lock(place: Place) -> Story {
    story("triggers_locked", place, "--swap=locked")
}

fn behind_the_lock(place: Place) -> Story {
    story("triggers_queued", place, "--swap=queued")
}

async fn audited(name: &str, place: Place) -> Ground {
    let ground = Ground::with_a_big_table(name, place).await;
    ground
        .run(&[
            "CREATE TABLE audit (what CHAR(1), id INT, v VARCHAR(20))",
            "CREATE TRIGGER audit_insert AFTER INSERT ON big FOR EACH ROW \
             INSERT INTO audit VALUES ('i', NEW.id, NEW.v)",
            "CREATE TRIGGER audit_update AFTER UPDATE ON big FOR EACH ROW \
             INSERT INTO audit VALUES ('u', NEW.id, NEW.v)",
            "CREATE TRIGGER audit_delete AFTER DELETE ON big FOR EACH ROW \
             INSERT INTO audit VALUES ('d', OLD.id, OLD.v)",
        ])
        .await;
    ground
}

/// Before, during and after both ways of swapping: nothing is told twice or not at all, and nothing
/// that zosc writes is told.
async fn every_write_is_told_once(place: Place) {
    let ground = audited("triggers_audit", place).await;
    let triggers = ground.triggers().await;
    let ways: &[_] = place.database.either(&["locked", "queued"], &["queued"]);
    for way in ways {
        let (flag, column) = (format!("--swap={way}"), way);
        let alter = format!("ADD COLUMN {column} INT");
        let mut running = ground.start("big", &alter, &[&flag, CHUNKS]);
        let mut application = ground.connect().await;
        let mut written = 0;
        while running.is_running() {
            written += 1;
            for sql in [
                format!("INSERT INTO big (id, v) VALUES ({}, '{column}')", 100_000 + written),
                format!(
                    "UPDATE big SET v = '{column}{written}' WHERE id = {}",
                    1 + written % BIG_ROWS
                ),
                format!("DELETE FROM big WHERE id = {}", 100_000 + written),
            ] {
                application.query_drop(sql).await.unwrap();
            }
        }
        let ran = running.wait(PATIENCE);
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert_eq!(ran.events_of("warning").count(), 0, "{ran:#?}");
        assert_eq!(ground.triggers().await, triggers);
        let told = ground.column("SELECT COUNT(*) FROM audit").await;
        assert_eq!(told, [(3 * written).to_string()]);
        let distinct = ground.column("SELECT COUNT(DISTINCT what, id, v) FROM audit").await;
        assert_eq!(distinct, told);
        ground.run(&["DELETE FROM audit", "DROP TABLE big__zosc_kept"]).await;
    }
    ground.gone().await;
}

/// By a session whose statements are not logged.
async fn one_is_made_unseen(place: Place) {
    let ground = audited("triggers_unseen", place).await;
    let running = ground.copying("ADD COLUMN c INT").await;
    ground
        .run(&[
            "SET SESSION sql_log_bin = 0",
            "CREATE TRIGGER unseen BEFORE INSERT ON big FOR EACH ROW SET NEW.v = 'x'",
        ])
        .await;
    let mut looks = ground.looks_of(&["audit", "big"]).await;
    looks.retain(|look| !look.starts_with("trigger big__zosc"));
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(ran.error()["code"], "changed_since_planned", "{ran:#?}");
    assert!(ran.error()["message"].to_string().contains("unseen"), "{ran:#?}");
    assert_eq!(ground.looks().await, looks);
    ground.gone().await;
}

/// Stand-ins are on the shadow when the rename is found to be impossible; rows that are carried over
/// after that must not be told to them.
async fn an_attempt_that_fails_leaves_none(place: Place) {
    let ground = audited("triggers_failed", place).await;
    let flags = ["--max-lock-hold=1ms", "--swap-attempts=3", CHUNKS];
    let mut running = ground.start("big", "ADD COLUMN c INT", &flags);
    let mut application = ground.connect().await;
    let mut written = 0;
    while running.is_running() {
        written += 1;
        let row = 1 + written % BIG_ROWS;
        let sql = format!("UPDATE big SET v = 'w{written}' WHERE id = {row}");
        application.query_drop(sql).await.unwrap();
    }
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 8, "{ran:#?}");
    assert_eq!(ground.column("SELECT COUNT(*) FROM audit").await, [written.to_string()]);
    let mut triggers = ground.triggers().await;
    triggers.retain(|trigger| !trigger.starts_with("trigger big__zosc"));
    assert_eq!(triggers.len(), 3, "{triggers:?}");
    ground.gone().await;
}

async fn one_cannot_come_along(place: Place) {
    let ground = audited("triggers_column", place).await;
    let looks = ground.looks().await;
    for alter in ["DROP COLUMN v, ADD COLUMN c INT", "RENAME COLUMN v TO w"] {
        let ran = ground.start("big", alter, &[]).wait(PATIENCE);
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert_eq!(ground.looks().await, looks);
        assert_eq!(ran.error()["code"], "triggers", "{ran:#?}");
    }
    ground.gone().await;
}
