//! A change on a thread of its own, with a runtime of its own: Diesel's migrations are not
//! asynchronous, and whoever runs them may or may not be within a runtime.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::place::Place;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::library::{Stop, migrate};
use crate::options::Options;
use crate::outcome::Outcome;

/// What was started and is not awaited, such as a look at a disk, gets so long to end.
const LAST_MOMENTS: Duration = Duration::from_secs(1);

/// What the caller is told while the change goes on.
#[derive(Debug)]
pub(super) enum Told {
    /// This has happened.
    Event(Event),
    /// So much time has gone by.
    Silence,
}

/// Makes the change once the place is proven; tells what happens, and every `pulse` that it goes on.
pub(super) fn change(
    options: &Options,
    sql: &str,
    place: &Place,
    stop: Stop,
    pulse: Duration,
    mut tell: impl FnMut(Told),
) -> Result<Outcome> {
    thread::scope(|scope| {
        let (mouth, ear) = mpsc::channel();
        let worker = scope.spawn(move || work(options, sql, place, stop, &mouth));
        let mut due = Instant::now() + pulse;
        loop {
            match ear.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(event) => tell(Told::Event(event)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= due {
                tell(Told::Silence);
                due = Instant::now() + pulse;
            }
        }
        worker.join().unwrap_or_else(|_| Err(Error::bug(&"the thread of a change has panicked")))
    })
}

fn work(
    options: &Options,
    sql: &str,
    place: &Place,
    stop: Stop,
    mouth: &Sender<Event>,
) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Error::failed("runtime_not_made", format!("the change cannot be begun: {error}"))
            .hint("see how many threads and open files the process may have")
    })?;
    let done = runtime.block_on(async {
        place.prove(options).await?;
        let mut migration = migrate(options, sql).until(stop);
        while let Some(event) = migration.next_event().await {
            if mouth.send(event).is_err() {
                tracing::debug!("nobody listens to a migration");
            }
        }
        migration.await
    });
    runtime.shutdown_timeout(LAST_MOMENTS);
    done
}
