//! A rehearsal leaves nothing behind, and says what a run would have met.

use serde_json::Value;

use crate::faults::bed::{Bed, PATIENCE};
use crate::support::place::{Place, played};

played! {
    everywhere: everything_but_the_change;
    on_both_servers: a_run_that_stopped_is_not_lost_to_it;
    mysql_with_binlog: what_the_server_would_do_at_once;
}

impl Bed {
    async fn tables(&self) -> Vec<String> {
        let schema = format!("table_schema = '{}'", self.schema);
        let mut all = self
            .column(&format!("SELECT table_name FROM information_schema.tables WHERE {schema}"))
            .await;
        let triggers = self
            .column(&format!(
                "SELECT trigger_name FROM information_schema.triggers WHERE trigger_{}",
                schema.replacen("table_", "", 1)
            ))
            .await;
        all.extend(triggers);
        all.sort();
        all
    }

    async fn definition(&self) -> Option<String> {
        self.address.cell(&format!("SHOW CREATE TABLE {}.t", self.schema), 1).await
    }
}

async fn everything_but_the_change(place: Place) {
    let bed = Bed::made("rehearse_all", place).await;
    let (before, tables) = (bed.definition().await, bed.tables().await);
    let application = bed.application();
    let name = format!("--id={}", bed.schema);
    let ran = bed.start_with(&["--rehearse", &name]).wait(PATIENCE);
    assert_eq!((ran.code, &ran.finished()["outcome"]), (0, &Value::from("rehearsed")), "{ran:#?}");
    let rehearsal = &ran.finished()["rehearsal"];
    assert!(rehearsal["bytes"].as_u64().unwrap() > 0, "{rehearsal}");
    assert!(rehearsal["settled_ms"].is_u64(), "{rehearsal}");
    assert!(ran.events_of("swap").next().is_none(), "{ran:#?}");
    assert_eq!((bed.definition().await, bed.tables().await), (before, tables));
    bed.is_like_the_twin(&ran).await;
    // The change itself has not been made under that name.
    let ran = bed.start_with(&[&name]).wait(PATIENCE);
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    assert_eq!(ran.finished()["outcome"], "copied", "{ran:#?}");
    bed.gone().await;
}

async fn a_run_that_stopped_is_not_lost_to_it(place: Place) {
    let bed = Bed::made("rehearse_stopped", place).await;
    let ran = bed.start_doomed("all-copied").wait(PATIENCE);
    assert_eq!(ran.code, -1, "{ran:#?}");
    let tables = bed.tables().await;
    let ran = bed.start_with(&["--rehearse"]).wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["code"]), (3, &Value::from("unfinished_run")), "{ran:#?}");
    assert_eq!(bed.tables().await, tables);
    bed.is_migrated(&bed.start().wait(PATIENCE)).await;
    bed.gone().await;
}

async fn what_the_server_would_do_at_once(place: Place) {
    let bed = Bed::made("rehearse_instant", place).await;
    let before = bed.definition().await;
    let table = format!("{}.t", bed.schema);
    let ran = crate::support::zosc::start(
        &bed.address,
        &["--rehearse", "--alter", "ADD COLUMN c INT", &table],
    )
    .wait(PATIENCE);
    assert_eq!((ran.code, &ran.finished()["outcome"]), (0, &Value::from("rehearsed")), "{ran:#?}");
    assert_eq!(bed.definition().await, before);
    bed.gone().await;
}
