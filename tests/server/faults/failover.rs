//! The server dies while a run is on its way, and its replica takes its place.

use std::time::Duration;

use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::pair::{fail_over, follow, have_come_to};
use crate::support::place::{Place, played};

played! {
    everywhere: the_promoted_replica_is_gone_on_with;
    on_both_servers:
        a_swap_that_was_prepared_is_taken_back,
        a_swap_that_was_made_is_known,
        a_replica_that_lacks_something_is_refused;
    with_binlog: a_replica_whose_log_was_purged_ends_the_run;
    mysql_with_binlog: without_gtids_nothing_is_proven;
}

/// What a server that dies says to its application.
const ENDING: [u16; 2] = [1053, 1927];

/// A run on the first server is killed in the middle of its copy, and the server dies. The
/// application writes to both servers, one after the other.
async fn moved(name: &str, place: Place, by_gtid: bool, extra: &[&str]) -> Bed {
    let mut bed = Bed::on_a_server_with(name, place, extra).await;
    let replica = follow(&bed, by_gtid, extra).await;
    let application = bed.application();
    // Softly, so that it lasts.
    let mut running = bed.start_with(&["--nice=20"]);
    until_it_says(&mut running, "\"stage\":\"copy\"");
    // Long enough that the journal has a position, and not all is copied.
    let pieces = "SELECT COUNT(*) FROM _zosc.chunk";
    while bed.column(pieces).await[0].parse::<u32>().unwrap() < 20 {
        assert!(running.is_running(), "{}", running.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(running.is_running(), "{}", running.said());
    running.kill();
    fail_over(&mut bed, replica).await;
    application.stop().only(&ENDING);
    bed
}

async fn the_promoted_replica_is_gone_on_with(place: Place) {
    let bed = moved("failover", place, true, &[]).await;
    let before = bed.column("SELECT COUNT(*) FROM _zosc.chunk").await;
    assert_ne!(before, ["0"], "nothing of the copy was replicated");
    let application = bed.application();
    let ran = bed.start().wait(PATIENCE);
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    let copy = ran.events_of("stage").find(|stage| stage["stage"] == "copy").unwrap();
    assert_eq!(copy["resumed"], true, "it started afresh: {ran:#?}");
}

/// A run that dies at a place of its swap, and then the server.
async fn moved_at(crash: &str, name: &str, place: Place) -> Bed {
    let mut bed = Bed::on_a_server_with(name, place, &[]).await;
    let replica = follow(&bed, true, &[]).await;
    let application = bed.application();
    let ran = bed.start_doomed(crash).wait(PATIENCE);
    assert_eq!(ran.code, -1, "it did not die: {ran:#?}");
    have_come_to(&[&replica], &bed, "milestone").await;
    fail_over(&mut bed, replica).await;
    application.stop().only(&ENDING);
    bed
}

/// Ids of tables tell nothing on another server.
async fn a_swap_that_was_prepared_is_taken_back(place: Place) {
    let bed = moved_at("shadow-ready", "failover_ready", place).await;
    let application = bed.application();
    let ran = bed.start().wait(PATIENCE);
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    assert_eq!(ran.finished()["outcome"], "copied");
}

async fn a_swap_that_was_made_is_known(place: Place) {
    let bed = moved_at("renamed", "failover_made", place).await;
    let ran = bed.start().wait(PATIENCE);
    bed.is_migrated(&ran).await;
    assert_eq!(ran.finished()["outcome"], "already", "{ran:#?}");
    assert_eq!(bed.column("SELECT phase FROM _zosc.run").await, ["swapped"]);
}

async fn a_replica_that_lacks_something_is_refused(place: Place) {
    let bed = moved("failover_lacks", place, true, &[]).await;
    let never_done = ["3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5", "0-77-999999"];
    let lacking = never_done[usize::from(!place.database.is_mysql())];
    bed.run(&[&format!("UPDATE _zosc.position SET history = '\"{lacking}\"'")]).await;
    let ran = bed.start().wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["code"]), (3, &"cannot_resume".into()), "{ran:#?}");
    assert!(ran.error()["message"].as_str().unwrap().contains(lacking), "{ran:#?}");
    bed.is_like_the_twin(&ran).await;
}

async fn a_replica_whose_log_was_purged_ends_the_run(place: Place) {
    let bed = moved("failover_purged", place, true, &[]).await;
    let oldest = async || bed.address.cell("SHOW BINARY LOGS", 0).await;
    let needed = oldest().await;
    bed.run(&["FLUSH BINARY LOGS"]).await;
    // A MariaDB keeps for a moment what it might need after a crash.
    while oldest().await == needed {
        bed.run(&["PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY"]).await;
    }
    let ran = bed.start().wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["code"]), (1, &"binlog_lost".into()), "{ran:#?}");
    bed.is_like_the_twin(&ran).await;
}

async fn without_gtids_nothing_is_proven(place: Place) {
    let off = ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"];
    let bed = moved("failover_no_gtids", place, false, &off).await;
    let ran = bed.start().wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["code"]), (3, &"cannot_resume".into()), "{ran:#?}");
    assert!(ran.error()["message"].as_str().unwrap().contains("GTID"), "{ran:#?}");
    bed.is_like_the_twin(&ran).await;
}
