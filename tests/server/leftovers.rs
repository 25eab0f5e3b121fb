//! What a run leaves when it dies or ends, and how it goes.

use serde_json::Value;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::zosc::{self, Ran};

const ALTER: &str = "ADD COLUMN c INT";

impl Ground {
    /// Runs a command that is not a change, with a journal of the test's own.
    fn ask(&self, command: &[&str]) -> Ran {
        zosc::command(&self.address, command, &["--journal-schema", self.schema]).wait(PATIENCE)
    }

    fn change(&self, flags: &[&str]) -> Ran {
        let journal = ["--journal-schema", self.schema];
        self.start("big", ALTER, &[flags, &journal].concat()).wait(PATIENCE)
    }

    async fn tables(&self) -> Vec<String> {
        let sql = format!(
            "SELECT table_name FROM information_schema.tables \
             WHERE table_schema = '{}' AND table_name LIKE 'big%' ORDER BY 1",
            self.schema
        );
        self.address.column(&sql).await
    }

    /// A run that is killed when its first row has been brought.
    async fn killed(&self) {
        let journal = ["--journal-schema", self.schema];
        let running = self.copying_with(ALTER, &journal).await;
        running.kill();
        assert_eq!(self.tables().await, ["big", "big__zosc_shadow"]);
    }
}

/// The one object that `status` and `clean` print.
fn object(ran: &Ran) -> &Value {
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ran.events.len(), 1, "{ran:#?}");
    &ran.events[0]
}

#[tokio::test]
async fn a_dead_run_is_listed_and_cleaned() {
    let ground = Ground::with_a_big_table("left_dead").await;
    ground.killed().await;
    let status = ground.ask(&["status"]);
    let runs = object(&status).to_string();
    assert!(runs.contains("\"copying\"") && runs.contains("big__zosc_shadow"), "{runs}");

    object(&ground.ask(&["clean"]));
    assert_eq!(ground.tables().await, ["big", "big__zosc_shadow"], "it only says what it would do");
    object(&ground.ask(&["clean", "--yes"]));
    assert_eq!(ground.tables().await, ["big"]);
    assert_eq!(ground.look("big").await, ground.before[0]);
    ground.gone().await;
}

#[tokio::test]
async fn the_same_command_goes_through_after_a_dead_run() {
    let ground = Ground::with_a_big_table("left_again").await;
    ground.killed().await;
    let ran = ground.change(&[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let warned = ran.events_of("warning").any(|event| event["code"] == "dead_run_removed");
    assert!(warned, "{ran:#?}");
    assert_eq!(ground.tables().await, ["big", "big__zosc_kept"]);
    ground.gone().await;
}

#[tokio::test]
async fn what_is_kept_stays_until_it_is_cleaned() {
    let ground = Ground::with_a_big_table("left_kept").await;
    assert_eq!(ground.change(&["--id", "one"]).code, 0);
    let again = ground.change(&["--id", "one"]);
    assert_eq!(again.code, 0, "{again:#?}");
    assert_eq!(again.finished()["outcome"], "already", "a finished id is not run again");
    let next = ground.start("big", "ADD COLUMN d INT", &["--journal-schema", "left_kept"]);
    let next = next.wait(PATIENCE);
    assert_eq!(next.code, 3, "{next:#?}");
    assert_eq!(next.error()["code"], "helper-names");
    object(&ground.ask(&["clean", "--yes"]));
    assert_eq!(ground.tables().await, ["big"]);
    ground.gone().await;
}

/// Bears a helper's name and not our mark.
#[tokio::test]
async fn a_table_of_somebody_else_is_never_dropped() {
    let ground = Ground::with_a_big_table("left_foreign").await;
    ground.killed().await;
    ground
        .address
        .run(&[
            "DROP TABLE left_foreign.big__zosc_shadow",
            "CREATE TABLE left_foreign.big__zosc_shadow (precious INT)",
        ])
        .await;
    object(&ground.ask(&["clean", "--yes"]));
    assert_eq!(ground.tables().await, ["big", "big__zosc_shadow"]);
    let ran = ground.change(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_eq!(ground.tables().await, ["big", "big__zosc_shadow"]);
    ground.gone().await;
}
