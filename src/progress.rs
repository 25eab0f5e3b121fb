//! How far a stage is, said about once a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::copy::ChunkSize;
use crate::event::{Event, Progress, Stage};
use crate::means::Means;
use crate::refresh::Carrier;

const SAY_EVERY: Duration = Duration::from_secs(1);

/// Counts a stage's rows and says how far it is until it is dropped.
#[derive(Debug)]
pub struct Meter {
    rows: Arc<AtomicU64>,
    teller: JoinHandle<()>,
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.teller.abort();
    }
}

impl Meter {
    /// Starts counting at `done`.
    pub fn start(
        stage: Stage,
        rows_estimate: u64,
        done: u64,
        means: &Means,
        carrier: &Carrier,
        size: &Arc<ChunkSize>,
    ) -> Self {
        let rows = Arc::new(AtomicU64::new(done));
        let teller = Teller {
            stage,
            done,
            rows_estimate,
            rows: Arc::clone(&rows),
            carrier: carrier.clone(),
            means: means.clone(),
            size: Arc::clone(size),
        };
        Self { rows, teller: tokio::spawn(teller.tell()) }
    }

    /// The counter, for the workers.
    pub fn rows(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.rows)
    }

    /// Ends; gives the rows counted.
    pub fn finish(self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }
}

struct Teller {
    stage: Stage,
    /// Rows that were there at the start: they say nothing of the rate.
    done: u64,
    rows_estimate: u64,
    rows: Arc<AtomicU64>,
    carrier: Carrier,
    means: Means,
    size: Arc<ChunkSize>,
}

impl Teller {
    async fn tell(self) {
        let started = Instant::now();
        loop {
            tokio::time::sleep(SAY_EVERY).await;
            let rows = self.rows.load(Ordering::Relaxed);
            let rate = rate(rows - self.done, started.elapsed());
            self.means.events.say(Event::Progress(Progress {
                stage: self.stage,
                rows,
                rows_estimate: self.rows_estimate.max(rows),
                rows_per_second: rate,
                eta_seconds: eta(self.rows_estimate.saturating_sub(rows), rate),
                backlog: self.carrier.ledger(|ledger| ledger.backlog()),
                lag_ms: crate::event::millis(self.carrier.lag()),
                chunk_rows: self.size.rows(),
                workers: self.means.pace.effort().workers,
            }));
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn rate(rows: u64, elapsed: Duration) -> f64 {
    rows as f64 / elapsed.as_secs_f64().max(0.001)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn eta(left: u64, rate: f64) -> Option<u64> {
    (rate >= 1.0).then(|| (left as f64 / rate).ceil() as u64)
}
