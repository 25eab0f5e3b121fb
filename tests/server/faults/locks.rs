//! Somebody locks rows of the shadow that are about to be written: lock waits and deadlocks.

use std::time::Duration;

use mysql_async::prelude::Queryable;

use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::place::{Place, played};

played! {
    on_both_servers: a_chunk_waits_for_a_lock_and_is_the_victim_of_a_deadlock;
}

async fn a_chunk_waits_for_a_lock_and_is_the_victim_of_a_deadlock(place: Place) {
    let bed = Bed::on_a_server_with("fault_locks", place, &[]).await;
    let schema = &bed.schema;
    let heavy = format!("INSERT INTO {schema}.heavy SELECT id FROM {schema}.twin");
    bed.run(&[&format!("CREATE TABLE {schema}.heavy (id INT PRIMARY KEY)")]).await;
    let application = bed.application();
    let mut running = bed.start();
    until_it_says(&mut running, "\"stage\":\"copy\"");
    let mut other = bed.address.connect().await;
    let rows = format!(
        "INSERT INTO {schema}.t__zosc_shadow (id) SELECT id FROM {schema}.twin WHERE id > 5900"
    );
    other.query_drop("START TRANSACTION").await.unwrap();
    // A deadlock's victim is who has written less.
    other.query_drop(&heavy).await.unwrap();
    other.query_drop(&rows).await.unwrap();
    // Its first wait for the lock ends after five seconds, and is not worth a word.
    until_it_says(&mut running, "\"for\":\"contention\"");
    let waiting = "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' \
                   AND trx_query LIKE '%zosc_shadow%'";
    while bed.column(waiting).await.is_empty() {
        assert!(running.is_running(), "zosc ended");
        // Asked more often, the server would show what it showed before.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Who waits has the run's row.
    other.query_drop("SELECT * FROM _zosc.run FOR UPDATE").await.unwrap();
    other.query_drop("ROLLBACK").await.unwrap();
    let ran = running.wait(PATIENCE);
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    let told = bed.address.cell("SHOW ENGINE INNODB STATUS", 2).await.unwrap();
    assert!(told.contains("LATEST DETECTED DEADLOCK"), "there was none: nothing is proven");
}
