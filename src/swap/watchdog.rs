//! Frees the application if the swap does not: kills its sessions at a deadline, from a connection
//! that was opened before the lock.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::mysql::Session;

/// A running watchdog.
#[derive(Debug)]
pub(super) struct Watchdog {
    task: JoinHandle<Result<Option<Instant>>>,
    /// When it strikes; `None` calls it off.
    deadline: watch::Sender<Option<Instant>>,
}

impl Watchdog {
    /// Kills connections `victims`, in order, in `patience` from now unless told otherwise.
    pub(super) fn start(session: Session, victims: Vec<u32>, patience: Duration) -> Self {
        let deadline = watch::Sender::new(Some(Instant::now() + patience));
        let task = tokio::spawn(watch_over(session, victims, deadline.subscribe()));
        Self { task, deadline }
    }

    /// Counts anew from now.
    pub(super) fn rearm(&self, patience: Duration) {
        self.deadline.send_replace(Some(Instant::now() + patience));
    }

    /// Calls it off; tells when it had struck, if it had.
    pub(super) async fn disarm(self) -> Result<Option<Instant>> {
        self.deadline.send_replace(None);
        self.task.await.map_err(|panic| Error::failed("watchdog_panicked", panic.to_string()))?
    }
}

/// When it had to strike.
async fn watch_over(
    mut session: Session,
    victims: Vec<u32>,
    mut deadline: watch::Receiver<Option<Instant>>,
) -> Result<Option<Instant>> {
    loop {
        let at = *deadline.borrow_and_update();
        let Some(at) = at else {
            session.close().await?;
            return Ok(None);
        };
        tokio::select! {
            changed = deadline.changed() => {
                if changed.is_err() {
                    return Ok(None); // Nobody is left to be freed.
                }
            }
            () = tokio::time::sleep_until(at) => break,
        }
    }
    for victim in victims {
        kill(&mut session, victim).await?;
    }
    Ok(Some(Instant::now()))
}

/// Kills a connection, unless it has ended by itself.
pub(super) async fn kill(session: &mut Session, victim: u32) -> Result<()> {
    match session.run(format!("KILL CONNECTION {victim}")).await {
        Err(error) if error.errno() == Some(1094) => Ok(()),
        killed => killed.map(drop),
    }
}
