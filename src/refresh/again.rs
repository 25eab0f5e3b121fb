//! Keys whose batch failed are tried again, with nothing beside them.

use super::batch::{BATCH, Step};
use super::round::Rounds;
use crate::conflict;
use crate::error::{Error, Result};
use crate::misfit::misfit;
use crate::mysql::Fault;
use crate::schema::{Key, Side, portions};

/// Into about so many parts failed keys are cut within one round.
const MOST_PARTS: usize = 16;
/// Rounds in which a key may meet a taken unique value before the cause is looked for, and again.
const LOOK_FOR_VIOLATION_EVERY: u32 = 5;
/// Rounds after which a conflict that cannot be explained ends the run.
const GIVE_UP_AFTER: u32 = 200;

impl Rounds {
    /// Tries failed keys again; gives those that still fail by something that may pass.
    ///
    /// Their rows are removed first, all of them: values of a unique key may have gone round among
    /// them, and each stale row would be in the way of another's new one. Then what fails whole is
    /// cut in two, but only so far: the longer a round takes, the more has changed behind its back,
    /// so in a crowd of conflicts a part waits whole for the next round.
    pub(super) async fn again(&mut self, failed: Vec<Key>) -> Result<Vec<Key>> {
        if failed.is_empty() {
            return Ok(failed);
        }
        if let Err(error) = self.alone(Step::Remove, &failed).await {
            self.may_pass(&failed, &error).await?;
            return Ok(failed);
        }
        let smallest = failed.len().div_ceil(MOST_PARTS);
        let mut back = Vec::new();
        let mut parts: Vec<&[Key]> = portions(&failed, BATCH);
        while let Some(keys) = parts.pop() {
            match self.alone(Step::CarryOver, keys).await {
                Ok(left_out) => {
                    self.conflicts.retain(|key, _| !keys.contains(key) || is_in(&left_out, key));
                    for (key, error) in left_out {
                        self.explain(&key, &error).await?;
                        back.push(key);
                    }
                }
                Err(error) => match (Fault::of(&error), keys) {
                    (Fault::Duplicate, [key]) => {
                        self.explain(key, &error).await?;
                        back.push(key.clone());
                    }
                    (Fault::Duplicate, keys) if keys.len() > smallest => parts.extend(halves(keys)),
                    (Fault::Definite, keys) if keys.len() > 1 => parts.extend(halves(keys)),
                    (_, keys) => {
                        self.may_pass(keys, &error).await?;
                        back.extend_from_slice(keys);
                    }
                },
            }
        }
        Ok(back)
    }

    async fn alone(&mut self, step: Step, keys: &[Key]) -> Result<Vec<(Key, Error)>> {
        let hand = &mut self.hands[0];
        let done = step.take(&mut hand.session, &self.journal, &self.pair, keys).await;
        if done.is_ok() {
            hand.trials.over();
        }
        done
    }

    /// Makes the next try possible, or ends the run with an error that will not pass.
    async fn may_pass(&mut self, keys: &[Key], error: &Error) -> Result<()> {
        match Fault::of(error) {
            Fault::Duplicate => Ok(()),
            Fault::Contention | Fault::Lost | Fault::Later => self.hands[0].again(error).await,
            Fault::Definite => {
                let which: Vec<String> =
                    keys.iter().take(1).map(|key| self.pair.mapping.key.describe(key)).collect();
                Err(misfit(&self.pair, &which.concat(), error))
            }
        }
    }

    /// A key that met a taken unique value again and again: is there a real violation?
    async fn explain(&mut self, key: &Key, error: &Error) -> Result<()> {
        let tries = self.conflicts.entry(key.clone()).or_default();
        *tries += 1;
        if *tries >= GIVE_UP_AFTER {
            return Err(misfit(&self.pair, &self.pair.mapping.key.describe(key), error));
        }
        if !tries.is_multiple_of(LOOK_FOR_VIOLATION_EVERY) {
            return Ok(());
        }
        let predicate = self.pair.mapping.key.is_one_of(Side::Original, [key]);
        let session = &mut self.hands[0].session;
        match conflict::find(session, &self.pair, &predicate, error).await {
            Ok(None) => Ok(()),
            Ok(Some(violation)) => Err(violation.into_error(&self.pair)),
            // It is looked for again when the key has met it some more times.
            Err(error) => self.hands[0].again(&error).await,
        }
    }
}

fn halves(keys: &[Key]) -> [&[Key]; 2] {
    keys.split_at(keys.len() / 2).into()
}

fn is_in(left_out: &[(Key, Error)], key: &Key) -> bool {
    left_out.iter().any(|(left, _)| left == key)
}
