//! Rounds: take of what is pending, decide, fence, refresh in parallel, wait for all.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::batch::{BATCH, Step};
use super::{Carrier, locate, pressure};
use crate::capture::{Acknowledge, Receipt};
use crate::crash::crash_point;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::ledger::{Entry, Fate, Round};
use crate::means::Means;
use crate::mysql::{Fault, Session, Trials};
use crate::schema::{Key, Pair, portions};

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
    pub(super) pair: Pair,
    pub(super) journal: Journal,
    carrier: Carrier,
    acknowledge: Acknowledge,
    /// The first one also asks, tries again and acknowledges.
    pub(super) hands: Vec<Hand>,
    /// How often each key has failed by a taken unique value, round after round.
    pub(super) conflicts: HashMap<Key, u32>,
    /// Rounds since one in which a batch failed.
    calm_for: u32,
    /// What is carried over and could not be acknowledged yet.
    owed: Option<Receipt>,
    acknowledged: Instant,
}

/// A connection, and its patience.
pub(super) struct Hand {
    pub(super) session: Session,
    pub(super) trials: Trials,
}

impl Hand {
    async fn open(means: &Means) -> Result<Self> {
        let mut trials = Trials::new(&means.server, &means.halt, "carrying changed rows over");
        Ok(Self { session: trials.session().await?, trials })
    }

    /// Makes the next try possible after an error that may pass; else ends the run.
    pub(super) async fn again(&mut self, error: &Error) -> Result<()> {
        self.trials.again(error, &mut self.session).await
    }
}

impl Rounds {
    pub(super) async fn open(
        means: &Means,
        pair: &Pair,
        acknowledge: Acknowledge,
        carrier: Carrier,
    ) -> Result<Self> {
        let mut hands = Vec::new();
        for _ in 0..means.settings.effort().workers.max(1) {
            hands.push(Hand::open(means).await?);
        }
        Ok(Self {
            pair: pair.clone(),
            journal: means.journal.clone(),
            carrier,
            acknowledge,
            hands,
            conflicts: HashMap::new(),
            calm_for: CALM_AFTER,
            owed: None,
            acknowledged: Instant::now(),
        })
    }

    /// Runs until the carrier is closed or the run halts.
    pub(super) async fn run(mut self) {
        while !self.carrier.is_closed() {
            let pressed = self.carrier.is_pressed();
            let go_on = pressed || self.carrier.ledger(|ledger| ledger.is_mid_sweep());
            let hurry = tokio::select! {
                () = std::future::ready(()), if go_on => pressed,
                () = self.carrier.hurried() => true,
                () = self.carrier.entered() => false,
                () = tokio::time::sleep(ACKNOWLEDGE_EVERY) => false,
                () = self.carrier.closed() => return,
                _ = self.carrier.halt().stopped() => return,
            };
            if !hurry && !go_on {
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
        let turn = carrier.next_round_turn().await;
        if let Some(round) = carrier.ledger(|ledger| ledger.take_round(pressure::OF_A_ROUND)) {
            let segments = self.locate(&round).await?;
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

    async fn locate(&mut self, round: &Round<Key>) -> Result<Vec<usize>> {
        let (shape, hand) = (&self.pair.mapping.key, &mut self.hands[0]);
        loop {
            match locate::segments(&mut hand.session, shape, round).await {
                Ok(segments) => return Ok(segments),
                Err(error) => hand.again(&error).await?,
            }
        }
    }

    /// Refreshes keys in parallel batches, waits for all, then tries the failed ones again with
    /// nothing beside them. Gives those that still fail by contention or by a unique value that is
    /// taken for now.
    async fn refresh(&mut self, mut keys: Vec<(Key, Entry)>) -> Result<Vec<(Key, Entry)>> {
        keys.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let (keys, entries): (Vec<Key>, Vec<Entry>) = keys.into_iter().unzip();
        if self.calm_for < CALM_AFTER {
            // What fails here fails or passes below.
            self.in_parallel(Step::Remove, &keys).await?;
        }
        let failed = self.in_parallel(Step::CarryOver, &keys).await?;
        self.calm_for = if failed.is_empty() { self.calm_for.saturating_add(1) } else { 0 };
        let back = self.again(failed).await?;
        let back: HashMap<Key, Entry> = back
            .into_iter()
            .filter_map(|key| keys.binary_search(&key).ok().map(|index| (key, entries[index])))
            .collect();
        self.conflicts.retain(|key, _| back.contains_key(key) || keys.binary_search(key).is_err());
        Ok(back.into_iter().collect())
    }

    /// Takes a step for all keys in batches, one transaction each, with all connections; gives the
    /// keys that were left out or whose batch failed.
    async fn in_parallel(&mut self, step: Step, keys: &[Key]) -> Result<Vec<Key>> {
        let size = keys.len().div_ceil(self.hands.len()).clamp(SMALLEST_BATCH, BATCH);
        let queue = Mutex::new(VecDeque::from(portions(keys, size)));
        let (journal, pair) = (&self.journal, &self.pair);
        let hands = self.hands.iter_mut().map(|hand| {
            let queue = &queue;
            async move {
                let mut failed = Vec::new();
                while let Some(batch) = next(queue) {
                    match step.take(&mut hand.session, journal, pair, batch).await {
                        Ok(left_out) => {
                            hand.trials.over();
                            failed.extend(left_out.into_iter().map(|(key, _)| key));
                        }
                        Err(error) => {
                            tracing::debug!(%error, keys = batch.len(), "a batch is tried again");
                            failed.extend_from_slice(batch);
                            // What is not waited for here is told apart below.
                            if matches!(Fault::of(&error), Fault::Lost | Fault::Later) {
                                hand.again(&error).await?;
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
        crash_point!("position-due");
        let hand = &mut self.hands[0];
        let Err(error) = self.acknowledge.take(&mut hand.session, &receipt).await else {
            crash_point!("position-written");
            self.carrier.owes_nothing();
            return Ok(());
        };
        // An application that holds its tables locked, and with them the log, may do so for long.
        if Fault::of(&error) != Fault::Contention {
            hand.again(&error).await?;
        }
        tracing::debug!(%error, "acknowledging later");
        self.carrier.owes(&receipt);
        self.owed = Some(receipt);
        Ok(())
    }
}

fn next<'k>(queue: &Mutex<VecDeque<&'k [Key]>>) -> Option<&'k [Key]> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}
