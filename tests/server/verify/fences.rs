//! A fence that had to be tried again is followed by fences like any other.

use std::time::Duration;

use zosc::journal::FENCE;
use zosc::mysql::Process;

use super::stage::{Stage, run};
use crate::support::each::on_both;
use crate::support::mysqld::Database;

async fn a_fence_that_was_tried_again_is_never_taken_for_a_new_one(database: Database) {
    let table = ["CREATE TABLE t (id INT PRIMARY KEY)"];
    let mut stage = Stage::set(database, "verify_fences", &table, "", "PRIMARY").await;
    let first = stage.carrier().fence().await.unwrap();

    // It cannot go on, and its connection is killed.
    let number = stage.means.journal.run();
    let fence = stage.means.journal.fence_table();
    run(&mut stage.session, "START TRANSACTION").await;
    run(&mut stage.session, &format!("UPDATE {fence} SET token = token WHERE run = {number}"))
        .await;
    let carrier = stage.carrier().clone();
    let held = tokio::spawn(async move { carrier.fence().await });
    // The list of processes has no more than the beginning of a statement; a token is nobody else's.
    let ours = format!("`{FENCE}` (run, slot, token) SELECT id, 0, {}", first + 1);
    let connection = loop {
        let all = Process::all(&mut stage.session).await.unwrap();
        match all.into_iter().find(|process| process.statement.contains(&ours)) {
            Some(process) => break process.id,
            None => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    };
    run(&mut stage.session, &format!("KILL {connection}")).await;
    run(&mut stage.session, "ROLLBACK").await;
    let mut last = held.await.unwrap().unwrap();
    assert!(last > first, "the lost fence counts for nothing");

    for _ in 0..3 {
        let next = stage.carrier().fence().await.unwrap();
        assert!(next > last, "{next} was committed before it was asked for");
        last = next;
    }
}

on_both!(a_fence_that_was_tried_again_is_never_taken_for_a_new_one);
