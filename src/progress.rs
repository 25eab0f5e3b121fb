//! How far a stage is, said about once a second.

mod space;
mod speed;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::copy::ChunkSize;
use crate::error::Result;
use crate::event::{Event, Progress, Stage};
use crate::means::Means;
use crate::refresh::Carrier;
use crate::schema::Pair;

use space::KeySpace;
use speed::Speed;

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
    /// Starts counting at `done`. With a pair whose original is walked in the order of its key, the
    /// ledger's mark tells how far that is.
    pub fn start(
        stage: Stage,
        walked: Option<&Pair>,
        rows_estimate: u64,
        done: u64,
        means: &Means,
        carrier: &Carrier,
        size: &Arc<ChunkSize>,
    ) -> Self {
        let rows = Arc::new(AtomicU64::new(done));
        let teller = Teller {
            stage,
            rows_estimate,
            rows: Arc::clone(&rows),
            carrier: carrier.clone(),
            means: means.clone(),
            size: Arc::clone(size),
            space: None,
            furthest: 0.0,
        };
        let walked = walked.cloned();
        Self { rows, teller: tokio::spawn(teller.tell(walked)) }
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
    rows_estimate: u64,
    rows: Arc<AtomicU64>,
    carrier: Carrier,
    means: Means,
    size: Arc<ChunkSize>,
    /// Where it is known, it counts rather than rows.
    space: Option<KeySpace>,
    furthest: f64,
}

impl Teller {
    async fn tell(mut self, walked: Option<Pair>) {
        if let Some(pair) = walked {
            self.space = self.look_at(&pair).await.unwrap_or_else(|error| {
                tracing::debug!(%error, "the ends of the key are not known");
                None
            });
        }
        let mut speed = Speed::default();
        loop {
            let (rows, fraction) = (self.rows.load(Ordering::Relaxed), self.fraction());
            speed.note(Instant::now(), rows, fraction);
            tokio::time::sleep(SAY_EVERY).await;
            let (rows, fraction) = (self.rows.load(Ordering::Relaxed), self.fraction());
            speed.note(Instant::now(), rows, fraction);
            self.means.events.say(Event::Progress(Progress {
                stage: self.stage,
                rows,
                rows_estimate: self.rows_estimate.max(rows),
                fraction,
                exact: self.space.is_some(),
                rows_per_second: speed.rows_per_second(),
                eta_seconds: speed.seconds_left(),
                backlog: self.carrier.ledger(|ledger| ledger.backlog()),
                lag_ms: crate::event::millis(self.carrier.lag()),
                chunk_rows: self.size.rows(),
                chunk_ms: self.size.took_ms(),
                workers: self.means.pace.effort().workers,
            }));
        }
    }

    async fn look_at(&self, pair: &Pair) -> Result<Option<KeySpace>> {
        let mut session = self.means.server.session().await?;
        let space = KeySpace::of(&mut session, &pair.original, &pair.mapping.key).await?;
        session.close().await?;
        Ok(space)
    }

    /// Never backwards, though the end may move away.
    fn fraction(&mut self) -> Option<f64> {
        let now = match self.space {
            Some(space) => self
                .carrier
                .ledger(|ledger| ledger.mark().and_then(|mark| space.upto(mark)))
                .unwrap_or_default(),
            None => of_rows(self.rows.load(Ordering::Relaxed), self.rows_estimate)?,
        };
        self.furthest = self.furthest.max(now);
        Some(self.furthest)
    }
}

/// At most 1, whatever statistics say.
#[allow(clippy::cast_precision_loss)] // people read it
fn of_rows(rows: u64, estimate: u64) -> Option<f64> {
    (estimate > 0).then(|| (rows as f64 / estimate as f64).min(1.0))
}
