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

use compare::{Comparison, Scope};
use report::differs;
use work::{Crew, Source};

pub(crate) use convert::lookup;

use crate::copy::{ChunkSize, Copied};
use crate::error::Result;
use crate::event::Stage;
use crate::ledger::{Ledger, Tick};
use crate::means::Means;
use crate::mysql::Session;
use crate::progress::Meter;
use crate::refresh::Carrier;
use crate::schema::{Key, Pair};
use crate::walk::Walker;

/// Keys of one comparison by list.
const KEYS_AT_ONCE: usize = 1000;
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
    let size = Arc::new(ChunkSize::new(means.pace.effort()));
    let meter = Meter::start(Stage::Verify, copied.rows(), means, carrier, &size);
    let crew = Crew { means: means.clone(), comparison, size };

    carrier.ledger(Ledger::watch);
    carrier.settle().await?;
    let dirty_since = carrier.ledger(|ledger| ledger.safe());
    let walker = Walker::new(pair.original.clone(), pair.mapping.key.clone(), None);
    crew.work(Source::Original(walker), carrier, &meter.rows()).await?;
    if let Some(key) = crew.comparison.shadow_key() {
        let walker = Walker::new(pair.shadow.clone(), key.clone(), None);
        crew.work(Source::Shadow(walker), carrier, &meter.rows()).await?;
    }
    let mut verified = Verified { crew, rows: meter.finish(), dirty_since };
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
            self.crew.work(Source::of_keys(&dirty), carrier, &Arc::default()).await?;
            self.dirty_since = now;
        }
    }

    /// Compares what is still dirty in the swap's locked session, where nobody can change it:
    /// capture must have reached a fence behind the lock, and all must have been carried over.
    /// Reads only.
    pub async fn under_lock(&mut self, session: &mut Session, carrier: &Carrier) -> Result<()> {
        for keys in self.dirty(carrier).chunks(KEYS_AT_ONCE) {
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
