//! What a run leaves when it dies or ends, and how it goes.

use serde_json::Value;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::zosc::{self, Ran};

const ALTER: &str = "ADD COLUMN c INT";

played! {
    everywhere:
        a_dead_run_is_listed_and_cleaned,
        what_is_kept_stays_until_it_is_cleaned,
        a_table_of_somebody_else_is_never_dropped;
}

impl Ground {
    /// Runs a command that is not a change, with a journal of the test's own.
    fn ask(&self, command: &[&str]) -> Ran {
        zosc::command(&self.address, command, &["--journal-schema", &self.schema]).wait(PATIENCE)
    }

    fn change(&self, flags: &[&str]) -> Ran {
        let journal = ["--journal-schema", &self.schema];
        self.start("big", ALTER, &[flags, &journal].concat()).wait(PATIENCE)
    }

    /// What there is of the table and its helpers, the journal apart.
    async fn ours(&self) -> Vec<String> {
        let mut names = self.tables().await;
        names.retain(|name| name.starts_with("big"));
        names
    }

    /// A run that is killed when its first row has been brought.
    async fn killed(&self) {
        let journal = ["--journal-schema", &self.schema];
        let running = self.copying_with(ALTER, &journal).await;
        running.kill();
        assert_eq!(self.ours().await, self.left());
        assert_eq!(self.triggers().await.len(), if self.place.has_triggers() { 3 } else { 0 });
    }

    /// The tables that a killed run leaves.
    fn left(&self) -> &'static [&'static str] {
        if self.place.has_triggers() {
            &[
                "big",
                "big__zosc_log_del",
                "big__zosc_log_ins",
                "big__zosc_log_upd",
                "big__zosc_shadow",
            ]
        } else {
            &["big", "big__zosc_shadow"]
        }
    }
}

/// The one object that `status` and `clean` print.
fn object(ran: &Ran) -> &Value {
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ran.events.len(), 1, "{ran:#?}");
    &ran.events[0]
}

async fn a_dead_run_is_listed_and_cleaned(place: Place) {
    let ground = Ground::with_a_big_table("left_dead", place).await;
    ground.killed().await;
    let status = ground.ask(&["status"]);
    let runs = object(&status).to_string();
    assert!(runs.contains("\"copying\"") && runs.contains("big__zosc_shadow"), "{runs}");

    object(&ground.ask(&["clean", "1"]));
    assert_eq!(ground.ours().await, ground.left(), "it only says what it would do");
    object(&ground.ask(&["clean", "--yes"]));
    assert_eq!(ground.ours().await, ground.left(), "it can be gone on with");
    // The application does not notice.
    ground
        .run(&["UPDATE big SET v = 'still' WHERE id = 1", "UPDATE big SET v = 'v1' WHERE id = 1"])
        .await;
    object(&ground.ask(&["clean", "1", "--yes"]));
    assert_eq!(ground.ours().await, ["big"]);
    assert_eq!(ground.triggers().await, [""; 0]);
    assert_eq!(ground.look("big").await, ground.before[0]);
    ground.gone().await;
}

async fn what_is_kept_stays_until_it_is_cleaned(place: Place) {
    let ground = Ground::with_a_big_table("left_kept", place).await;
    assert_eq!(ground.change(&["--id", "one"]).code, 0);
    let again = ground.change(&["--id", "one"]);
    assert_eq!(again.code, 0, "{again:#?}");
    assert_eq!(again.finished()["outcome"], "already", "a finished id is not run again");
    let next = ground.start("big", "ADD COLUMN d INT", &["--journal-schema", &ground.schema]);
    let next = next.wait(PATIENCE);
    assert_eq!(next.code, 3, "{next:#?}");
    assert_eq!(next.error()["code"], "helper-names");
    object(&ground.ask(&["clean", "--yes"]));
    assert_eq!(ground.ours().await, ["big"]);
    ground.gone().await;
}

/// Bears a helper's name and not our mark.
async fn a_table_of_somebody_else_is_never_dropped(place: Place) {
    let ground = Ground::with_a_big_table("left_foreign", place).await;
    ground.killed().await;
    ground
        .run(&["DROP TABLE big__zosc_shadow", "CREATE TABLE big__zosc_shadow (precious INT)"])
        .await;
    object(&ground.ask(&["clean", "1", "--yes"]));
    assert_eq!(ground.ours().await, ["big", "big__zosc_shadow"]);
    let ran = ground.change(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_eq!(ground.ours().await, ["big", "big__zosc_shadow"]);
    ground.gone().await;
}
