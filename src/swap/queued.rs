//! The rename of a second session, which waits behind the lock of the first: for servers that refuse
//! to rename locked tables.
//!
//! When the lock is given back, the rename comes before every writer, because it waits for the
//! *original*: the server takes locks in the order of the names, the helpers' names come after the
//! original's, and the wait is looked at before the lock is given back. Had it waited for another
//! table, a writer could have gone into the original before the rename.
//!
//! An empty table has the kept table's name until the drain is done and the wait is proved: the
//! sentry. Whatever dies before it is dropped, the rename fails on it; whatever dies after that, the
//! tables are ready to be renamed, and nobody writes before the rename has passed or failed.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::attempt::{Attempt, Step};
use super::decide::wait_for_the_end_of;
use super::sentry;
use super::watchdog::kill;
use crate::crash::crash_point;
use crate::error::{Error, Result};
use crate::journal::RunId;
use crate::mysql::{Fault, Identity, Process, Session, text};
use crate::schema::TableName;

/// How long the rename may take to come to the original.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// The slug of a rename that was not seen to wait.
pub(super) const NOT_QUEUED: &str = "rename_not_queued";

type Answer = Result<u64>;

/// The second session.
pub(super) struct Queue {
    renamer: Renamer,
    identity: Identity,
}

enum Renamer {
    /// Has said nothing yet.
    Idle(Session),
    /// Waits, in a task of its own.
    InLine(JoinHandle<(Session, Answer)>),
    /// Has its answer.
    Answered,
}

impl Queue {
    /// Puts the sentry up and readies the second session; nothing is locked yet.
    pub(super) async fn form(attempt: &Attempt<'_>, aside: &mut Session) -> Result<Self> {
        sentry::put_up(aside, attempt.shadow).await?;
        crash_point!("sentry-up");
        let mut renamer = attempt.means.server.session().await?;
        attempt.capture.allow_thread(renamer.id());
        // Should our process fall silent, the wait ends by itself, and the session soon after it.
        let (wait, hold) = (attempt.bounds.lock_timeout, attempt.bounds.max_hold);
        renamer
            .run(format!(
                "SET SESSION lock_wait_timeout = {}, wait_timeout = {}",
                super::whole_seconds(wait),
                super::whole_seconds(4 * wait + 2 * hold)
            ))
            .await?;
        let identity = renamer.identity();
        Ok(Self { renamer: Renamer::Idle(renamer), identity })
    }

    /// The second session's number.
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Queues the rename behind the locker's lock, takes the sentry down and unlocks. All must have
    /// been drained.
    pub(super) async fn rename(
        &mut self,
        attempt: &Attempt<'_>,
        locker: &mut Session,
        aside: &mut Session,
    ) -> Result<(), Step> {
        self.line_up(attempt.rename());
        let original = &attempt.shadow.pair().original;
        self.prove(aside, locker.id(), original).await.map_err(Step::Before)?;
        crash_point!("queued");
        // From here on only the rename's own answer tells how it ended.
        let dropped = locker.run(format!("DROP TABLE {}", attempt.shadow.kept())).await;
        if let Err(error) = &dropped {
            tracing::debug!(%error, "the sentry was not seen to go");
        }
        crash_point!("sentry-down");
        match locker.run("UNLOCK TABLES").await {
            Err(error) if Fault::of(&error) != Fault::Lost => {
                tracing::warn!(%error, "the lock must go with its session");
                if let Err(error) = kill(aside, locker.id()).await {
                    tracing::warn!(%error, "nor can it be killed; the rename will give up");
                }
            }
            // A lost connection has unlocked by itself.
            _ => {}
        }
        match self.answer().await {
            Ok(_) => {
                crash_point!("renamed");
                Ok(())
            }
            Err(error) if Fault::of(&error) == Fault::Lost => Err(Step::Renaming(error)),
            // The sentry is in its way: what the locker met is the cause.
            Err(error) => Err(Step::Before(dropped.err().unwrap_or(error))),
        }
    }

    fn line_up(&mut self, rename: String) {
        if let Renamer::Idle(mut session) = std::mem::replace(&mut self.renamer, Renamer::Answered)
        {
            self.renamer = Renamer::InLine(tokio::spawn(async move {
                let answer = session.run(rename).await;
                (session, answer)
            }));
        }
    }

    /// Waits until the rename is seen to wait for the original.
    async fn prove(&self, aside: &mut Session, locker: u32, original: &TableName) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.is_answered() && Instant::now() < until {
            if waits_for_a_table(aside, self.identity.id).await?
                && !waits_elsewhere(aside, locker, self.identity.id, original).await?
            {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let name = original.plain();
        Err(Error::failed(NOT_QUEUED, format!("the rename was not seen to wait for `{name}`")))
    }

    fn is_answered(&self) -> bool {
        match &self.renamer {
            Renamer::Idle(_) | Renamer::Answered => true,
            Renamer::InLine(task) => task.is_finished(),
        }
    }

    /// The rename's answer. The server bounds the wait for it.
    async fn answer(&mut self) -> Answer {
        let Renamer::InLine(task) = std::mem::replace(&mut self.renamer, Renamer::Answered) else {
            return Err(Error::failed(NOT_QUEUED, "the rename was not sent"));
        };
        let (session, answer) =
            task.await.map_err(|panic| Error::failed("renamer_panicked", panic.to_string()))?;
        if let Err(error) = session.close().await {
            tracing::debug!(%error, "the renaming session was gone already");
        }
        answer
    }

    /// Ends the second session for certain. The lock must have been given back, and the sentry must
    /// still stand if the rename has no answer yet. May be asked again after an error.
    pub(super) async fn disband(&mut self, aside: &mut Session, run: RunId) -> Result<()> {
        match std::mem::replace(&mut self.renamer, Renamer::Answered) {
            Renamer::Idle(session) => {
                if let Err(error) = session.close().await {
                    tracing::debug!(%error, "the renaming session was gone already");
                }
            }
            Renamer::InLine(task) => {
                // When it has ended, the number may be another's.
                let is_alive = !task.is_finished();
                self.renamer = Renamer::InLine(task);
                if is_alive {
                    kill(aside, self.identity.id).await?;
                }
                let answer = self.answer().await;
                tracing::debug!(?answer, "the rename was called off");
            }
            Renamer::Answered => {}
        }
        wait_for_the_end_of(aside, self.identity, run).await
    }
}

/// Whether the statement of a connection waits for a table's lock. A rename takes those of its
/// tables in the order of their names, so it is the first that it cannot have: the locked original.
async fn waits_for_a_table(aside: &mut Session, renamer: u32) -> Result<bool> {
    let all = Process::all(aside).await?;
    Ok(all.iter().any(|process| {
        process.id == u64::from(renamer)
            && process.state == "Waiting for table metadata lock"
            && process.statement.contains("RENAME TABLE")
    }))
}

/// Whether the server's list of locks, where it has one, shows the locker's lock of the original but
/// not that the rename waits for it. (MariaDB's lists only locks that are held.)
async fn waits_elsewhere(
    aside: &mut Session,
    locker: u32,
    renamer: u32,
    original: &TableName,
) -> Result<bool> {
    let locks: Result<Vec<(u64, String)>> = aside
        .rows(format!(
            "SELECT t.processlist_id AS id, m.lock_status AS s \
             FROM performance_schema.metadata_locks m \
             JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id \
             WHERE m.object_type = 'TABLE' AND m.object_schema = {} AND m.object_name = {} \
             AND t.processlist_id IN ({locker}, {renamer})",
            text(&original.schema),
            text(&original.table)
        ))
        .await;
    let locks = match locks {
        Ok(locks) => locks,
        // No right to read it, or no such list.
        Err(error) if error.errno().is_some() => return Ok(false),
        Err(error) => return Err(error),
    };
    let is_there = |id: u32, status: &str| {
        locks.iter().any(|(owner, state)| *owner == u64::from(id) && state == status)
    };
    Ok(is_there(locker, "GRANTED") && !is_there(renamer, "PENDING"))
}
