//! One proof: some rows, compared in one snapshot while the application goes on writing.
//!
//! `since` is read before the fence: every change up to it has been carried over and is visible in
//! the snapshot behind the fence, in both tables. What differs in the snapshot must have been changed
//! after `since`. Once capture has reached a fence that was committed after the snapshot was opened,
//! the ledger knows all those changes: a key that differs and is not among them is a real
//! difference, and every other key is proved equal or is dirty.

use std::time::{Duration, Instant};

use super::compare::{Comparison, Scope};
use super::report::differs;
use crate::error::{Error, Result};
use crate::mysql::Session;
use crate::refresh::Carrier;
use crate::schema::{Key, KeyShape};

/// How often rows of a text key are compared anew, before they are said to differ: a change of
/// their character set may have two spellings of one value, and the ledger knows the other.
const RECOMPARE: usize = 3;

/// A key whose rows are not equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suspect {
    pub(super) key: Key,
    /// Whether a change of the key would explain it. False for a row of the shadow that no row of
    /// the original could ever become.
    pub(super) explicable: bool,
}

/// What a proof cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proved {
    /// The original's rows that were counted; none for lists of keys.
    pub(super) rows: u64,
    /// How long the server compared: not the fences, which wait for the disk however few rows
    /// there are.
    pub(super) took: Duration,
}

/// Proves the rows of `scope` equal, but for those that are dirty.
pub(super) async fn prove(
    session: &mut Session,
    comparison: &Comparison,
    carrier: &Carrier,
    scope: &Scope,
) -> Result<Proved> {
    let (proved, mut unproved) = attempt(session, comparison, carrier, scope, false).await?;
    for round in 1..=RECOMPARE {
        if unproved.is_empty() {
            break;
        }
        carrier.settle().await?;
        let keys = Scope::Keys(unproved);
        (_, unproved) = attempt(session, comparison, carrier, &keys, round == RECOMPARE).await?;
    }
    Ok(proved)
}

/// One snapshot. The keys that differ, did not change, and may still be excused are given back
/// unless this is the `last` attempt.
async fn attempt(
    session: &mut Session,
    comparison: &Comparison,
    carrier: &Carrier,
    scope: &Scope,
    last: bool,
) -> Result<(Proved, Vec<Key>)> {
    let since = carrier.ledger(|ledger| ledger.safe());
    carrier.fence().await?;
    open_snapshot(session).await?;
    let compared = async {
        let started = Instant::now();
        let (rows, suspects) = differences(session, comparison, scope).await?;
        let proved = Proved { rows, took: started.elapsed() };
        if suspects.is_empty() {
            return Ok((proved, Vec::new()));
        }
        carrier.reach().await?;
        let real: Vec<Suspect> = carrier.ledger(|ledger| {
            let changed = |it: &Suspect| it.explicable && ledger.touched_after(&it.key, since);
            suspects.into_iter().filter(|it| !changed(it)).collect()
        });
        let excusable = !last
            && !comparison.pair().mapping.key.equal_by_bytes()
            && real.iter().all(|suspect| suspect.explicable);
        let keys: Vec<Key> = real.into_iter().map(|suspect| suspect.key).collect();
        if keys.is_empty() || excusable {
            return Ok((proved, keys));
        }
        Err(differs(session, comparison, &keys).await?)
    }
    .await;
    match compared {
        Ok(found) => session.commit().await.map(|()| found),
        Err(error) => {
            session.roll_back_after(&error).await?;
            Err(error)
        }
    }
}

/// Compares, in the session's snapshot or under its locks; gives the number of the original's rows
/// in a range (0 for other scopes) and the keys that differ.
pub(super) async fn differences(
    session: &mut Session,
    comparison: &Comparison,
    scope: &Scope,
) -> Result<(u64, Vec<Suspect>)> {
    let shape = &comparison.pair().mapping.key;
    let mut suspects = Vec::new();
    let mut paired = 0;
    if let Some(sql) = comparison.differing(scope) {
        for returned in session.bytes(sql).await? {
            let (key, there) = key_and_flag(shape, &returned)?;
            suspects.push(Suspect { key, explicable: true });
            paired -= i128::from(!there);
        }
    }
    let mut rows = 0;
    let mut extra = comparison.extra(scope);
    if let Scope::Range(range) = scope {
        let (original, shadow): (u64, u64) = session.one(comparison.counts(range)).await?;
        rows = original;
        paired += i128::from(original);
        // Every pair takes one of the shadow's rows, so that there is none left.
        if paired == i128::from(shadow) {
            extra = None;
        }
    }
    if let Some(sql) = extra {
        for returned in session.bytes(sql).await? {
            let (key, explicable) = key_and_flag(shape, &returned)?;
            suspects.push(Suspect { key, explicable });
        }
    }
    Ok((rows, suspects))
}

fn key_and_flag(shape: &KeyShape, returned: &[Vec<u8>]) -> Result<(Key, bool)> {
    let (flag, key) = returned
        .split_last()
        .ok_or_else(|| Error::failed("no_row", "the server returned a row without columns"))?;
    Ok((shape.parse(key)?, flag == b"1"))
}

async fn open_snapshot(session: &mut Session) -> Result<()> {
    session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
    session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").await.map(drop)
}
