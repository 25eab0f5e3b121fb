//! The server dies and is started again.

use std::time::Duration;

use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::place::{Place, played};

played! {
    on_both_servers: a_server_that_crashes_twice_keeps_the_run;
    with_binlog: a_server_that_may_forget_ends_the_run;
}

const CAREFUL: [&str; 2] = ["--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1"];

/// `ER_SERVER_SHUTDOWN`, and what a server says that is not ready yet.
const ENDING: [u16; 2] = [1053, 1927];

async fn a_server_that_crashes_twice_keeps_the_run(place: Place) {
    let mut bed = Bed::on_a_server_with("fault_crash", place, &CAREFUL).await;
    let application = bed.application();
    // Softly, so that each stage lasts.
    let mut running = bed.start_with(&["--nice=2"]);
    for stage in ["copy", "verify"] {
        until_it_says(&mut running, &format!("\"stage\":\"{stage}\""));
        application.pulse.wait_for(application.written() + 20).await;
        assert!(running.is_running(), "zosc ended before the crash");
        let server = bed.server.as_mut().unwrap();
        server.crash();
        tokio::time::sleep(Duration::from_secs(2)).await;
        server.restart();
    }
    let ran = running.wait(PATIENCE);
    let seen = application.stop();
    seen.only(&ENDING);
    assert!(!seen.lost.is_empty(), "no crash was noticed: nothing is proven");
    bed.is_migrated(&ran).await;
    let waits: Vec<_> = ran.events_of("waiting").filter(|it| it["for"] == "connection").collect();
    assert!((1..=4).contains(&waits.len()), "it is to be told, and not at each try: {waits:#?}");
}

/// zosc cannot tell a server that died from a machine that died.
async fn a_server_that_may_forget_ends_the_run(place: Place) {
    let mut bed = Bed::on_a_server_with("fault_forgets", place, &["--sync-binlog=0"]).await;
    let application = bed.application();
    let mut running = bed.start();
    until_it_says(&mut running, "\"stage\":\"copy\"");
    let server = bed.server.as_mut().unwrap();
    server.crash();
    server.restart();
    let ran = running.wait(PATIENCE);
    application.stop().only(&ENDING);
    assert_eq!((ran.code, &ran.error()["code"]), (1, &"server_restarted".into()), "{ran:#?}");
    let hints = ran.error()["hints"].to_string();
    assert!(hints.contains("sync_binlog=1"), "{hints}");
    bed.is_like_the_twin(&ran).await;
}
