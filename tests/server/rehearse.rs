//! A rehearsal leaves nothing behind, and says what a run would have met.

use serde_json::Value;

use crate::support::address::Address;
use crate::support::bed::{Bed, PATIENCE};
use crate::support::pair;
use crate::support::place::{Place, played};

played! {
    everywhere: everything_but_the_change;
    on_both_servers: a_run_that_stopped_is_not_lost_to_it;
    mysql_with_binlog: what_the_server_would_do_at_once;
    with_binlog: on_a_replica;
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

async fn on_a_replica(place: Place) {
    let bed = Bed::on_a_server_with("rehearse_replica", place, &[]).await;
    let replica = pair::follow(&bed, true, &[]).await;
    pair::have_come_to(&[&replica], &bed, "begun").await;
    let there = bed.on(&replica);
    let tables = there.tables().await;
    let application = bed.application();

    let on = |address: &Address| format!("--rehearse-on={}:{}", address.host, address.port);
    let ran = bed.start_with(&[&on(&bed.address)]).wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["code"]), (3, &Value::from("not_a_replica")), "{ran:#?}");
    let ran = bed.start_with(&[&on(&there.address)]).wait(PATIENCE);
    let rule = "errant-transactions";
    assert_eq!((ran.code, &ran.error()["code"]), (3, &Value::from(rule)), "{ran:#?}");
    assert_eq!(there.tables().await, tables);

    let ran = bed.start_with(&[&on(&there.address), "--allow", rule]).wait(PATIENCE);
    assert_eq!((ran.code, &ran.finished()["outcome"]), (0, &Value::from("rehearsed")), "{ran:#?}");
    assert!(ran.finished()["rows"].as_u64().unwrap() > 0, "{ran:#?}");
    assert_eq!(there.tables().await, tables);
    application.stop().nothing();
    // It goes on replicating, and nothing of the rehearsal came to the primary.
    pair::have_come_to(&[&replica], &bed, "ended").await;
    there.is_like_the_twin(&ran).await;
    let schemas = "SELECT schema_name FROM information_schema.schemata";
    let ours = bed.column(schemas).await.into_iter().filter(|name| name.starts_with("_zosc"));
    assert_eq!(ours.count(), 0);
    // A change of the primary's does not meet what is left on the replica.
    let ran = bed.start().wait(PATIENCE);
    bed.is_migrated(&ran).await;
    pair::have_come_to(&[&replica], &bed, "changed").await;
    there.is_migrated(&ran).await;
}
