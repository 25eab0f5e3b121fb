//! Limits that an operator sets while the run works: what presses stops it, taken back it lets it go
//! on, and what cannot be read any more stops it, too.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::{rests, until_it_rests_for};
use crate::control::client::Door;
use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::place::{Place, played};

played! {
    on_both_servers: a_limit_holds_from_when_it_is_set;
}

/// Limits under which no server is at ease, by the reason that is told, and others.
const LIMITS: [(&str, &str, &str); 2] = [
    ("disk", "min-disk-free=9000TB", "min-disk-free="),
    ("history", "max-history=1", "max-history="),
];

/// Keeps the bed's run from committing a fence, so that its capture falls behind, while this is open.
async fn hold_the_fence(bed: &Bed) -> Conn {
    let mut holder = bed.address.connect().await;
    let run = format!("SELECT id FROM _zosc.run WHERE table_schema = '{}'", bed.schema);
    let run: u64 = holder.query_first(run).await.unwrap().unwrap();
    holder.query_drop("START TRANSACTION").await.unwrap();
    let fence = format!("SELECT token FROM _zosc.fence WHERE run = {run} FOR UPDATE");
    let held: Vec<u64> = holder.query(fence).await.unwrap();
    assert_eq!(held.len(), 1, "the run has a fence");
    holder
}

async fn a_limit_holds_from_when_it_is_set(place: Place) {
    let (bed, door) = (Bed::made("pace_live", place).await, Door::made());
    bed.run(&[
        &format!("CREATE TABLE {}.knob (n INT)", bed.schema),
        &format!("INSERT INTO {}.knob VALUES (0)", bed.schema),
    ])
    .await;
    // For whom InnoDB keeps what the application makes old.
    let mut reader = bed.address.connect().await;
    reader.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    reader.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT").await.unwrap();
    let application = bed.application();
    let query = format!("--throttle-query=SELECT n FROM {}.knob", bed.schema);
    let mut running = bed.start_with(&["--nice=100", &query, &door.flag()]);
    door.until(&mut running, "copying", |status| status["progress"]["stage"] == "copy");

    for (reason, presses, eases) in LIMITS {
        let set = door.nc(presses);
        assert!(!set.starts_with("error"), "{set}");
        until_it_rests_for(&mut running, reason).await;
        door.nc(eases);
        until_it_rests_for(&mut running, "on").await;
    }

    door.nc("max-capture-lag=200ms");
    let holder = hold_the_fence(&bed).await;
    until_it_rests_for(&mut running, "capture_lag").await;
    holder.disconnect().await.unwrap();
    until_it_rests_for(&mut running, "on").await;
    door.nc("max-capture-lag=10s");

    bed.run(&[&format!("RENAME TABLE {0}.knob TO {0}.no_knob", bed.schema)]).await;
    until_it_says(&mut running, "the answer to `--throttle-query` has not been readable for 1");
    until_it_rests_for(&mut running, "query").await;
    bed.run(&[&format!("RENAME TABLE {0}.no_knob TO {0}.knob", bed.schema)]).await;
    until_it_rests_for(&mut running, "on").await;

    door.nc("nice=0");
    let ran = running.wait(PATIENCE);
    application.stop().nothing();
    reader.disconnect().await.unwrap();
    bed.is_migrated(&ran).await;
    assert!(rests(&ran).len() >= 2 * (LIMITS.len() + 2), "{ran:#?}");
    bed.gone().await;
}
