//! One attempt at the swap, in one dedicated session that is never used again.

use std::time::{Duration, Instant};

use super::watchdog::Watchdog;
use super::{End, GaveUp, blockers, decide};
use crate::capture::Capture;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::means::Means;
use crate::mysql::{Fault, Session};
use crate::refresh::{Carrier, carry_over_locked};
use crate::request::SwapBounds;
use crate::schema::read::auto_increment;
use crate::shadow::Shadow;
use crate::verify::Verified;

/// The handles that an attempt needs.
pub(super) struct Attempt<'a> {
    pub(super) means: &'a Means,
    pub(super) shadow: &'a Shadow,
    pub(super) capture: &'a Capture,
    pub(super) carrier: &'a Carrier,
    pub(super) bounds: &'a SwapBounds,
}

/// How far an attempt got when it failed.
enum Step {
    /// Nothing is renamed.
    Before(Error),
    /// The rename was sent and its outcome was not told.
    Renaming(Error),
}

impl Attempt<'_> {
    /// Makes the attempt. `aside` is another session, for looking while the lock is asked for.
    pub(super) async fn make(&self, aside: &mut Session, verified: &mut Verified) -> Result<End> {
        // Every connection is there before the lock: none could be had at the worst moment.
        let mut locker = self.locker().await?;
        let watchdog = self.means.server.session().await?;
        let mut guard = self.means.server.session().await?;
        self.capture.allow_thread(locker.id());
        guard.begin().await?;
        self.means.journal.hold_epoch(&mut guard).await?;
        // No round may write the shadow while the lock is held, or wait for it.
        let turn = self.carrier.take_turn().await;

        // The server bounds the wait for each of the two tables; the watchdog bounds the whole.
        let patience = 2 * self.bounds.lock_timeout + self.bounds.max_hold;
        let watchdog = Watchdog::start(watchdog, locker.id(), patience);
        let asked = Instant::now();
        let done = self.under_lock(&mut locker, &watchdog, verified).await;
        let held = asked.elapsed();
        let struck = watchdog.disarm().await?;
        drop(turn);
        let end = match done {
            Ok(()) => Ok(End::Granted(held)),
            Err(Step::Renaming(error)) if Fault::of(&error) == Fault::Lost => {
                let swapped =
                    decide::is_swapped(&self.means.server, self.shadow, locker.id()).await?;
                Ok(if swapped {
                    End::Granted(held)
                } else {
                    End::GivenUp { why: GaveUp::Lost, locked: held, blockers: Vec::new() }
                })
            }
            Err(Step::Before(error) | Step::Renaming(error)) => {
                self.given_up(aside, locker.id(), struck, held, error).await
            }
        };
        // Closing the session gives back whatever lock it still has.
        if let Err(error) = locker.close().await {
            tracing::debug!(%error, "the locking session was gone already");
        }
        guard.rollback().await?;
        guard.close().await?;
        end
    }

    /// The session that will hold the lock. The server itself frees the lock when our process falls
    /// silent: `wait_timeout` is short.
    async fn locker(&self) -> Result<Session> {
        let mut locker = self.means.server.session().await?;
        locker
            .run(format!(
                "SET SESSION autocommit = 0, lock_wait_timeout = {}, \
                 innodb_lock_wait_timeout = 1, wait_timeout = {}",
                whole_seconds(self.bounds.lock_timeout),
                whole_seconds(self.bounds.max_hold)
            ))
            .await?;
        Ok(locker)
    }

    /// Lock, drain, compare what changed lately, carry the counter over, rename, unlock.
    async fn under_lock(
        &self,
        locker: &mut Session,
        watchdog: &Watchdog,
        verified: &mut Verified,
    ) -> Result<(), Step> {
        let pair = self.shadow.pair();
        let before = async {
            locker
                .run(format!("LOCK TABLES {} WRITE, {} WRITE", pair.original, pair.shadow))
                .await?;
            watchdog.rearm(self.bounds.max_hold);
            // No transaction that wrote the original is open now, and each is in the log before
            // this fence.
            self.carrier.reach().await?;
            self.drain(locker).await?;
            verified.under_lock(locker, self.carrier).await?;
            self.carry_counter_over(locker).await
        };
        before.await.map_err(Step::Before)?;
        locker
            .run(format!(
                "RENAME TABLE {} TO {}, {} TO {}",
                pair.original,
                self.shadow.kept(),
                pair.shadow,
                pair.original
            ))
            .await
            .map_err(Step::Renaming)?;
        match locker.run("UNLOCK TABLES").await {
            // Renamed all the same; a lost connection has unlocked by itself.
            Err(error) if Fault::of(&error) == Fault::Lost => Ok(()),
            unlocked => unlocked.map(drop).map_err(Step::Renaming),
        }
    }

    /// Carries everything pending over, in the locking session: no other could write the shadow.
    async fn drain(&self, locker: &mut Session) -> Result<()> {
        let Some(round) = self.carrier.ledger(Ledger::take_round) else { return Ok(()) };
        let keys: Vec<_> = round.entries.iter().map(|(key, _)| key.clone()).collect();
        let done = carry_over_locked(locker, self.shadow.pair(), &keys).await;
        let back = if done.is_ok() { Vec::new() } else { round.entries.to_vec() };
        self.carrier.ledger(|ledger| ledger.close_round(back));
        done
    }

    /// The next automatic id must be the one that the original would have given.
    async fn carry_counter_over(&self, locker: &mut Session) -> Result<()> {
        let pair = self.shadow.pair();
        let next = auto_increment(locker, &pair.original).await?;
        let shadows = auto_increment(locker, &pair.shadow).await?;
        if let (Some(next), Some(shadows)) = (next, shadows)
            && next > shadows
        {
            locker.run(format!("ALTER TABLE {} AUTO_INCREMENT = {next}", pair.shadow)).await?;
        }
        Ok(())
    }

    async fn given_up(
        &self,
        aside: &mut Session,
        locker: u32,
        struck: bool,
        held: Duration,
        error: Error,
    ) -> Result<End> {
        tracing::debug!(%error, struck, "an attempt at the swap was given up");
        let why = match Fault::of(&error) {
            _ if struck => GaveUp::HoldExceeded,
            Fault::Contention => GaveUp::LockTimeout,
            Fault::Lost => GaveUp::Lost,
            Fault::Duplicate | Fault::Definite => return Err(error.during("the swap")),
        };
        let blockers = blockers::name(aside, self.shadow.pair(), locker).await?;
        Ok(End::GivenUp { why, locked: held, blockers })
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
