//! One attempt at the swap, in dedicated sessions that are never used again.

use std::time::{Duration, Instant};

use super::queued::{NOT_QUEUED, Queue};
use super::watchdog::Watchdog;
use super::{End, GaveUp, blockers, decide, sentry, strays, triggers, whole_seconds};
use crate::capture::Capture;
use crate::crash::crash_point;
use crate::error::{Error, Result};
use crate::means::Means;
use crate::mysql::{Fault, Identity, Session, Trials};
use crate::refresh::Carrier;
use crate::settings::SwapBounds;
use crate::shadow::Shadow;
use crate::swap::Way;
use crate::verify::Verified;

/// The handles that an attempt needs.
pub(super) struct Attempt<'a> {
    pub(super) means: &'a Means,
    pub(super) shadow: &'a Shadow,
    pub(super) capture: &'a Capture,
    pub(super) carrier: &'a Carrier,
    pub(super) bounds: &'a SwapBounds,
}

/// How often a lost connection is replaced while an attempt is undone.
const CONNECTIONS: u32 = 3;

/// The connections of an attempt.
struct Gathered {
    locker: Session,
    watchdog: Session,
    guard: Session,
    queue: Option<Queue>,
}

/// How far an attempt got when it failed.
pub(super) enum Step {
    /// Nothing is renamed.
    Before(Error),
    /// The rename was sent and its outcome was not told.
    Renaming(Error),
}

impl Attempt<'_> {
    /// Makes the attempt. `aside` is another session, for looking while the lock is asked for.
    pub(super) async fn make(&self, aside: &mut Session, verified: &mut Verified) -> Result<End> {
        // Every connection is there before the lock: none could be had at the worst moment.
        let Gathered { mut locker, watchdog, guard, mut queue } = match self.gather(aside).await {
            Ok(gathered) => gathered,
            Err(error) => return self.given_up(aside, false, Duration::ZERO, error).await,
        };
        self.capture.allow_thread(locker.id());
        let renamer = queue.as_ref().map_or(locker.identity(), Queue::identity);
        // No round may write the shadow while the lock is held, or wait for it.
        let turn = self.carrier.take_turn().await;

        // The server bounds the wait for each of the two tables; the watchdog bounds the whole.
        let patience = 2 * self.bounds.lock_timeout + self.bounds.max_hold;
        let watchdog = Watchdog::start(watchdog, vec![renamer.id, locker.id()], patience);
        let asked = Instant::now();
        let done = self.under_lock(&mut locker, queue.as_mut(), aside, &watchdog, verified).await;
        // Closing the session gives back whatever lock it still has.
        if let Err(error) = locker.close().await {
            tracing::debug!(%error, "the locking session was gone already");
        }
        let held = asked.elapsed();
        // The swap may be done: nothing that fails here may hide it.
        let struck = watchdog.disarm().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the watchdog ended badly");
            None
        });
        // The lock went with the sessions that the watchdog killed, though we may have learnt it
        // only long after.
        let held = struck.map_or(held, |at| held.min(at.saturating_duration_since(asked.into())));
        if let Err(error) = guard.close().await {
            tracing::debug!(%error, "the session that kept the run's row was gone already");
        }
        let Err(step) = done else {
            return Ok(End::Granted { locked: held, strays: strays::look_for(self).await });
        };
        match self.step_back(&step, queue, renamer, aside).await {
            Ok(true) => {
                return Ok(End::Granted { locked: held, strays: strays::look_for(self).await });
            }
            Ok(false) => drop(turn),
            Err(error) => {
                // A row that a round carried over now might be told to triggers.
                self.carrier.halt().stop(error.clone());
                return Err(error);
            }
        }
        let (Step::Before(error) | Step::Renaming(error)) = step;
        self.given_up(aside, struck.is_some(), held, error).await
    }

    /// Opens what the attempt needs, however long the server has no connection left: nobody waits
    /// for us yet.
    async fn gather(&self, aside: &mut Session) -> Result<Gathered> {
        let Means { server, journal, halt, .. } = self.means;
        let mut trials = Trials::new(server, halt, "opening the connections for the swap");
        let watchdog = trials.session().await?;
        let mut guard = trials.session().await?;
        let locker = self.locker(trials.session().await?).await?;
        guard.begin().await?;
        journal.hold_epoch(&mut guard).await?;
        let queue = match self.shadow.way() {
            Way::Locked => None,
            Way::Queued => Some(Queue::form(self, aside).await?),
        };
        Ok(Gathered { locker, watchdog, guard, queue })
    }

    /// Undoes a failed attempt, unless it did not fail: whether the tables are swapped.
    async fn step_back(
        &self,
        step: &Step,
        mut queue: Option<Queue>,
        renamer: Identity,
        aside: &mut Session,
    ) -> Result<bool> {
        if let Step::Renaming(error) = step
            && (Fault::of(error) == Fault::Lost || queue.is_some())
            && decide::is_swapped(&self.means.server, self.shadow, renamer).await?
        {
            return Ok(true);
        }
        let mut left = CONNECTIONS;
        loop {
            left -= 1;
            self.revive(aside).await?;
            match self.undo(queue.as_mut(), aside).await {
                Err(error) if Fault::of(&error) == Fault::Lost && left > 0 => {}
                undone => return undone.map(|()| false),
            }
        }
    }

    async fn undo(&self, queue: Option<&mut Queue>, aside: &mut Session) -> Result<()> {
        if let Some(queue) = queue {
            // Only when it can rename no more may its sentry go.
            queue.disband(aside, self.shadow.run()).await?;
            sentry::take_down(aside, self.shadow).await?;
        }
        triggers::dismiss(aside, self.shadow).await
    }

    /// The session that will hold the lock. The server itself frees the lock when our process falls
    /// silent: `wait_timeout` is short.
    async fn locker(&self, mut locker: Session) -> Result<Session> {
        locker
            .run(format!(
                "SET SESSION autocommit = 0, innodb_table_locks = 1, lock_wait_timeout = {}, \
                 innodb_lock_wait_timeout = 1, wait_timeout = {}",
                whole_seconds(self.bounds.lock_timeout),
                whole_seconds(self.bounds.max_hold)
            ))
            .await?;
        Ok(locker)
    }

    /// Lock, drain, engage the triggers, rename, unlock.
    async fn under_lock(
        &self,
        locker: &mut Session,
        queue: Option<&mut Queue>,
        aside: &mut Session,
        watchdog: &Watchdog,
        verified: &mut Verified,
    ) -> Result<(), Step> {
        let ready = async {
            locker.run(format!("LOCK TABLES {}", self.locked_tables())).await?;
            crash_point!("locked");
            watchdog.rearm(self.bounds.max_hold);
            self.drain(locker, verified).await?;
            crash_point!("drained");
            triggers::engage(locker, self.shadow).await?;
            crash_point!("ready-to-rename");
            Ok(())
        };
        ready.await.map_err(Step::Before)?;
        match queue {
            None => self.rename_locked(locker).await,
            Some(queue) => queue.rename(self, locker, aside).await,
        }
    }

    /// What `LOCK TABLES` must name: a session that holds locks may use nothing else.
    fn locked_tables(&self) -> String {
        let pair = self.shadow.pair();
        let sentry = (self.shadow.way() == Way::Queued).then(|| self.shadow.kept().clone());
        let tables = [pair.original.clone(), pair.shadow.clone()].into_iter();
        let all = tables.chain(sentry).chain(self.capture.tables());
        all.map(|table| format!("{table} WRITE")).collect::<Vec<_>>().join(", ")
    }

    /// The session aside may have been lost, too.
    async fn revive(&self, aside: &mut Session) -> Result<()> {
        match aside.run("DO 0").await {
            Err(error) if Fault::of(&error) == Fault::Lost => {
                *aside = self.means.server.reconnect().await?;
                self.capture.allow_thread(aside.id());
                Ok(())
            }
            answered => answered.map(drop),
        }
    }

    /// What becomes of an attempt that met `error` and changed nothing: it may be made again, or the
    /// error ends the run.
    pub(super) async fn given_up(
        &self,
        aside: &mut Session,
        struck: bool,
        held: Duration,
        error: Error,
    ) -> Result<End> {
        tracing::debug!(%error, struck, "an attempt at the swap was given up");
        let why = match Fault::of(&error) {
            _ if struck => GaveUp::HoldExceeded,
            _ if error.code == NOT_QUEUED => GaveUp::NotQueued,
            Fault::Contention => GaveUp::LockTimeout,
            Fault::Lost => GaveUp::Lost,
            Fault::Later => GaveUp::NotNow,
            Fault::Duplicate | Fault::Definite => return Err(error.during("the swap")),
        };
        self.revive(aside).await?;
        let blockers = {
            let pair = self.shadow.pair();
            blockers::name(aside, [&pair.original, &pair.shadow]).await
        };
        Ok(End::GivenUp { why, locked: held, blockers })
    }
}
