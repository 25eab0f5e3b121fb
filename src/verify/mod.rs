//! Proves that the shadow holds exactly what the original becomes, while the application writes.
//!
//! Every row is compared, on the server, by a join over the key ([`compare`]), in short snapshots
//! behind fences ([`prove`]). A row is then proved equal and untouched since, or it is dirty: dirty
//! rows are compared again and again until few are left, and those last ones under the swap's lock.
//! Nothing is ever repaired: a difference means that a proof failed.

mod compare;
mod convert;
mod equal;
mod members;
mod prove;
mod report;
mod work;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio_util::sync::CancellationToken;

use compare::{Comparison, Scope};
use report::differs;
use work::{Crew, Source};

pub(crate) use convert::lookup;

use crate::copy::{ChunkSize, Copied};
use crate::error::Result;
use crate::event::Stage;
use crate::ledger::Tick;
use crate::means::Means;
use crate::mysql::Session;
use crate::progress::Meter;
use crate::refresh::Carrier;
use crate::schema::{Key, Pair, portions};
use crate::walk::Walker;

/// Keys of one comparison by list.
const KEYS_AT_ONCE: usize = 1000;
/// Bytes of dirty keys that may be remembered: some 300,000 keys of one integer.
const MOST_DIRTY: usize = 32 << 20;
/// So few dirty keys are left to the swap's lock.
const FEW: usize = 1000;

/// Two tables that were compared whole: equal, but for keys that changed since. Only [`tables`]
/// makes one, and only the swap takes it.
#[derive(Debug)]
pub struct Verified {
    crew: Crew,
    rows: u64,
    dirty_since: Tick,
}

/// Compares all rows, then the dirty ones until few are left or they do not get fewer.
///
/// Rows that differ without having changed are an error of kind
/// [`Differs`](crate::error::Kind::Differs) that names them.
pub async fn tables(
    means: &Means,
    pair: &Pair,
    carrier: &Carrier,
    copied: Copied,
) -> Result<Verified> {
    let comparison = Arc::new(Comparison::new(means.server.facts().flavour, pair.clone())?);
    let size = Arc::new(ChunkSize::new(&means.settings.effort()));
    let meter = Meter::start(Stage::Verify, None, copied.rows(), 0, means, carrier, &size);
    let crew = Crew { means: means.clone(), comparison, size };

    carrier.watch();
    carrier.settle().await?;
    let dirty_since = carrier.ledger(|ledger| ledger.safe());
    let mut verified = Verified { crew, rows: 0, dirty_since };
    verified.passes(pair, carrier, &meter.rows(), &CancellationToken::new()).await?;
    verified.rows = meter.finish();
    verified.keep_up(carrier).await?;
    Ok(verified)
}

impl Verified {
    /// Rows of the original that were compared.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Compares the dirty keys until few are left, or until they do not get fewer. To be called
    /// before each attempt at the swap, so that little is left to do under its lock.
    pub async fn keep_up(&mut self, carrier: &Carrier) -> Result<()> {
        let mut before = usize::MAX;
        loop {
            carrier.settle().await?;
            // In this order: what is delivered in between is dirty after `now` as well.
            let now = carrier.ledger(|ledger| ledger.safe());
            let dirty = self.dirty(carrier);
            if dirty.len() <= FEW || dirty.len() >= before {
                return Ok(());
            }
            before = dirty.len();
            self.clean(dirty, now, carrier).await?;
        }
    }

    /// Compares all rows once more; whether it came to the end: cancelling `enough` ends it early,
    /// and what was proved before holds all the same, as every change since is remembered.
    pub async fn again(
        &mut self,
        pair: &Pair,
        carrier: &Carrier,
        enough: &CancellationToken,
    ) -> Result<bool> {
        self.passes(pair, carrier, &Arc::default(), enough).await?;
        Ok(!enough.is_cancelled())
    }

    /// Over the original, and over the shadow where its own order needs it.
    async fn passes(
        &mut self,
        pair: &Pair,
        carrier: &Carrier,
        rows: &Arc<AtomicU64>,
        enough: &CancellationToken,
    ) -> Result<()> {
        let walker = Walker::new(pair.original.clone(), pair.mapping.key.clone(), None);
        self.pass(Source::Original(walker), carrier, rows, enough).await?;
        if let Some(key) = self.crew.comparison.shadow_key().cloned() {
            let walker = Walker::new(pair.shadow.clone(), key, None);
            self.pass(Source::Shadow(walker), carrier, rows, enough).await?;
        }
        Ok(())
    }

    /// One pass over all rows. Every key that changes meanwhile is remembered; when these are too
    /// many, they are compared before the pass goes on.
    async fn pass(
        &mut self,
        mut source: Source,
        carrier: &Carrier,
        rows: &Arc<AtomicU64>,
        enough: &CancellationToken,
    ) -> Result<()> {
        let mut most = MOST_DIRTY;
        while let Some(rest) = self.crew.work(source, carrier, rows, most, enough).await? {
            source = rest;
            carrier.settle().await?;
            let now = carrier.ledger(|ledger| ledger.safe());
            let dirty = self.dirty(carrier);
            tracing::debug!(keys = dirty.len(), "too many keys are dirty");
            self.clean(dirty, now, carrier).await?;
            // Some have changed since; the pass must get on all the same.
            most = MOST_DIRTY.max(2 * carrier.ledger(|ledger| ledger.dirty_weight()));
        }
        Ok(())
    }

    /// Compares keys; those that did not change after `now` are dirty no longer.
    async fn clean(&mut self, dirty: Vec<Key>, now: Tick, carrier: &Carrier) -> Result<()> {
        let source = Source::Keys(dirty.into_iter());
        // To the end, or those that were not compared would be forgotten.
        let to_the_end = CancellationToken::new();
        self.crew.work(source, carrier, &Arc::default(), usize::MAX, &to_the_end).await?;
        carrier.ledger(|ledger| ledger.forget_clean(now));
        self.dirty_since = now;
        Ok(())
    }

    /// Compares what is still dirty in the swap's locked session, where nobody can change it:
    /// capture must have reached a fence behind the lock, and all must have been carried over.
    /// Reads only.
    pub async fn under_lock(&mut self, session: &mut Session, carrier: &Carrier) -> Result<()> {
        for keys in portions(&self.dirty(carrier), KEYS_AT_ONCE) {
            let scope = Scope::Keys(keys.to_vec());
            let comparison = &self.crew.comparison;
            let (_, suspects) = prove::differences(session, comparison, &scope).await?;
            if !suspects.is_empty() {
                let keys: Vec<Key> = suspects.into_iter().map(|suspect| suspect.key).collect();
                return Err(differs(session, comparison, &keys).await?);
            }
        }
        Ok(())
    }

    /// The keys that must be compared again, as far as capture has delivered.
    fn dirty(&self, carrier: &Carrier) -> Vec<Key> {
        carrier.ledger(|ledger| ledger.dirty_after(self.dirty_since))
    }
}
