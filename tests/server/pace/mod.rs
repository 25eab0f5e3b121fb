//! What makes zosc slow down and rest: each signal is shown to stop it and to let it go on.

pub mod endpoint;
mod live;
mod refused;
mod replicas;
mod signals;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::zosc::{Ran, Running};

/// How long a signal may take to be seen before that counts as never.
const PATIENCE: Duration = Duration::from_mins(1);

/// The reasons for which it rested, in order; `on` where it went on.
fn rests(ran: &Ran) -> Vec<&str> {
    ran.events
        .iter()
        .filter_map(|event| match event["event"].as_str() {
            Some("throttled") => event["reason"].as_str(),
            Some("unthrottled") => Some("on"),
            _ => None,
        })
        .collect()
}

/// Waits until it rests for this reason, or goes on (`on`).
async fn until_it_rests_for(running: &mut Running, reason: &str) {
    let begun = Instant::now();
    loop {
        let told = told(running);
        let last = told.last().map_or("", |event| event["reason"].as_str().unwrap_or("on"));
        if last == reason {
            return;
        }
        assert!(running.is_running(), "zosc ended before it rested for {reason}: {told:#?}");
        assert!(begun.elapsed() < PATIENCE, "it does not rest for {reason}: {told:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What it has said so far of resting.
fn told(running: &Running) -> Vec<Value> {
    let said = running.said();
    said.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["event"] == "throttled" || event["event"] == "unthrottled")
        .collect()
}
