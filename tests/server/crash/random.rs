//! Two hundred deaths at random moments, fifty in each place.

use std::time::Duration;

use crate::support::place::{Place, played};
use crate::support::story::{Broken, Story};

played! {
    everywhere: fifty_deaths;
}

const DEATHS: usize = 50;

/// Of one run: after these it may come to its end, and another table is next.
const DEATHS_OF_A_RUN: usize = 12;

async fn fifty_deaths(place: Place) {
    let mut deaths = 0;
    let mut seed = 1;
    while deaths < DEATHS {
        let story = Story::new(&format!("crash_random_{seed}"), place)
            .of_words()
            .rows(3_000)
            .args(&["--max-chunk-rows=100", "--workers=3"])
            .alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
            .broken(Broken::AtRandom {
                within: Duration::from_millis(1_200),
                deaths: DEATHS_OF_A_RUN.min(DEATHS - deaths),
                seed,
            });
        deaths += tokio::task::spawn_blocking(|| story.run().deaths).await.unwrap();
        seed += 1;
    }
}
