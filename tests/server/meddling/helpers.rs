//! Others drop zosc's tables, or take their names.

use mysql_async::prelude::Queryable;

use super::{ALTER, meddled};
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};

played! {
    on_both_servers: the_shadow_is_dropped, the_kept_tables_name_is_taken;
    with_triggers: a_log_is_dropped;
}

async fn the_shadow_is_dropped(place: Place) {
    let ground = Ground::with_a_big_table("meddle_shadow", place).await;
    let ran = meddled(&ground, &[], &["DROP TABLE big__zosc_shadow"]).await;
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(ground.tables().await, ["big"]);
    ground.gone().await;
}

/// Then every statement of the application fails on the trigger, until zosc has removed it.
async fn a_log_is_dropped(place: Place) {
    let ground = Ground::with_a_big_table("meddle_log", place).await;
    let mut running = ground.copying(ALTER).await;
    ground.run(&["DROP TABLE big__zosc_log_upd"]).await;
    let mut application = ground.connect().await;
    while application.query_drop("UPDATE big SET v = 'again' WHERE id = 1").await.is_err() {
        assert!(running.is_running(), "zosc has ended and left its triggers");
    }
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.error()["hint"].is_string(), "no way out: {ran:#?}");
    assert_eq!(ground.tables().await, ["big"]);
    assert_eq!(ground.column("SELECT v FROM big WHERE id = 1").await, ["again"]);
    ground.gone().await;
}

/// While rows are copied, so that the plan has found it free.
async fn the_kept_tables_name_is_taken(place: Place) {
    let ground = Ground::with_a_big_table("meddle_kept", place).await;
    let theirs = ["CREATE TABLE big__zosc_kept (id INT PRIMARY KEY)"];
    let ran = meddled(&ground, &[], &theirs).await;
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(ran.error()["code"], "helper-names", "{ran:#?}");
    assert_eq!(ground.tables().await, ["big", "big__zosc_kept"], "{ran:#?}");
    ground.gone().await;
}
