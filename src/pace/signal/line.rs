//! A connection for looking: made when it is needed first, and anew after an error.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::mysql::{Flavour, Server, Session};

/// Who has not answered by then is taken for silent, before what was read last is forgotten.
const PATIENCE: Duration = Duration::from_secs(5);

/// A line to a server.
#[derive(Debug)]
pub(super) struct Line {
    server: Server,
    session: Option<Session>,
    /// The longest time that the server may work on a statement of the user's.
    of_the_user: Option<Duration>,
}

impl Line {
    pub(super) fn to(server: &Server) -> Self {
        Self { server: server.clone(), session: None, of_the_user: None }
    }

    /// For what the user wrote: the server's own modes, and statements that end in time.
    pub(super) fn for_the_user(server: &Server, limit: Duration) -> Self {
        Self { of_the_user: Some(limit), ..Self::to(server) }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Asks over it. What fails leaves no connection behind: the next look makes a new one.
    pub(super) async fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        // Giving up is safe: the session is nobody's then.
        let asked = async {
            let mut session = match self.session.take() {
                Some(session) => session,
                None => self.open().await?,
            };
            let answer = question(&mut session).await?;
            Ok((answer, session))
        };
        let unanswered =
            |_| Error::not_ready("no_answer", format!("no answer within {} s", PATIENCE.as_secs()));
        let (answer, session) =
            tokio::time::timeout(PATIENCE, asked).await.map_err(unanswered).flatten()?;
        self.session = Some(session);
        Ok(answer)
    }

    async fn open(&self) -> Result<Session> {
        let Some(limit) = self.of_the_user else { return self.server.session().await };
        let mut session = self.server.session_of_the_servers_own().await?;
        let limit = match self.server.facts().flavour {
            Flavour::Mysql => format!("max_execution_time = {}", limit.as_millis()),
            Flavour::Mariadb => format!("max_statement_time = {}", limit.as_secs_f64()),
        };
        session.run(format!("SET SESSION {limit}")).await?;
        Ok(session)
    }
}
