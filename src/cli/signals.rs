//! Ctrl-C and `kill`: both ask the run to stop at the next safe place. There is no harder stop: one
//! in the middle of the swap could leave a lock until the server notices.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use zosc::error::{Error, Kind, Result};
use zosc::event::Events;
use zosc::halt::Halt;

/// Lets signals stop the run.
pub(crate) fn watch(halt: &Halt, events: &Events) -> Result<()> {
    interrupts(halt.clone(), events.clone())?;
    terminations(halt.clone(), events.clone())
}

fn interrupts(halt: Halt, events: Events) -> Result<()> {
    let again = AtomicBool::new(false);
    let interrupted = move || {
        if again.swap(true, Ordering::Relaxed) {
            events.waiting("stop", "still finishing the transaction; it will not take long");
        } else {
            events.waiting("stop", "stopping: finishing the transaction first");
            halt.interrupt();
        }
    };
    ctrlc::set_handler(interrupted).map_err(|error| unwatched(&error.to_string()))
}

fn terminations(halt: Halt, events: Events) -> Result<()> {
    let mut terminated =
        signal(SignalKind::terminate()).map_err(|error| unwatched(&error.to_string()))?;
    tokio::spawn(async move {
        terminated.recv().await;
        events.waiting("stop", "stopping: finishing the transaction first");
        halt.stop(Error::new(Kind::Terminated, "terminated", "the run was told to end"));
    });
    Ok(())
}

fn unwatched(reason: &str) -> Error {
    Error::failed("no_signals", format!("signals cannot be watched: {reason}"))
}
