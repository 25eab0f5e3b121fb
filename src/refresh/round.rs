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
    means: Means,
    /// Whether it was said that replicas are spared.
    has_said: bool,
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
        let mut rounds = Self {
            pair: pair.clone(),
            journal: means.journal.clone(),
            carrier,
            acknowledge,
            hands: vec![Hand::open(means).await?],
            conflicts: HashMap::new(),
            calm_for: CALM_AFTER,
            means: means.clone(),
            has_said: false,
            owed: None,
            acknowledged: Instant::now(),
        };
        rounds.assemble().await?;
        Ok(rounds)
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
                self.assemble().await?;
                carrier.fence().await?;
                back.extend(self.refresh(covered, hurry).await?);
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
    async fn refresh(
        &mut self,
        mut keys: Vec<(Key, Entry)>,
        hurry: bool,
    ) -> Result<Vec<(Key, Entry)>> {
        keys.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let (keys, entries): (Vec<Key>, Vec<Entry>) = keys.into_iter().unzip();
        let softly = !hurry && self.is_to_spare();
        if self.calm_for < CALM_AFTER {
            // What fails here fails or passes below.
            self.in_parallel(Step::Remove, &keys, softly).await?;
        }
        let failed = self.in_parallel(Step::CarryOver, &keys, softly).await?;
        self.calm_for = if failed.is_empty() { self.calm_for.saturating_add(1) } else { 0 };
        let back = self.again(failed).await?;
        let back: HashMap<Key, Entry> = back
            .into_iter()
            .filter_map(|key| keys.binary_search(&key).ok().map(|index| (key, entries[index])))
            .collect();
        self.conflicts.retain(|key, _| back.contains_key(key) || keys.binary_search(key).is_err());
        Ok(back.into_iter().collect())
    }

    /// As many hands as there may be workers, which may be more or fewer than at the last round.
    async fn assemble(&mut self) -> Result<()> {
        let wanted = self.means.settings.effort().workers.max(1);
        while self.hands.len() > wanted
            && let Some(hand) = self.hands.pop()
        {
            // It has nothing to lose; its connection may be lost already.
            if let Err(error) = hand.session.close().await {
                tracing::debug!(%error, "a connection that is needed no more");
            }
        }
        while self.hands.len() < wanted {
            self.hands.push(Hand::open(&self.means).await?);
        }
        Ok(())
    }

    /// Whether replicas need rest from refresh, too: not at the price of holding capture back. Says so
    /// when it is so for the first time.
    fn is_to_spare(&mut self) -> bool {
        let spares = self.means.pace.spares_replicas() && !self.carrier.is_half_pressed();
        if spares && !self.has_said {
            self.has_said = true;
            self.means.events.warn(
                "refresh_slowed",
                "replicas stay too far behind while the copy rests, so that changed rows are \
                 carried over more slowly, too",
                Some("see what keeps the replicas from catching up, or raise `--max-lag`"),
            );
        }
        spares
    }

    /// Takes a step for all keys in batches, one transaction each, with all connections, or softly:
    /// with one, which rests after each for as long as it took. Gives the keys that were left out or
    /// whose batch failed.
    async fn in_parallel(&mut self, step: Step, keys: &[Key], softly: bool) -> Result<Vec<Key>> {
        let hands = if softly { 1 } else { self.hands.len() };
        let size = keys.len().div_ceil(hands).clamp(SMALLEST_BATCH, BATCH);
        let queue = Mutex::new(VecDeque::from(portions(keys, size)));
        let (journal, pair) = (&self.journal, &self.pair);
        let hands = self.hands.iter_mut().take(hands).map(|hand| {
            let queue = &queue;
            async move {
                let mut failed = Vec::new();
                while let Some(batch) = next(queue) {
                    let begun = Instant::now();
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
                    if softly {
                        tokio::time::sleep(begun.elapsed()).await;
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
