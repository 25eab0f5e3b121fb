//! Capture by triggers: three of them append the keys of changed rows to a log each, and the logs are
//! polled. A row's key becomes visible together with its change, so what was read can be seen.

mod create;
mod guard;
mod log;
mod poll;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::guard::Guard;
use self::log::{Log, Row};
use self::poll::Poller;
use super::{Acknowledge, Deliveries, Delivery, Watched, prepared};
use crate::crash::crash_point;
use crate::ddl::Patience;
use crate::error::{Error, Result};
use crate::halt::Halt;
use crate::journal::Trail;
use crate::means::Means;
use crate::mysql::{History, Server, Session, Trials};
use crate::schema::{Firing, Key, TableName};
use crate::settings::SwapBounds;

pub(crate) use create::{any_body_mark, body_mark, not_trusted};

/// Deliveries that may wait to be taken; then reading waits.
const WAITING: usize = 8;

/// Running triggers and the tasks that read their logs and watch over them.
#[derive(Debug)]
pub struct Triggers {
    server: Server,
    /// For removing them.
    patience: Patience,
    original: TableName,
    logs: [Log; 3],
    guard: Guard,
    /// Stops watching: from then on the swap looks itself, and changes things.
    unguard: CancellationToken,
    stopping: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// The highest id that was in each log when the swap held its lock.
    highest: [AtomicU64; 3],
}

impl Triggers {
    pub(super) async fn start(
        means: &Means,
        watched: Watched,
        bounds: &SwapBounds,
    ) -> Result<(Self, Deliveries)> {
        let Means { server, events, halt, .. } = means;
        let original = watched.original.name.clone();
        let logs = Log::all(&original, &watched.key);
        let mut session = server.session().await?;
        create::claim(&mut session, &original).await?;
        for log in &logs {
            log.claim(&mut session).await?;
        }
        let removal = Patience::for_removal(bounds, events);
        let started = async {
            let patience = Patience::new(bounds, events, halt);
            let Watched { key, marker, .. } = &watched;
            for log in &logs {
                log.create(&mut session, &patience, &watched.original, key, marker).await?;
            }
            crash_point!("logs-made");
            create::create(&mut session, &patience, &original, key, &logs, marker).await?;
            crash_point!("triggers-made");
            // Those that were prepared before there was a trigger have left nothing in the log.
            prepared::outlast_prepared(&mut session).await?;
            let guard = Guard::start(&mut session, &watched).await?;
            let before = History::of(&mut session).await?;
            means.journal.capture_begins(&mut session, guard.before(), before.as_ref()).await?;
            crash_point!("capture-begun");
            session.close().await?;
            Self::run(means, &watched, logs, guard, removal.clone()).await
        };
        match started.await {
            Ok(started) => Ok(started),
            Err(error) => match create::remove(server, &removal, &original).await {
                Ok(()) => Err(error),
                Err(left) => Err(error.hint(left.message).hint(left.hints.join("; "))),
            },
        }
    }

    /// Reads on in the logs of a run that stopped. An error leaves them and the triggers as they are.
    pub(super) async fn go_on(
        means: &Means,
        watched: Watched,
        bounds: &SwapBounds,
        trail: &Trail,
    ) -> Result<(Self, Deliveries)> {
        let logs = Log::all(&watched.original.name, &watched.key);
        let mut session = means.server.session().await?;
        for log in &logs {
            log.recognize(&mut session, &watched.marker).await?;
        }
        let guard = Guard::recall(&watched, trail.beginning()?);
        let guard = match &trail.moved {
            None => {
                guard.check(&mut session).await?;
                guard
            }
            Some(moved) => {
                let guard = guard.moved(&mut session).await?;
                means.journal.moves(&mut session, guard.before(), moved).await?;
                guard
            }
        };
        session.close().await?;
        let removal = Patience::for_removal(bounds, &means.events);
        Self::run(means, &watched, logs, guard, removal).await
    }

    /// Starts the tasks.
    async fn run(
        means: &Means,
        watched: &Watched,
        logs: [Log; 3],
        guard: Guard,
        patience: Patience,
    ) -> Result<(Self, Deliveries)> {
        let Means { server, journal, halt, .. } = means;
        let nudge = Arc::new(Notify::new());
        let stopping = CancellationToken::new();
        let unguard = stopping.child_token();
        let (sender, receiver) = mpsc::channel(WAITING);
        let trials = Trials::new(server, halt, "reading the triggers' logs");
        let poller = Poller::open(
            trials,
            logs.clone(),
            &watched.fence,
            journal.run(),
            sender.clone(),
            Arc::clone(&nudge),
            stopping.clone(),
        )
        .await?;
        let trials = Trials::new(server, halt, "watching over the triggers");
        let watching = guard.clone().watch(trials, unguard.clone(), halt.clone());
        let reading = read(poller, sender, halt.clone());
        let tasks = vec![tokio::spawn(reading), tokio::spawn(watching)];
        let original = watched.original.name.clone();
        let acknowledge = Acknowledge::Logs(journal.clone(), original.clone());
        let triggers = Self {
            server: server.clone(),
            patience,
            original,
            logs,
            guard,
            unguard,
            stopping,
            tasks,
            highest: [const { AtomicU64::new(0) }; 3],
        };
        Ok((triggers, Deliveries::new(receiver, acknowledge, Some(nudge))))
    }

    /// The log tables.
    pub(super) fn logs(&self) -> Vec<TableName> {
        self.logs.iter().map(|log| log.table.clone()).collect()
    }

    /// The triggers' names.
    pub(super) fn names(&self) -> Vec<String> {
        Firing::ALL.map(|firing| self.original.trigger(firing).table).to_vec()
    }

    /// An error when the triggers cannot have seen all.
    pub(super) async fn vouch(&self, session: &mut Session) -> Result<()> {
        self.guard.check(session).await
    }

    /// All keys in the logs, read under the lock; an error when the triggers cannot have seen all.
    pub(super) async fn rest(&self, locker: &mut Session) -> Result<Vec<Key>> {
        self.unguard.cancel();
        self.guard.check(locker).await?;
        let mut all = Vec::new();
        for (log, highest) in self.logs.iter().zip(&self.highest) {
            let rows = log.all_after(locker, 0).await?;
            highest.store(rows.last().map_or(0, |row| row.id), Ordering::SeqCst);
            all.extend(rows);
        }
        Ok(keys(all))
    }

    /// Keys that came into the logs after [`Self::rest`].
    pub(super) async fn strays(&self, session: &mut Session) -> Result<Vec<Key>> {
        let mut all = Vec::new();
        for (log, highest) in self.logs.iter().zip(&self.highest) {
            all.extend(log.all_after(session, highest.load(Ordering::SeqCst)).await?);
        }
        Ok(keys(all))
    }

    /// Ends the tasks and removes triggers and logs; an error names what is left.
    pub(super) async fn stop(mut self) -> Result<()> {
        let ended = self.end().await;
        create::remove(&self.server, &self.patience, &self.original).await?;
        ended
    }

    /// Ends the tasks; the triggers go on writing to their logs.
    pub(super) async fn leave(mut self) -> Result<()> {
        self.end().await
    }

    async fn end(&mut self) -> Result<()> {
        self.stopping.cancel();
        let mut ended = Ok(());
        for task in self.tasks.drain(..) {
            ended = ended.and(task.await.map_err(|error| {
                Error::failed("capture_failed", format!("capture ended badly: {error}"))
            }));
        }
        ended
    }
}

/// Each key once, in the order of the first.
fn keys(rows: Vec<Row>) -> Vec<Key> {
    let mut known = std::collections::HashSet::new();
    rows.into_iter().map(|row| row.key).filter(|key| known.insert(key.clone())).collect()
}

/// Reads in a task of its own, so that a panic is trouble like any other: it stops the run.
async fn read(poller: Poller, deliveries: mpsc::Sender<Delivery>, halt: Halt) {
    let outcome = tokio::spawn(poller.run()).await;
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => halt.stop(error),
        Err(ended) => halt.stop(Error::failed(
            "capture_failed",
            format!("reading the log of changes failed: {ended}"),
        )),
    }
    // Only now the channel may end: who sees that may ask for the cause.
    drop(deliveries);
}
