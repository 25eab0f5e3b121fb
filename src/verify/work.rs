//! Several connections that share one pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::KEYS_AT_ONCE;
use super::compare::{Comparison, Scope};
use super::prove::{Proved, prove};
use crate::copy::ChunkSize;
use crate::error::{Error, Result};
use crate::means::Means;
use crate::mysql::{Session, Trials};
use crate::refresh::Carrier;
use crate::schema::{Key, portions};
use crate::walk::Walker;

/// Where the rows of a pass come from.
#[derive(Debug)]
pub(super) enum Source {
    /// All of the original, in its order.
    Original(Walker),
    /// All of the shadow, in its own order.
    Shadow(Walker),
    /// Some keys.
    Keys(std::vec::IntoIter<Key>),
}

impl Source {
    async fn next(&mut self, session: &mut Session, rows: u64) -> Result<Option<Scope>> {
        Ok(match self {
            Self::Original(walker) => walker.next(session, rows).await?.map(Scope::Range),
            Self::Shadow(walker) => walker.next(session, rows).await?.map(Scope::ShadowRange),
            Self::Keys(keys) => {
                let few = keys.as_slice().len().min(KEYS_AT_ONCE);
                let portions = portions(&keys.as_slice()[..few], few);
                let next = portions.first().map_or(0, |portion| portion.len());
                let next: Vec<Key> = keys.take(next).collect();
                (!next.is_empty()).then_some(Scope::Keys(next))
            }
        })
    }
}

/// Those who compare, all with the same handles.
#[derive(Debug, Clone)]
pub(super) struct Crew {
    pub(super) means: Means,
    pub(super) comparison: Arc<Comparison>,
    pub(super) size: Arc<ChunkSize>,
}

impl Crew {
    /// One pass over the source; the original's rows in its ranges are added to `rows`. It ends
    /// early, and gives what is left of the source, when dirty keys weigh more than `most`; it ends
    /// early for good when it is `enough`. An error stops the run, so that the others end after what
    /// they are at.
    pub(super) async fn work(
        &self,
        source: Source,
        carrier: &Carrier,
        rows: &Arc<AtomicU64>,
        most: usize,
        enough: &CancellationToken,
    ) -> Result<Option<Source>> {
        let source = Arc::new(Mutex::new(source));
        let mut hands = JoinSet::new();
        let nothing_left = enough.child_token();
        let mut settings = self.means.settings.watch();
        let (mut workers, mut is_early, mut more_may_come) = (0, false, true);
        loop {
            // More of them may be asked for while they work.
            while more_may_come && workers < settings.borrow_and_update().effort.workers {
                let hand = Hand::open(self, workers, carrier, rows, &nothing_left, enough).await?;
                hands.spawn(hand.compare_all(Arc::clone(&source), most));
                workers += 1;
            }
            let ended = tokio::select! {
                ended = hands.join_next() => ended,
                changed = settings.changed(), if more_may_come => {
                    more_may_come = changed.is_ok();
                    continue;
                }
            };
            let Some(ended) = ended else { break };
            let ended =
                ended.map_err(|panic| Error::failed("verify_panicked", panic.to_string()))?;
            match ended {
                Ok(early) => is_early |= early,
                Err(error) => self.means.halt.stop(error),
            }
            // Whoever ends has found nothing left, or stops the run.
            more_may_come = false;
        }
        self.means.halt.check()?;
        Ok(Arc::into_inner(source).map(Mutex::into_inner).filter(|_| is_early))
    }
}

/// One connection of the crew.
#[derive(Debug)]
struct Hand {
    number: usize,
    crew: Crew,
    session: Session,
    trials: Trials,
    carrier: Carrier,
    rows: Arc<AtomicU64>,
    nothing_left: CancellationToken,
    enough: CancellationToken,
}

impl Hand {
    async fn open(
        crew: &Crew,
        number: usize,
        carrier: &Carrier,
        rows: &Arc<AtomicU64>,
        nothing_left: &CancellationToken,
        enough: &CancellationToken,
    ) -> Result<Self> {
        let Means { server, halt, .. } = &crew.means;
        let mut trials = Trials::new(server, halt, "comparing rows");
        Ok(Self {
            number,
            crew: crew.clone(),
            session: trials.session().await?,
            trials,
            carrier: carrier.clone(),
            rows: Arc::clone(rows),
            nothing_left: nothing_left.clone(),
            enough: enough.clone(),
        })
    }

    /// Whether it ended early, because dirty keys weigh more than `most`.
    async fn compare_all(mut self, source: Arc<Mutex<Source>>, most: usize) -> Result<bool> {
        let pace = self.crew.means.pace.clone();
        let size = Arc::clone(&self.crew.size);
        let mut is_early = false;
        while !is_early {
            pace.ready(self.number, &self.nothing_left).await?;
            if self.enough.is_cancelled() {
                break;
            }
            let Some(scope) = self.next(&source, size.rows()).await? else { break };
            let begun = Instant::now();
            let proved = self.compare(&scope).await?;
            if matches!(scope, Scope::Range(_)) {
                size.observe(proved.rows, proved.took, &pace.effort());
            }
            self.rows.fetch_add(proved.rows, Ordering::Relaxed);
            is_early = self.carrier.ledger(|ledger| ledger.dirty_weight()) > most;
            pace.rest(begun.elapsed(), &self.nothing_left).await;
        }
        self.nothing_left.cancel();
        self.session.close().await.map(|()| is_early)
    }

    /// An error is never taken for the end of the table: only an answer is.
    async fn next(&mut self, source: &Mutex<Source>, rows: u64) -> Result<Option<Scope>> {
        loop {
            let next = source.lock().await.next(&mut self.session, rows).await;
            match next {
                Ok(scope) => {
                    self.trials.over();
                    return Ok(scope);
                }
                Err(error) => self.trials.again(&error, &mut self.session).await?,
            }
        }
    }

    /// A proof that fails is made anew as a whole, in a snapshot of its own.
    async fn compare(&mut self, scope: &Scope) -> Result<Proved> {
        loop {
            let comparison = &self.crew.comparison;
            match prove(&mut self.session, comparison, &self.carrier, scope).await {
                Ok(proved) => {
                    self.trials.over();
                    return Ok(proved);
                }
                Err(error) => self.trials.again(&error, &mut self.session).await?,
            }
        }
    }
}
