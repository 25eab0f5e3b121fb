//! A connection for looking: made when it is needed first, and anew after an error.

use crate::error::Result;
use crate::mysql::{Server, Session};

/// A line to a server.
#[derive(Debug)]
pub(super) struct Line {
    server: Server,
    session: Option<Session>,
}

impl Line {
    pub(super) fn to(server: &Server) -> Self {
        Self { server: server.clone(), session: None }
    }

    /// Asks over it. What fails leaves no connection behind: the next look makes a new one.
    pub(super) async fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.server.session().await?,
        };
        let answer = question(&mut session).await?;
        self.session = Some(session);
        Ok(answer)
    }
}
