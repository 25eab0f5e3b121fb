//! What a run is about, and what it is doing: the facts that commands are told.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::command::Facts;
use crate::event::Events;
use crate::journal::RunId;
use crate::request::Request;
use crate::schema::{Helper, TableName};

/// Cheap to clone; all clones speak of the same run.
#[derive(Debug, Clone)]
pub struct Subject {
    known: Arc<Known>,
    events: Events,
}

#[derive(Debug)]
struct Known {
    run: OnceLock<RunId>,
    id: Option<String>,
    table: TableName,
    statement: String,
    begun: Instant,
}

impl Subject {
    /// What is asked for; the run has no number yet.
    pub fn new(request: &Request, events: &Events) -> Self {
        let known = Known {
            run: OnceLock::new(),
            id: request.id.clone(),
            table: request.table.clone(),
            statement: request.statement.text().to_owned(),
            begun: Instant::now(),
        };
        Self { known: Arc::new(known), events: events.clone() }
    }

    /// The run has this number; whether that is news.
    pub(super) fn is_run(&self, run: RunId) -> bool {
        self.known.run.set(run).is_ok()
    }

    /// The facts as they are now; `stage` is the word of what is told.
    pub fn facts(&self, stage: &'static str) -> Facts {
        let Known { run, id, table, statement, begun } = &*self.known;
        let status = self.events.status();
        let progress = status.progress.as_ref();
        let mut facts = Facts::default();
        facts.put("stage", stage);
        facts.put_known("run", run.get().copied());
        facts.put_known("id", id.clone());
        facts.put("table", table.plain());
        facts.put("shadow", table.helper(Helper::Shadow).plain());
        facts.put("kept", table.helper(Helper::Kept).plain());
        facts.put("statement", statement.clone());
        facts.put_known("rows", progress.map(|progress| progress.rows));
        facts.put_known("rows_estimate", progress.map(|progress| progress.rows_estimate));
        facts.put("seconds", begun.elapsed().as_secs());
        facts.put_known("lag_ms", progress.map(|progress| progress.lag_ms));
        facts.put_known("backlog", progress.map(|progress| progress.backlog));
        facts.put_known("attempt", status.attempts.last().map(|attempt| attempt.number));
        facts.put_known("reason", status.throttled.map(|why| why.reason));
        facts.put_known("error", None::<String>);
        facts
    }
}
