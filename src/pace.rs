//! May we go on, and with how many? One answer for copy and verification, asked between
//! transactions only. Today's only signal is how busy the server is with others' statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::error::Result;
use crate::halt::Halt;
use crate::mysql::{Server, Session, Trials};
use crate::request::Effort;

/// How often the server's load is read.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The answer; cheap to clone.
#[derive(Debug, Clone)]
pub struct Pace {
    effort: Effort,
    allowed: Arc<AtomicUsize>,
    raised: Arc<Notify>,
    halt: Halt,
}

/// The task that keeps looking; it ends when dropped.
#[derive(Debug)]
pub struct Watching {
    task: JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pace {
    /// Starts looking at the server's load on a connection of its own.
    pub async fn start(server: &Server, effort: Effort, halt: &Halt) -> Result<(Self, Watching)> {
        let pace = Self {
            effort,
            allowed: Arc::new(AtomicUsize::new(effort.workers)),
            raised: Arc::new(Notify::new()),
            halt: halt.clone(),
        };
        let mut trials = Trials::new(server, halt, "reading the server's load");
        let session = trials.session().await?;
        let task = tokio::spawn(pace.clone().keep_looking(session, trials));
        Ok((pace, Watching { task }))
    }

    /// What was asked for.
    pub fn effort(&self) -> &Effort {
        &self.effort
    }

    /// Workers that may work now; at least one.
    pub fn workers(&self) -> usize {
        self.allowed.load(Ordering::Relaxed)
    }

    /// Waits until worker `number` (from 0) may start a transaction; an error when the run stops.
    pub async fn ready(&self, number: usize) -> Result<()> {
        loop {
            self.halt.check()?;
            let raised = self.raised.notified();
            if number < self.workers() {
                return Ok(());
            }
            tokio::select! {
                () = raised => {}
                cause = self.halt.stopped() => return Err(cause),
            }
        }
    }

    /// A worker held back here would keep its stage from ending, so it must also be woken when there
    /// is nothing left to do.
    pub fn release(&self) {
        self.allowed.store(self.effort.workers, Ordering::Relaxed);
        self.raised.notify_waiters();
    }

    async fn keep_looking(self, mut session: Session, mut trials: Trials) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match running(&mut session).await {
                Ok(running) => {
                    trials.over();
                    self.adapt(running);
                }
                Err(error) => {
                    // What cannot be read counts as busy.
                    self.allowed.store(1, Ordering::Relaxed);
                    if let Err(error) = trials.again(&error, &mut session).await {
                        tracing::warn!(%error, "the server's load is not read: one worker goes on");
                        return;
                    }
                }
            }
        }
    }

    fn adapt(&self, running: usize) {
        let now = self.workers();
        // This very query runs too, and each of our workers.
        let others = running.saturating_sub(now + 1);
        let next = next(now, others, self.effort.workers);
        self.allowed.store(next, Ordering::Relaxed);
        if next > now {
            self.raised.notify_waiters();
        }
    }
}

/// Halves when others have more statements running than we would run workers; else one more.
fn next(now: usize, others: usize, most: usize) -> usize {
    if others > most { (now / 2).max(1) } else { (now + 1).min(most) }
}

async fn running(session: &mut Session) -> Result<usize> {
    let (_, value): (String, usize) =
        session.one("SHOW GLOBAL STATUS LIKE 'Threads_running'").await?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_fast_and_rises_slowly() {
        assert_eq!(next(8, 20, 8), 4);
        assert_eq!(next(1, 20, 8), 1);
        assert_eq!(next(4, 3, 8), 5);
        assert_eq!(next(8, 0, 8), 8);
    }
}
