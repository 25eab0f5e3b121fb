//! What the run waits for, said once for all who wait: not at each try, and not for a moment's sake.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::Events;

/// What is over sooner is not worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(1);
/// How often it is said again.
const SAY_AGAIN: Duration = Duration::from_secs(30);

/// Cheap to clone; all clones speak with one mouth.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits {
    events: Option<Events>,
    open: Arc<Mutex<HashMap<&'static str, Open>>>,
}

/// Something that is waited for.
#[derive(Debug)]
struct Open {
    since: Instant,
    waiting: usize,
    said: Option<Instant>,
}

/// One who waits, until it is dropped.
#[derive(Debug)]
pub(super) struct Wait {
    waits: Waits,
    what: &'static str,
}

impl Waits {
    pub(super) fn heard_by(events: &Events) -> Self {
        Self { events: Some(events.clone()), open: Arc::default() }
    }

    /// Begins to wait for `what`, a stable slug.
    pub(super) fn enter(&self, what: &'static str) -> Wait {
        let new = || Open { since: Instant::now(), waiting: 0, said: None };
        self.open().entry(what).or_insert_with(new).waiting += 1;
        Wait { waits: self.clone(), what }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<&'static str, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// Still waiting: says so if it is time to.
    pub(super) fn tell(&self, detail: impl FnOnce(Duration) -> String) {
        let mut all = self.waits.open();
        let Some(open) = all.get_mut(self.what) else { return };
        let since = open.since.elapsed();
        let is_due = open.said.map_or(since >= WORTH_A_WORD, |said| said.elapsed() >= SAY_AGAIN);
        if is_due && let Some(events) = &self.waits.events {
            open.said = Some(Instant::now());
            events.waiting(self.what, detail(since));
        }
    }

    /// What was waited for has come.
    pub(super) fn over(self) {
        let all = self.waits.open();
        if let Some(Open { since, waiting: 1, said: Some(_) }) = all.get(self.what)
            && let Some(events) = &self.waits.events
        {
            let seconds = since.elapsed().as_secs_f32();
            events.warn("goes_on", format!("all goes on after a wait of {seconds:.1} s"), None);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut all = self.waits.open();
        if let Some(open) = all.get_mut(self.what) {
            open.waiting -= 1;
            if open.waiting == 0 {
                all.remove(self.what);
            }
        }
    }
}
