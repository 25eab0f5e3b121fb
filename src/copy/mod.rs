//! Every row of the original is carried over in chunks, by several connections at once.
//!
//! A chunk is recorded as started in the ledger, then a fence is committed, then its one statement
//! runs (READ COMMITTED, no locking clause): the application is never blocked by it.

mod chunk;
mod cut;
mod size;

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::event::Stage;
use crate::ledger::ChunkNo;
use crate::means::Means;
use crate::mysql::Server;
use crate::pace::Pace;
use crate::progress::Meter;
use crate::refresh::Carrier;
use crate::schema::Pair;
use crate::walk::{Range, Walker};

pub use size::ChunkSize;

use chunk::ChunkWorker;

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

/// Where the workers get their chunks from; holding it keeps numbers in the order of ranges.
type Ranges = Arc<Mutex<mpsc::Receiver<Range>>>;

/// Copies the whole original; `rows_estimate` is for progress only.
pub async fn rows(
    means: &Means,
    pair: &Pair,
    rows_estimate: u64,
    carrier: &Carrier,
) -> Result<Copied> {
    let size = Arc::new(ChunkSize::new(means.pace.effort()));
    let meter = Meter::start(Stage::Copy, rows_estimate, means, carrier, &size);
    let mut tasks = JoinSet::new();

    let (ahead, ranges) = mpsc::channel(1);
    let ranges = Arc::new(Mutex::new(ranges));
    tasks.spawn(walk(means.server.clone(), pair.clone(), Arc::clone(&size), ahead));
    for number in 0..means.pace.effort().workers {
        let worker = ChunkWorker::open(means, pair, carrier).await?;
        let (ranges, size, pace) = (Arc::clone(&ranges), Arc::clone(&size), means.pace.clone());
        tasks.spawn(work(number, worker, ranges, size, pace, meter.rows()));
    }
    drop(ranges);

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
    server: Server,
    pair: Pair,
    size: Arc<ChunkSize>,
    ahead: mpsc::Sender<Range>,
) -> Result<()> {
    let mut session = server.session().await?;
    let mut walker = Walker::new(pair.original, pair.mapping.key, None);
    while let Some(range) = walker.next(&mut session, size.rows()).await? {
        if ahead.send(range).await.is_err() {
            break; // The workers have stopped, and say why themselves.
        }
    }
    session.close().await
}

async fn work(
    number: usize,
    mut worker: ChunkWorker,
    ranges: Ranges,
    size: Arc<ChunkSize>,
    pace: Pace,
    copied: Arc<std::sync::atomic::AtomicU64>,
) -> Result<()> {
    loop {
        pace.ready(number).await?;
        let Some((chunk, range)) = start_next(&ranges, worker.carrier()).await else { break };
        let (rows, took) = worker.copy(chunk, &range).await?;
        size.observe(rows, took);
        copied.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
    }
    pace.release();
    worker.close().await
}

/// Takes the next range and records it as started, in one breath.
async fn start_next(ranges: &Ranges, carrier: &Carrier) -> Option<(ChunkNo, Range)> {
    let mut ranges = ranges.lock().await;
    let range = ranges.recv().await?;
    let number = carrier.ledger(|ledger| ledger.start_chunk(range.upto.clone()));
    Some((number, range))
}
