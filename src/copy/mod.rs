//! Every row of the original is carried over in chunks, by several connections at once.
//!
//! A chunk is recorded as started in the ledger, then a fence is committed, then its one statement
//! runs (READ COMMITTED, no locking clause): the application is never blocked by it.

mod chunk;
mod cut;
mod remainder;
mod size;

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

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
    let size = Arc::new(ChunkSize::new(means.pace.effort()));
    let meter = Meter::start(Stage::Copy, rows_estimate, left.rows, means, carrier, &size);
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
    for number in 0..means.pace.effort().workers {
        let worker = ChunkWorker::open(means, pair, carrier).await?;
        let (source, size, pace) = (source.clone(), Arc::clone(&size), means.pace.clone());
        tasks.spawn(work(number, worker, source, size, pace, meter.rows()));
    }
    drop(source);

    // A failing worker stops the run: the others end after their transaction.
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.map_err(|panic| Error::failed("copy_panicked", panic.to_string()))?;
        if let Err(error) = ended {
            means.halt.stop(error);
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

async fn work(
    number: usize,
    mut worker: ChunkWorker,
    source: Source,
    size: Arc<ChunkSize>,
    pace: Pace,
    copied: Arc<std::sync::atomic::AtomicU64>,
) -> Result<()> {
    loop {
        pace.ready(number).await?;
        let Some((chunk, range)) = source.next(worker.carrier()).await else { break };
        let (rows, took) = worker.copy(chunk, &range).await?;
        size.observe(rows, took);
        copied.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
    }
    pace.release();
    worker.close().await
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
