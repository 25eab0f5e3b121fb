//! The server has no connection left when the swap needs some.

use std::time::{Duration, Instant};

use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::place::{Place, played};

played! {
    on_both_servers: no_connection_is_left_at_the_swap;
}

async fn no_connection_is_left_at_the_swap(place: Place) {
    let bed = Bed::on_a_server_with("fault_full", place, &["--max-connections=40"]).await;
    let application = bed.application();
    // The application is there before the crowd is.
    application.is_there().await;
    let mut running = bed.start();
    until_it_says(&mut running, "\"stage\":\"verify\"");
    let mut crowd = Vec::new();
    let begun = Instant::now();
    while !running.has_said("\"for\":\"server\"") {
        assert!(running.is_running() && begun.elapsed() < PATIENCE, "zosc does not wait");
        if let Ok(conn) = bed.address.try_to_connect().await {
            crowd.push(conn);
        }
    }
    application.pulse.wait_for(application.written() + 100).await;
    assert!(running.is_running(), "zosc does not wait any more");
    for conn in crowd {
        conn.disconnect().await.unwrap();
    }
    let ran = running.wait(PATIENCE);
    let seen = application.stop();
    seen.nothing();
    assert!(seen.longest < Duration::from_secs(4), "the application was locked out: {seen:?}");
    bed.is_migrated(&ran).await;
}
