//! Connections of zosc are killed, again and again.

use std::time::{Duration, Instant};

use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::place::{Place, played};

played! {
    everywhere: every_connection_is_killed_again_and_again;
    with_binlog: the_dump_thread_is_killed_again_and_again;
}

/// How long that goes on, at least.
const RAMPAGE: Duration = Duration::from_secs(3);
/// More than so many must be killed.
const FEW: usize = 5;

/// Kills what is chosen by its command.
async fn rampage(bed: Bed, chosen: fn(&str) -> bool) {
    let application = bed.application();
    // The run does not end before enough is killed, however fast it is.
    let hold = tempfile::NamedTempFile::new().unwrap();
    let flag = format!("--postpone-flag-file={}", hold.path().display());
    let mut running = bed.start_with(&[&flag]);
    until_it_says(&mut running, "\"stage\":\"plan\"");
    let begun = Instant::now();
    let mut killed = 0;
    while running.is_running() && (begun.elapsed() < RAMPAGE || killed <= FEW) {
        killed += application.pulse.kill_others_of(&bed.account, &bed.address, chosen).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(100..300))).await;
    }
    drop(hold);
    let ran = running.wait(PATIENCE);
    let written = application.written();
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    assert!(killed > FEW && written > 50, "{killed} killed, {written} written: nothing is proven");
    bed.gone().await;
}

async fn every_connection_is_killed_again_and_again(place: Place) {
    rampage(Bed::made("fault_kills", place).await, |_| true).await;
}

async fn the_dump_thread_is_killed_again_and_again(place: Place) {
    let bed = Bed::made("fault_dump", place).await;
    rampage(bed, |command| command.starts_with("Binlog Dump")).await;
}
