//! One refresh: the rows of some keys are taken out of the shadow and carried over anew.

use crate::conflict;
use crate::crash::crash_point;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::mysql::{Fault, Session};
use crate::schema::{Key, Pair, Side, portions};

/// Keys of one transaction: more gain nothing, and a smaller one fails and waits less.
pub(super) const BATCH: usize = 1000;

/// What is done with the shadow's rows of some keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// They are removed. That a row is missing for a while is no worse than that it is stale,
    /// because its key stays pending.
    Remove,
    /// They are removed and carried over anew.
    CarryOver,
}

impl Step {
    /// Takes the step in one transaction of its own; gives the keys that were left out because a row
    /// of another key holds their unique value, with the server's words. Any error has rolled the
    /// whole of it back.
    pub(super) async fn take(
        self,
        session: &mut Session,
        journal: &Journal,
        pair: &Pair,
        keys: &[Key],
    ) -> Result<Vec<(Key, Error)>> {
        session.begin().await?;
        let done = async {
            journal.hold_epoch(session).await?;
            remove_rows(session, pair, keys).await?;
            crash_point!("batch-removed");
            match self {
                Self::Remove => Ok(Vec::new()),
                Self::CarryOver => carry_what_fits(session, pair, keys).await,
            }
        }
        .await;
        match done {
            Ok(left_out) => {
                crash_point!("batch-carried");
                session.commit().await?;
                crash_point!("batch-committed");
                Ok(left_out)
            }
            Err(error) => {
                session.roll_back_after(&error).await?;
                Err(error)
            }
        }
    }
}

/// Carries over the rows of `keys` but those whose unique value is held by another key's row: that
/// one has a change that is known or on its way, and theirs stay pending until then.
async fn carry_what_fits(
    session: &mut Session,
    pair: &Pair,
    keys: &[Key],
) -> Result<Vec<(Key, Error)>> {
    let mut left_out: Vec<(Key, Error)> = Vec::new();
    let mut fitting = keys.to_vec();
    while !fitting.is_empty() {
        let predicate = pair.mapping.key.is_one_of(Side::Original, &fitting);
        let Err(error) = session.run(pair.carry(&predicate)).await else { break };
        if Fault::of(&error) != Fault::Duplicate {
            return Err(error);
        }
        let held = conflict::held_by_others(session, pair, &predicate, &error).await?;
        // A key that the log spells otherwise than the table does is not found: then all fails.
        let (out, rest): (Vec<Key>, Vec<Key>) =
            fitting.into_iter().partition(|key| held.contains(key));
        if out.is_empty() {
            return Err(error);
        }
        left_out.extend(out.into_iter().map(|key| (key, error.clone())));
        fitting = rest;
    }
    Ok(left_out)
}

/// Carries `keys` over inside the swap's locked session, which must not start transactions: that
/// would give the locks back.
pub async fn carry_over_locked(session: &mut Session, pair: &Pair, keys: &[Key]) -> Result<()> {
    replace_rows(session, pair, keys).await?;
    session.commit().await
}

/// All rows are removed before any is carried over: values of a unique key may have gone round among
/// them.
async fn replace_rows(session: &mut Session, pair: &Pair, keys: &[Key]) -> Result<()> {
    remove_rows(session, pair, keys).await?;
    for keys in portions(keys, BATCH) {
        let predicate = pair.mapping.key.is_one_of(Side::Original, keys);
        session.run(pair.carry(&predicate)).await?;
    }
    Ok(())
}

async fn remove_rows(session: &mut Session, pair: &Pair, keys: &[Key]) -> Result<()> {
    for keys in portions(keys, BATCH) {
        session.run(pair.remove(keys)).await?;
    }
    Ok(())
}
