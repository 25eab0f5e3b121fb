//! The hole in a queued rename: when it does not wait for the original, a writer slips in before it.

use std::time::Duration;

use mysql_async::prelude::Queryable;

use super::parts::Stage;
use crate::support::place::{Place, played};

played! {
    on_both_servers: a_shadow_that_sorts_first_loses_a_write, a_shadow_that_sorts_last_loses_nothing;
}

/// With the names that a tool chose which did not think of it. A session holds the shadow open, so
/// the rename waits for the shadow, and looks just as if it waited for the original.
async fn a_shadow_that_sorts_first_loses_a_write(place: Place) {
    let stage = Stage::set("hole_first", place, "_t_new", "_t_old").await;
    let mut reader = stage.session().await;
    reader.query_drop("BEGIN").await.unwrap();
    reader.query_drop("SELECT * FROM _t_new").await.unwrap();
    let mut locker = stage.locker().await;
    let renamer = stage.renamer().await;
    let writer = stage.writer().await;
    stage.drop_sentry(&mut locker).await;
    locker.query_drop("UNLOCK TABLES").await.unwrap();
    writer.ends().await.unwrap();
    assert!(!renamer.has_ended());
    reader.query_drop("COMMIT").await.unwrap();
    renamer.ends().await.unwrap();
    assert_eq!(stage.ids("t").await, ["1"], "the hole is closed by the server itself?");
    assert_eq!(stage.ids("_t_old").await, ["1", "99"]);
    stage.gone().await;
}

/// The same with our names.
async fn a_shadow_that_sorts_last_loses_nothing(place: Place) {
    let stage = Stage::set("hole_last", place, "t__zosc_shadow", "t__zosc_kept").await;
    let mut reader = stage.session().await;
    reader.query_drop("BEGIN").await.unwrap();
    reader.query_drop("SELECT * FROM t__zosc_shadow").await.unwrap();
    let mut locker = stage.locker().await;
    let writer = stage.writer().await;
    let renamer = stage.renamer().await;
    stage.drop_sentry(&mut locker).await;
    locker.query_drop("UNLOCK TABLES").await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!writer.has_ended() && !renamer.has_ended());
    reader.query_drop("COMMIT").await.unwrap();
    renamer.ends().await.unwrap();
    writer.ends().await.unwrap();
    assert_eq!(stage.ids("t").await, ["1", "99"]);
    assert_eq!(stage.ids("t__zosc_kept").await, ["1"]);
    stage.gone().await;
}
