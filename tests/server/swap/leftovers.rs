//! What a run leaves that dies in its swap.

use serde_json::Value;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::zosc::{self, Ran};

played! {
    everywhere: a_sentry, a_swap_that_nobody_wrote_down;
}

impl Ground {
    fn with_journal(&self, command: &[&str]) -> Ran {
        zosc::command(&self.address, command, &["--journal-schema", &self.schema]).wait(PATIENCE)
    }

    /// A run that is killed while it copies, and is made to look as if it had come to its swap.
    async fn killed_in_the_swap(&self) -> u64 {
        let journal = ["--journal-schema", &self.schema];
        self.copying_with("ADD COLUMN c INT", &journal).await.kill();
        self.run(&["UPDATE run SET phase = 'swapping'"]).await;
        self.column("SELECT CAST(MAX(id) AS CHAR) FROM run").await[0].parse().unwrap()
    }

    async fn of_the_table(&self) -> Vec<String> {
        let mut names = self.tables().await;
        names.retain(|name| name.starts_with("big"));
        names
    }
}

/// It is the run's own; the original is as it was, and the same command goes through.
async fn a_sentry(place: Place) {
    let ground = Ground::with_a_big_table("left_sentry", place).await;
    let run = ground.killed_in_the_swap().await;
    let sentry = format!(
        "CREATE TABLE big__zosc_kept (sentry INT PRIMARY KEY) COMMENT 'zosc run {run} sentry'"
    );
    ground.run(&[&sentry]).await;
    let journal = ["--journal-schema", &ground.schema];
    let ran = ground.start("big", "ADD COLUMN c INT", &journal).wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ground.column("SELECT COUNT(*) FROM big__zosc_kept").await, ["20000"]);
    ground.gone().await;
}

/// The rename has passed, the triggers have not got their names yet, and the process died.
async fn a_swap_that_nobody_wrote_down(place: Place) {
    let ground = Ground::with_a_big_table("left_swapped", place).await;
    let make = "CREATE TRIGGER mine AFTER INSERT ON big FOR EACH ROW SET @a = 1";
    ground.run(&[make]).await;
    let triggers = ground.triggers().await;
    let run = ground.killed_in_the_swap().await;
    ground
        .run(&[
            "CREATE TRIGGER zosc_standing_in AFTER INSERT ON big__zosc_shadow FOR EACH ROW SET @a = 1",
            "RENAME TABLE big TO big__zosc_kept, big__zosc_shadow TO big",
            &format!(
                "INSERT INTO stand_in VALUES ({run}, 0, 'mine', 'zosc_standing_in', \
                 'SET SESSION sql_mode = '''', character_set_client = utf8mb4', '{make}')"
            ),
        ])
        .await;
    // A new run must not take the kept table for a dead run's rubbish.
    let journal = ["--journal-schema", &ground.schema];
    let next = ground.start("big", "ADD COLUMN d INT", &journal).wait(PATIENCE);
    assert_eq!(next.code, 3, "{next:#?}");
    assert_eq!(next.error()["code"], "helper-names");
    assert_eq!(ground.of_the_table().await, ["big", "big__zosc_kept"]);
    assert_eq!(ground.triggers().await, triggers);
    let phases = ground.column("SELECT phase FROM run ORDER BY id LIMIT 1").await;
    assert_eq!(phases, ["swapped"]);
    let cleaned = ground.with_journal(&["clean", "--yes"]);
    assert_eq!(cleaned.code, 0, "{cleaned:#?}");
    assert_ne!(cleaned.events.first(), Some(&Value::Null));
    assert_eq!(ground.of_the_table().await, ["big"]);
    assert_eq!(ground.triggers().await, triggers);
    ground.gone().await;
}
