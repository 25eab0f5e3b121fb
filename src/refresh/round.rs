//! Rounds: take all that is pending, decide, fence, refresh in parallel, wait for all.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::batch::{BATCH, Step};
use super::{Carrier, locate};
use crate::capture::{Acknowledge, Receipt};
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::ledger::{Entry, Fate};
use crate::means::Means;
use crate::mysql::{Fault, Server, Session};
use crate::schema::{Key, Pair};

/// How long keys may gather before a round begins: changes of one key collapse meanwhile.
const GATHER: Duration = Duration::from_millis(50);
/// The pause after a round that found nothing to do, so that waiting for a chunk does not spin.
const NOTHING_TO_DO: Duration = Duration::from_millis(10);
/// A transaction costs a write to disk: fewer keys than this are not split among connections.
const SMALLEST_BATCH: usize = 100;
/// While values of a unique key go round in the application, all rows of a round are removed before
/// any is carried over; until so many rounds have gone without a conflict.
const CALM_AFTER: u32 = 20;
/// How often what is carried over is acknowledged.
const ACKNOWLEDGE_EVERY: Duration = Duration::from_secs(1);

/// The task that runs rounds; it owns its connections.
pub(super) struct Rounds {
    pub(super) server: Server,
    pub(super) pair: Pair,
    pub(super) journal: Journal,
    carrier: Carrier,
    acknowledge: Acknowledge,
    /// The first one also asks, tries again and acknowledges.
    pub(super) sessions: Vec<Session>,
    /// How often each key has failed by a taken unique value, round after round.
    pub(super) conflicts: HashMap<Key, u32>,
    /// Rounds since one in which a batch failed.
    calm_for: u32,
    /// What is carried over and could not be acknowledged yet.
    owed: Option<Receipt>,
    acknowledged: Instant,
}

impl Rounds {
    pub(super) async fn open(
        means: &Means,
        pair: &Pair,
        acknowledge: Acknowledge,
        carrier: Carrier,
    ) -> Result<Self> {
        let mut sessions = Vec::new();
        for _ in 0..means.pace.effort().workers.max(1) {
            sessions.push(means.server.session().await?);
        }
        Ok(Self {
            server: means.server.clone(),
            pair: pair.clone(),
            journal: means.journal.clone(),
            carrier,
            acknowledge,
            sessions,
            conflicts: HashMap::new(),
            calm_for: CALM_AFTER,
            owed: None,
            acknowledged: Instant::now(),
        })
    }

    /// Runs until the carrier is closed or the run halts.
    pub(super) async fn run(mut self) {
        while !self.carrier.is_closed() {
            let hurry = tokio::select! {
                () = self.carrier.hurried() => true,
                () = self.carrier.entered() => false,
                () = tokio::time::sleep(ACKNOWLEDGE_EVERY) => false,
                () = self.carrier.closed() => return,
                _ = self.carrier.halt().stopped() => return,
            };
            if !hurry {
                tokio::time::sleep(GATHER).await;
            }
            match self.round(hurry).await {
                Ok(0) => tokio::time::sleep(NOTHING_TO_DO).await,
                Ok(_) => {}
                Err(error) => {
                    self.carrier.halt().stop(error.during("carrying changed rows over"));
                    return;
                }
            }
        }
    }

    /// One round; gives the number of keys that it carried over or forgot.
    async fn round(&mut self, hurry: bool) -> Result<usize> {
        let mut settled = 0;
        let carrier = self.carrier.clone();
        let turn = carrier.take_turn().await;
        if let Some(round) = carrier.ledger(crate::ledger::Ledger::take_round) {
            let segments =
                locate::segments(&mut self.sessions[0], &self.pair.mapping.key, &round).await?;
            let mut covered = Vec::new();
            let mut back = Vec::new();
            for ((key, entry), segment) in round.entries.iter().zip(segments) {
                match round.frontier.fate(segment, *entry) {
                    Fate::Refresh => covered.push((key.clone(), *entry)),
                    Fate::Forget => {}
                    Fate::Keep => back.push((key.clone(), *entry)),
                }
            }
            if !covered.is_empty() {
                carrier.fence().await?;
                back.extend(self.refresh(covered).await?);
            }
            settled = round.entries.len() - back.len();
            carrier.ledger(|ledger| ledger.close_round(back));
        }
        drop(turn);
        carrier.round_ended();
        // Who is in a hurry may be about to lock, and read what is not acknowledged once more.
        if hurry || self.acknowledged.elapsed() >= ACKNOWLEDGE_EVERY {
            self.acknowledge().await?;
        }
        Ok(settled)
    }

    /// Refreshes keys in parallel batches, waits for all, then tries the failed ones again with
    /// nothing beside them. Gives those that still fail by contention or by a unique value that is
    /// taken for now.
    async fn refresh(&mut self, mut keys: Vec<(Key, Entry)>) -> Result<Vec<(Key, Entry)>> {
        keys.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let entries: HashMap<Key, Entry> = keys.iter().cloned().collect();
        let keys: Vec<Key> = keys.into_iter().map(|(key, _)| key).collect();
        if self.calm_for < CALM_AFTER {
            // What fails here fails or passes below.
            self.in_parallel(Step::Remove, &keys).await?;
        }
        let failed = self.in_parallel(Step::CarryOver, &keys).await?;
        self.calm_for = if failed.is_empty() { self.calm_for.saturating_add(1) } else { 0 };
        let back = self.again(failed).await?;
        Ok(back.into_iter().map(|key| (key.clone(), entries[&key])).collect())
    }

    /// Takes a step for all keys in batches, one transaction each, with all connections; gives the
    /// keys that were left out or whose batch failed.
    async fn in_parallel(&mut self, step: Step, keys: &[Key]) -> Result<Vec<Key>> {
        let size = keys.len().div_ceil(self.sessions.len()).clamp(SMALLEST_BATCH, BATCH);
        let queue = Mutex::new(keys.chunks(size).collect::<VecDeque<_>>());
        let (server, journal, pair) = (&self.server, &self.journal, &self.pair);
        let hands = self.sessions.iter_mut().map(|session| {
            let queue = &queue;
            async move {
                let mut failed = Vec::new();
                while let Some(batch) = next(queue) {
                    match step.take(session, journal, pair, batch).await {
                        Ok(left_out) => failed.extend(left_out.into_iter().map(|(key, _)| key)),
                        Err(error) => {
                            tracing::debug!(%error, keys = batch.len(), "a batch is tried again");
                            failed.extend_from_slice(batch);
                            if Fault::of(&error) == Fault::Lost {
                                *session = server.reconnect().await?;
                            }
                        }
                    }
                }
                Ok::<_, Error>(failed)
            }
        });
        // The barrier: nothing is tried again, and no next round begins, before all have ended.
        let failed = join_all(hands).await.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(failed.concat())
    }

    async fn acknowledge(&mut self) -> Result<()> {
        self.acknowledged = Instant::now();
        let settled = self.carrier.settled();
        let receipt = match (self.owed.take(), settled) {
            (Some(mut owed), Some(later)) => {
                owed.absorb(later);
                owed
            }
            (Some(receipt), None) | (None, Some(receipt)) => receipt,
            (None, None) => return Ok(()),
        };
        let Err(error) = self.acknowledge.take(&mut self.sessions[0], &receipt).await else {
            return Ok(());
        };
        match Fault::of(&error) {
            // Such as an application that holds its tables locked, and with them the log.
            Fault::Contention => {}
            Fault::Lost => self.sessions[0] = self.server.reconnect().await?,
            Fault::Duplicate | Fault::Definite => return Err(error),
        }
        tracing::debug!(%error, "acknowledging later");
        self.owed = Some(receipt);
        Ok(())
    }
}

fn next<'k>(queue: &Mutex<VecDeque<&'k [Key]>>) -> Option<&'k [Key]> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}
