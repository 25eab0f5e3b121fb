//! The fence: a tiny commit of our own. Once it is acknowledged, every change that capture had
//! delivered before it was sent is visible to any snapshot opened from then on, because the engine
//! commits in the binary log's order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::capture::Token;
use crate::error::Result;
use crate::mysql::{Fault, Server, Session};
use crate::schema::TableName;

/// A writer of fences. Tokens grow with every commit of this writer.
#[derive(Debug)]
pub struct Fence {
    server: Server,
    session: Session,
    table: TableName,
    run: u64,
    /// The last token that was sent: never sent twice, because a row that keeps its value makes no
    /// event. Others may look at it while one is on its way.
    sent: Arc<AtomicU64>,
    /// The last token that was acknowledged.
    last: Token,
}

impl Fence {
    /// Numbers start at a random multiple of 2^32, so that no other run's token is taken for ours.
    pub(super) async fn open(server: &Server, table: TableName, run: u64) -> Result<Self> {
        let first = u64::from(fastrand::u32(1..=u32::MAX >> 1)) << 32;
        Ok(Self {
            server: server.clone(),
            session: server.session().await?,
            table,
            run,
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
        match self.try_commit().await {
            // Whether the lost one was committed does not matter: the next one comes after it.
            Err(error) if Fault::of(&error) == Fault::Lost => {
                self.session = self.server.reconnect().await?;
                self.try_commit().await
            }
            done => done,
        }
    }

    async fn try_commit(&mut self) -> Result<Token> {
        let token = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        let sql = format!(
            "INSERT INTO {} (run, slot, token) VALUES ({}, 0, {token}) \
             ON DUPLICATE KEY UPDATE token = {token}",
            self.table, self.run
        );
        self.session.run(sql).await?;
        self.last = token;
        Ok(token)
    }
}
