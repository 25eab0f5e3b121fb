//! How busy the server is with others' statements.

use super::{Line, Pressure};
use crate::error::Result;
use crate::mysql::Session;
use crate::settings::Limits;

/// Reads status variables.
#[derive(Debug)]
pub(in crate::pace) struct Load {
    line: Line,
}

impl Load {
    pub(super) fn new(line: Line) -> Self {
        Self { line }
    }

    /// Presses when others have more statements running than we would run workers.
    pub(super) async fn look(&mut self, _limits: &Limits, workers: usize) -> Result<Pressure> {
        let running = self.line.ask(running).await?;
        // This very query runs too.
        let others = running.saturating_sub(workers + 1);
        Ok(if others > workers {
            Pressure::Tight(format!("{others} statements of others are running"))
        } else {
            Pressure::Easy
        })
    }
}

async fn running(session: &mut Session) -> Result<usize> {
    let (_, value): (String, usize) =
        session.one("SHOW GLOBAL STATUS LIKE 'Threads_running'").await?;
    Ok(value)
}
