//! The task that reads the logs.
//!
//! Ids are given when rows are written and rows become visible when they are committed, so a row may
//! turn up below ids that were read long ago. Reading on from the highest id is therefore only the
//! quick part; the *sweep* looks at all ids below and compares them with those that were delivered.
//! No fence is delivered without a sweep after its token was read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::log::{Log, PAGE, Row};
use crate::capture::{Delivery, Receipt, Token};
use crate::error::{Error, Result};
use crate::mysql::{Fault, Session, Trials};
use crate::schema::TableName;

/// The pause while there is work.
const BUSY: Duration = Duration::from_millis(50);
/// The pause when nothing has happened for a while.
const IDLE: Duration = Duration::from_millis(250);
/// How much longer each pause is when nothing happened.
const SLOWER: u32 = 2;
/// How often is swept when no fence asks for it.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Sweeping a long log may take that part of the time, unless somebody waits for a fence.
const SHARE: u32 = 5;
/// How long a statement waits while somebody holds the log locked; then it is tried again.
const LOCK_PATIENCE: u32 = 2;

/// The state of the reading task.
pub(super) struct Poller {
    session: Session,
    trials: Trials,
    tails: [Tail; 3],
    /// Where the run's last fence is read.
    fence: String,
    out: Out,
    nudge: Arc<Notify>,
    /// The last fence that was delivered.
    met: Option<Token>,
    swept: Instant,
    /// How long the last sweep took.
    sweeping: Duration,
}

/// How far a log was read.
struct Tail {
    log: Log,
    /// The highest id that was delivered.
    highest: u64,
    /// All ids that were delivered and may still be in the log, ascending.
    seen: Vec<u64>,
}

/// Where keys are delivered to.
struct Out {
    deliveries: mpsc::Sender<Delivery>,
    stopping: CancellationToken,
}

/// Nobody listens any more.
struct Unheard;

/// Why reading was interrupted.
enum Interruption {
    Unheard,
    Trouble(Error),
}

impl From<Unheard> for Interruption {
    fn from(_: Unheard) -> Self {
        Self::Unheard
    }
}

impl From<Error> for Interruption {
    fn from(error: Error) -> Self {
        Self::Trouble(error)
    }
}

impl Poller {
    pub(super) async fn open(
        mut trials: Trials,
        logs: [Log; 3],
        fence: &TableName,
        run: u64,
        deliveries: mpsc::Sender<Delivery>,
        nudge: Arc<Notify>,
        stopping: CancellationToken,
    ) -> Result<Self> {
        let mut session = trials.session().await?;
        be_patient(&mut session).await?;
        Ok(Self {
            session,
            trials,
            tails: logs.map(|log| Tail { log, highest: 0, seen: Vec::new() }),
            fence: format!("SELECT token FROM {fence} WHERE run = {run} AND slot = 0"),
            out: Out { deliveries, stopping },
            nudge,
            met: None,
            swept: Instant::now(),
            sweeping: Duration::ZERO,
        })
    }

    /// Reads until it is stopped or nobody listens any more.
    pub(super) async fn run(mut self) -> Result<()> {
        let stopping = self.out.stopping.clone();
        let nudge = Arc::clone(&self.nudge);
        let mut pause = BUSY;
        let mut nudged = false;
        while !stopping.is_cancelled() {
            match self.poll(nudged).await {
                Ok(news) => {
                    self.trials.over();
                    pause = if news { BUSY } else { IDLE.min(pause * SLOWER) };
                    nudged = false;
                }
                Err(Interruption::Unheard) => break,
                // What was asked for is still owed.
                Err(Interruption::Trouble(error)) => match Fault::of(&error) {
                    // An application may hold its tables locked for long, and with them the log.
                    Fault::Contention => tracing::debug!(%error, "a log is locked"),
                    _ => {
                        if !self.recover(&error).await? {
                            return Ok(());
                        }
                    }
                },
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = nudge.notified() => nudged = true,
                () = tokio::time::sleep(pause) => {}
            }
        }
        if let Err(error) = self.session.close().await {
            tracing::debug!(%error, "the reading session was gone already");
        }
        Ok(())
    }

    /// One look; whether there was anything new in the log.
    async fn poll(&mut self, nudged: bool) -> Result<bool, Interruption> {
        // The token first: what was committed before it is visible to every later statement.
        let token: Option<Token> = self.session.first(&self.fence).await?;
        let mut news = false;
        for tail in &mut self.tails {
            news |= tail.read_on(&mut self.session, &self.out).await?;
        }
        let due = if token == self.met { SWEEP_EVERY } else { self.sweeping * SHARE };
        if nudged || self.swept.elapsed() >= due {
            let begun = Instant::now();
            for tail in &mut self.tails {
                news |= tail.sweep(&mut self.session, &self.out).await?;
            }
            (self.swept, self.sweeping) = (Instant::now(), begun.elapsed());
            if let Some(token) = token.filter(|_| token != self.met) {
                self.out.deliver(Delivery::Fence(token)).await?;
                self.met = Some(token);
            }
        }
        Ok(news)
    }

    /// Makes the next look possible; false when we were stopped meanwhile.
    async fn recover(&mut self, error: &Error) -> Result<bool> {
        let recovered = async {
            self.trials.wait(error).await?;
            if Fault::of(error) != Fault::Lost {
                return Ok(None);
            }
            let mut session = self.trials.replacement().await?;
            be_patient(&mut session).await?;
            Ok(Some(session))
        };
        let session = tokio::select! {
            session = recovered => session,
            () = self.out.stopping.cancelled() => return Ok(false),
        };
        match session {
            Ok(Some(session)) => self.session = session,
            Ok(None) => {}
            // The new one was lost at once: the next look meets that again.
            Err(error) if Fault::of(&error).may_pass() => tracing::debug!(%error, "lost again"),
            Err(error) => return Err(error.during("reading the triggers' logs")),
        }
        Ok(true)
    }
}

impl Tail {
    /// Delivers the rows above the highest id so far; whether there were any.
    async fn read_on(&mut self, session: &mut Session, out: &Out) -> Result<bool, Interruption> {
        let mut news = false;
        loop {
            let rows = self.log.after(session, self.highest).await?;
            let Some(last) = rows.last() else { return Ok(news) };
            let is_last_page = rows.len() < PAGE;
            self.highest = last.id;
            self.seen.extend(rows.iter().map(|row| row.id));
            self.deliver(rows, out).await?;
            news = true;
            if is_last_page {
                return Ok(true);
            }
        }
    }

    /// Delivers the rows that have turned up below the highest id; whether there were any.
    async fn sweep(&mut self, session: &mut Session, out: &Out) -> Result<bool, Interruption> {
        let present = self.log.ids_upto(session, self.highest).await?;
        let is_late = |id: &u64| self.seen.binary_search(id).is_err();
        let late: Vec<u64> = present.iter().copied().filter(is_late).collect();
        for ids in late.chunks(PAGE) {
            let rows = self.log.of(session, ids).await?;
            self.deliver(rows, out).await?;
        }
        self.seen = present;
        Ok(!late.is_empty())
    }

    async fn deliver(&self, rows: Vec<Row>, out: &Out) -> Result<(), Unheard> {
        let firing = self.log.firing;
        let (ids, keys) = rows.into_iter().map(|row| ((firing, row.id), row.key)).unzip();
        out.deliver(Delivery::Keys(keys)).await?;
        out.deliver(Delivery::Commit(Receipt::Rows(ids))).await
    }
}

impl Out {
    async fn deliver(&self, delivery: Delivery) -> Result<(), Unheard> {
        tokio::select! {
            sent = self.deliveries.send(delivery) => sent.map_err(|_| Unheard),
            () = self.stopping.cancelled() => Err(Unheard),
        }
    }
}

async fn be_patient(session: &mut Session) -> Result<()> {
    session.run(format!("SET SESSION lock_wait_timeout = {LOCK_PATIENCE}")).await.map(drop)
}
