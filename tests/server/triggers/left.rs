//! What a dead run's capture leaves is removed, whatever else has become of it.

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::Place;
use crate::support::zosc;

async fn killed(name: &str, place: Place) -> Ground {
    let ground = Ground::with_a_big_table(name, place).await;
    let journal = format!("--journal-schema={}", ground.schema);
    ground.copying_with("ADD COLUMN c INT", &[&journal]).await.kill();
    assert_eq!(ground.triggers().await.len(), 3);
    ground
}

fn clean(ground: &Ground) {
    let journal = ["--journal-schema", &ground.schema];
    let cleaned = zosc::command(&ground.address, &["clean", "1", "--yes"], &journal).wait(PATIENCE);
    assert_eq!(cleaned.code, 0, "{cleaned:#?}");
}

/// Then every statement of the application fails, and only `zosc clean` knows why.
async fn triggers_without_their_logs(place: Place) {
    let ground = killed("trg_logless", place).await;
    for log in ["del", "upd", "ins"] {
        ground.run(&[&format!("DROP TABLE big__zosc_log_{log}")]).await;
    }
    clean(&ground);
    assert_eq!(ground.triggers().await, [""; 0]);
    ground.run(&["UPDATE big SET v = 'free' WHERE id = 1"]).await;
    ground.gone().await;
}

/// A trigger of our name that is not ours, and a table of our name.
async fn what_is_somebody_elses(place: Place) {
    let ground = killed("trg_foreign", place).await;
    let foreign = "CREATE TRIGGER big__zosc_upd AFTER UPDATE ON big FOR EACH ROW SET @theirs = 1";
    ground
        .run(&[
            "DROP TRIGGER big__zosc_upd",
            foreign,
            "DROP TABLE big__zosc_log_upd",
            "CREATE TABLE big__zosc_log_upd (precious INT)",
        ])
        .await;
    clean(&ground);
    let triggers = ground.triggers().await;
    assert!(triggers.len() == 1 && triggers[0].contains("@theirs"), "{triggers:?}");
    let ours: Vec<_> =
        ground.tables().await.into_iter().filter(|it| it.starts_with("big_")).collect();
    assert_eq!(ours, ["big__zosc_log_upd"]);
    ground.gone().await;
}

/// A failure after which nobody can go on: nothing is left.
async fn failed(place: Place) {
    let ground = Ground::with_a_big_table("trg_failed", place).await;
    let mut running = ground.copying("ADD COLUMN c INT").await;
    assert!(running.is_running());
    ground.run(&["ALTER TABLE big ADD COLUMN x INT"]).await;
    let ran = running.wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["code"]), (1, &"touched_by_ddl".into()), "{ran:#?}");
    assert_eq!(ground.tables().await, ["big"]);
    assert_eq!(ground.triggers().await, [""; 0]);
    ground.gone().await;
}

macro_rules! with_triggers {
    ($($test:ident),+) => { $(
        mod $test {
            use super::Place;

            #[tokio::test]
            async fn mysql() {
                super::$test(Place::MYSQL_TRIGGERS).await;
            }

            #[tokio::test]
            async fn mariadb() {
                super::$test(Place::MARIADB_TRIGGERS).await;
            }
        }
    )+ };
}

with_triggers!(triggers_without_their_logs, what_is_somebody_elses, failed);
