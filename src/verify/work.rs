//! Several connections that share one pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::KEYS_AT_ONCE;
use super::compare::{Comparison, Scope};
use super::prove::{Proved, prove};
use crate::copy::ChunkSize;
use crate::error::{Error, Result};
use crate::means::Means;
use crate::mysql::{Fault, Session};
use crate::refresh::Carrier;
use crate::schema::Key;
use crate::walk::Walker;

/// A proof whose connection is lost (or that waits too long for a table's metadata) is tried anew.
const TRIES: usize = 3;

/// Where the rows of a pass come from.
#[derive(Debug)]
pub(super) enum Source {
    /// All of the original, in its order.
    Original(Walker),
    /// All of the shadow, in its own order.
    Shadow(Walker),
    /// Some keys.
    Keys(std::vec::IntoIter<Vec<Key>>),
}

impl Source {
    pub(super) fn of_keys(keys: &[Key]) -> Self {
        let lists: Vec<Vec<Key>> = keys.chunks(KEYS_AT_ONCE).map(<[Key]>::to_vec).collect();
        Self::Keys(lists.into_iter())
    }

    async fn next(&mut self, session: &mut Session, rows: u64) -> Result<Option<Scope>> {
        Ok(match self {
            Self::Original(walker) => walker.next(session, rows).await?.map(Scope::Range),
            Self::Shadow(walker) => walker.next(session, rows).await?.map(Scope::ShadowRange),
            Self::Keys(lists) => lists.next().map(Scope::Keys),
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
    /// One pass over the source; the original's rows in its ranges are added to `rows`. An error
    /// stops the run, so that the others end after what they are at.
    pub(super) async fn work(
        &self,
        source: Source,
        carrier: &Carrier,
        rows: &Arc<AtomicU64>,
    ) -> Result<()> {
        let source = Arc::new(Mutex::new(source));
        let mut hands = JoinSet::new();
        for number in 0..self.means.pace.effort().workers {
            let hand = Hand {
                number,
                crew: self.clone(),
                session: self.means.server.session().await?,
                carrier: carrier.clone(),
                rows: Arc::clone(rows),
            };
            hands.spawn(hand.compare_all(Arc::clone(&source)));
        }
        while let Some(ended) = hands.join_next().await {
            let ended =
                ended.map_err(|panic| Error::failed("verify_panicked", panic.to_string()))?;
            if let Err(error) = ended {
                self.means.halt.stop(error);
            }
        }
        self.means.halt.check()
    }
}

/// One connection of the crew.
#[derive(Debug)]
struct Hand {
    number: usize,
    crew: Crew,
    session: Session,
    carrier: Carrier,
    rows: Arc<AtomicU64>,
}

impl Hand {
    async fn compare_all(mut self, source: Arc<Mutex<Source>>) -> Result<()> {
        let pace = self.crew.means.pace.clone();
        let size = Arc::clone(&self.crew.size);
        loop {
            pace.ready(self.number).await?;
            let next = source.lock().await.next(&mut self.session, size.rows()).await?;
            let Some(scope) = next else { break };
            let proved = self.compare(&scope).await?;
            if matches!(scope, Scope::Range(_)) {
                size.observe(proved.rows, proved.took);
            }
            self.rows.fetch_add(proved.rows, Ordering::Relaxed);
        }
        pace.release();
        self.session.close().await
    }

    async fn compare(&mut self, scope: &Scope) -> Result<Proved> {
        let mut tries = 1;
        loop {
            let comparison = &self.crew.comparison;
            let error = match prove(&mut self.session, comparison, &self.carrier, scope).await {
                Ok(proved) => return Ok(proved),
                Err(error) => error,
            };
            match Fault::of(&error) {
                Fault::Lost if tries < TRIES => {
                    self.session = self.crew.means.server.reconnect().await?;
                }
                Fault::Contention if tries < TRIES => {}
                _ => return Err(error),
            }
            tries += 1;
        }
    }
}
