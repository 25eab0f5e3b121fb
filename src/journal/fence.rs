//! The fence: a tiny commit of our own. Once it is acknowledged, every change that capture had
//! delivered before it was sent is visible to any snapshot opened from then on, because the engine
//! commits in the binary log's order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Journal, tables};
use crate::capture::Token;
use crate::error::Result;
use crate::mysql::{Session, Trials};

/// A writer of fences. Tokens grow with every commit of this writer.
#[derive(Debug)]
pub struct Fence {
    session: Session,
    trials: Trials,
    journal: Journal,
    /// The last token that was sent: never sent twice, because a row that keeps its value makes no
    /// event. Others may look at it while one is on its way.
    sent: Arc<AtomicU64>,
    /// The last token that was acknowledged.
    last: Token,
}

impl Fence {
    /// Numbers start at a random multiple of 2^32, so that no other run's token is taken for ours.
    pub(super) async fn open(mut trials: Trials, journal: &Journal) -> Result<Self> {
        let first = u64::from(fastrand::u32(1..=u32::MAX >> 1)) << 32;
        Ok(Self {
            session: trials.session().await?,
            trials,
            journal: journal.clone(),
            sent: Arc::new(AtomicU64::new(first)),
            last: first,
        })
    }

    /// Whether `token` is one of this writer's.
    pub fn is_ours(first: Token, token: Token) -> bool {
        first >> 32 == token >> 32
    }

    /// The last token that was sent, as it is at any moment: a failed fence is followed by another.
    pub fn sent(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    /// The last token committed, or the number before the first.
    pub fn last(&self) -> Token {
        self.last
    }

    /// Commits a fence and waits for the acknowledgement; gives its token.
    pub async fn commit(&mut self) -> Result<Token> {
        loop {
            match self.try_commit().await {
                Ok(token) => {
                    self.trials.over();
                    return Ok(token);
                }
                // Whether a lost one was committed does not matter: the next one comes after it.
                Err(error) => self.trials.again(&error, &mut self.session).await?,
            }
        }
    }

    async fn try_commit(&mut self) -> Result<Token> {
        let token = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        let Journal { run, epoch, .. } = &self.journal;
        let sql = format!(
            "INSERT INTO {} (run, slot, token) \
             SELECT id, 0, {token} FROM {} WHERE id = {run} AND epoch = {epoch} \
             ON DUPLICATE KEY UPDATE token = {token}",
            self.journal.fence_table(),
            self.journal.table(tables::RUN),
        );
        if self.session.run(sql).await? == 0 {
            self.journal.hold_epoch(&mut self.session).await?;
        }
        self.last = token;
        Ok(token)
    }
}
