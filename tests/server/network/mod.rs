//! The network between zosc and the server fails; the application has another way to it.

mod lost;
mod silent;

use std::sync::Arc;
use std::time::Duration;

use crate::support::place::Place;
use crate::support::proxy::{Deed, Proxy, When};
use crate::support::story::{Story, Told};

/// How long a statement of the application may wait: for the lock, for the work under it, for the
/// machine.
const LONGEST: Duration = Duration::from_secs(10);

/// A story on the shared server that must end well although `deed` is done.
fn told(name: &str, place: Place, deeds: &[(&'static str, When, Deed)], args: &[&str]) -> Told {
    let proxy = Arc::new(Proxy::before(&place.address()));
    for (words, when, deed) in deeds {
        proxy.on(words, *when, *deed);
    }
    let args = [&["--max-chunk-rows=150"], args].concat();
    let told = story(name, place).through(&proxy).args(&args).run();
    assert!(proxy.struck() > 0, "nothing was done to the network");
    assert!(told.longest < LONGEST, "the application waited {:?}", told.longest);
    told
}

fn story(name: &str, place: Place) -> Story {
    Story::new(name, place)
        .of_texts()
        .before("ANALYZE TABLE {t}")
        .pause(Duration::from_millis(5))
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 7 FIRST")
}

/// How the attempts at the swap ended.
fn attempts(told: &Told) -> Vec<&str> {
    let swaps = told.events.iter().filter(|event| event["event"] == "swap");
    swaps.filter_map(|event| event["outcome"].as_str()).collect()
}
