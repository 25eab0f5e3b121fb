//! Every row of the original is carried over in chunks, by several connections at once.
//!
//! A chunk is recorded as started in the ledger, then a fence is committed, then its one statement
//! runs (READ COMMITTED, no locking clause): the application is never blocked by it.

mod chunk;
mod cut;
mod remainder;
mod size;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::event::Stage;
use crate::ledger::ChunkNo;
use crate::means::Means;
use crate::mysql::{Session, Trials};
use crate::pace::Pace;
use crate::progress::Meter;
use crate::refresh::Carrier;
use crate::schema::Pair;
use crate::walk::{Range, Walker};

pub use remainder::{Remainder, TakenUp};
pub use size::ChunkSize;

use chunk::ChunkWorker;
use remainder::Tail;

/// All rows are over. Only [`rows`] makes one, and only verification takes it.
#[derive(Debug)]
pub struct Copied {
    rows: u64,
}

impl Copied {
    /// Rows that the chunks carried over.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

/// Where the workers get their chunks from.
#[derive(Clone)]
struct Source {
    /// Chunks that an earlier run had in flight; the ledger knows them as started.
    begun: Arc<std::sync::Mutex<VecDeque<(ChunkNo, Range)>>>,
    /// What is found ahead; holding it keeps numbers in the order of ranges.
    ranges: Arc<Mutex<mpsc::Receiver<Range>>>,
}

/// Copies what is left of the original; `rows_estimate` is for progress only. The ledger behind
/// `carrier` must know what is not left.
pub async fn rows(
    means: &Means,
    pair: &Pair,
    rows_estimate: u64,
    left: Remainder,
    carrier: &Carrier,
) -> Result<Copied> {
    let size = Arc::new(ChunkSize::new(&means.settings.effort()));
    let meter =
        Meter::start(Stage::Copy, Some(pair), rows_estimate, left.rows, means, carrier, &size);
    let mut tasks = JoinSet::new();

    let (ahead, ranges) = mpsc::channel(1);
    let begun = Arc::new(std::sync::Mutex::new(left.begun.into()));
    let source = Source { begun, ranges: Arc::new(Mutex::new(ranges)) };
    match left.tail {
        Tail::After(key) => {
            let walker = Walker::new(pair.original.clone(), pair.mapping.key.clone(), key);
            let trials = Trials::new(&means.server, &means.halt, "looking for the next rows");
            tasks.spawn(walk(trials, walker, Arc::clone(&size), ahead));
        }
        // The workers wait for ranges as long as there is somebody to find them.
        Tail::Nothing => drop(ahead),
    }
    let nothing_left = CancellationToken::new();
    let mut settings = means.settings.watch();
    let mut workers = 0;
    // Whoever finds ranges waits for somebody to take them: not for us, once nobody works any more.
    let mut source = Some(source);
    loop {
        while let Some(source) = &source
            && workers < settings.borrow_and_update().effort.workers
        {
            let hand = Hand {
                number: workers,
                worker: ChunkWorker::open(means, pair, carrier).await?,
                source: source.clone(),
                size: Arc::clone(&size),
                pace: means.pace.clone(),
                copied: meter.rows(),
                nothing_left: nothing_left.clone(),
            };
            tasks.spawn(hand.work());
            workers += 1;
        }
        let ended = tokio::select! {
            ended = tasks.join_next() => ended,
            // More workers may be asked for while they work.
            changed = settings.changed(), if source.is_some() => {
                if changed.is_err() {
                    source = None;
                }
                continue;
            }
        };
        let Some(ended) = ended else { break };
        source = source.filter(|_| !nothing_left.is_cancelled());
        // A failing worker stops the run: the others end after their transaction.
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                means.halt.stop(error);
                source = None;
            }
            Err(panic) => return Err(Error::failed("copy_panicked", panic.to_string())),
        }
    }
    means.halt.check()?;
    debug_assert!(carrier.ledger(|ledger| ledger.copy_is_complete()));
    Ok(Copied { rows: meter.finish() })
}

/// Finds the chunks' bounds, one ahead of the workers.
async fn walk(
    mut trials: Trials,
    mut walker: Walker,
    size: Arc<ChunkSize>,
    ahead: mpsc::Sender<Range>,
) -> Result<()> {
    let mut session = trials.session().await?;
    while let Some(range) = next(&mut walker, &mut trials, &mut session, &size).await? {
        if ahead.send(range).await.is_err() {
            break; // The workers have stopped, and say why themselves.
        }
    }
    session.close().await
}

/// An error is never taken for the end of the table: only an answer is.
async fn next(
    walker: &mut Walker,
    trials: &mut Trials,
    session: &mut Session,
    size: &ChunkSize,
) -> Result<Option<Range>> {
    loop {
        match walker.next(session, size.rows()).await {
            Ok(range) => {
                trials.over();
                return Ok(range);
            }
            Err(error) => trials.again(&error, session).await?,
        }
    }
}

/// A worker and what it shares with the others.
struct Hand {
    /// From 0: the higher, the sooner it has to rest.
    number: usize,
    worker: ChunkWorker,
    source: Source,
    size: Arc<ChunkSize>,
    pace: Pace,
    copied: Arc<AtomicU64>,
    nothing_left: CancellationToken,
}

impl Hand {
    async fn work(mut self) -> Result<()> {
        loop {
            self.pace.ready(self.number, &self.nothing_left).await?;
            let next = self.source.next(self.worker.carrier()).await;
            let Some((chunk, range)) = next else { break };
            let begun = Instant::now();
            let (rows, took) = self.worker.copy(chunk, &range).await?;
            self.size.observe(rows, took, &self.pace.effort());
            self.copied.fetch_add(rows, Ordering::Relaxed);
            self.pace.rest(begun.elapsed(), &self.nothing_left).await;
        }
        self.nothing_left.cancel();
        self.worker.close().await
    }
}

impl Source {
    /// The next chunk, which the ledger knows as started.
    async fn next(&self, carrier: &Carrier) -> Option<(ChunkNo, Range)> {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if begun.is_some() {
            return begun;
        }
        // Taken and recorded in one breath.
        let mut ranges = self.ranges.lock().await;
        let range = ranges.recv().await?;
        let number = carrier.ledger(|ledger| ledger.start_chunk(range.upto.clone()));
        Some((number, range))
    }
}
