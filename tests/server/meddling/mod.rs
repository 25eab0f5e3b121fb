//! What others do to what is zosc's own: its tables, its journal, its names, the log that it reads,
//! the disk that it fills.

mod disk;
mod helpers;
mod journal;
mod log;
mod twice;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::zosc::Ran;

const ALTER: &str = "ADD COLUMN c INT NOT NULL DEFAULT 7";

/// What a run came to in whose midst `meddling` was done. The original must be as it was, and the
/// application must be able to write it.
async fn meddled(ground: &Ground, flags: &[&str], meddling: &[&str]) -> Ran {
    let running = ground.copying_with(ALTER, flags).await;
    ground.run(meddling).await;
    let ran = running.wait(PATIENCE);
    assert!(matches!(ran.code, 1 | 3 | 5 | 6), "{ran:#?}");
    assert!(ran.error()["hint"].is_string(), "no way out: {ran:#?}");
    assert_eq!(ground.look("big").await, ground.before[0], "{ran:#?}");
    assert!(ground.triggers().await.is_empty(), "{ran:#?}");
    ground.run(&["INSERT INTO big (v) VALUES ('later')", "DELETE FROM big LIMIT 1"]).await;
    ran
}
