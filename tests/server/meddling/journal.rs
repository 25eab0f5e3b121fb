//! Others delete what the journal has.

use super::{ALTER, meddled};
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};

played! {
    on_both_servers: it_is_dropped, the_runs_row_is_deleted, the_fence_is_deleted;
}

/// A journal of the test's own.
async fn ground(name: &str, place: Place) -> (Ground, String, String) {
    let ground = Ground::with_a_big_table(name, place).await;
    let journal = format!("{}_journal", ground.schema);
    ground.run(&[&format!("DROP DATABASE IF EXISTS {journal}")]).await;
    (ground, format!("--journal-schema={journal}"), journal)
}

async fn it_is_dropped(place: Place) {
    let (ground, flag, journal) = ground("meddle_journal", place).await;
    let ran = meddled(&ground, &[&flag], &[&format!("DROP DATABASE {journal}")]).await;
    let message = ran.error()["message"].as_str().unwrap_or_default();
    assert!(message.contains(&journal), "{message}");
    assert_eq!(ground.tables().await, ["big"]);
    ground.gone().await;
}

async fn the_runs_row_is_deleted(place: Place) {
    let (ground, flag, journal) = ground("meddle_row", place).await;
    let ran = meddled(&ground, &[&flag], &[&format!("DELETE FROM {journal}.run")]).await;
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(ran.error()["code"], "journal_row_gone", "{ran:#?}");
    assert_eq!(ground.tables().await, ["big"]);
    ground.run(&[&format!("DROP DATABASE {journal}")]).await;
    ground.gone().await;
}

/// The next fence is a new row.
async fn the_fence_is_deleted(place: Place) {
    let (ground, flag, journal) = ground("meddle_fence", place).await;
    let mut running = ground.copying_with(ALTER, &[&flag]).await;
    let deletion = format!("DELETE FROM {journal}.fence");
    for _ in 0..20 {
        assert!(running.is_running());
        ground.run(&[&deletion]).await;
    }
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let rows = "SELECT COUNT(*) FROM big JOIN big__zosc_kept USING (id, v) WHERE c = 7";
    assert_eq!(ground.column(rows).await, ["20000"]);
    ground.run(&[&format!("DROP DATABASE {journal}")]).await;
    ground.gone().await;
}
