//! How far the server itself is behind the one that it replicates, when the work is done on a replica.

use super::lag::behind;
use super::{Line, Pressure};
use crate::error::{Error, Result};
use crate::mysql::Fault;
use crate::settings::Limits;

/// Reads it. The server reckons in whole seconds.
#[derive(Debug)]
pub(in crate::pace) struct Source {
    line: Line,
}

impl Source {
    pub(super) fn new(line: Line) -> Self {
        Self { line }
    }

    pub(super) async fn look(&mut self, limits: &Limits) -> Result<Pressure> {
        if !limits.replicas.itself {
            return Ok(Pressure::Easy);
        }
        let asked = self.line.ask(behind).await;
        let behind =
            asked.map_err(|error| if Fault::is_denied(&error) { denied(&error) } else { error })?;
        let most = limits.max_lag;
        Ok(if behind < most || behind.is_zero() {
            Pressure::Easy
        } else {
            Pressure::Over(format!("the replica itself is {behind:?} behind (at most {most:?})"))
        })
    }
}

fn denied(error: &Error) -> Error {
    let message = format!("the account may not ask the replica how far it is behind: {error}");
    Error::refused("replica_status_denied", message)
        .hint("GRANT REPLICATION CLIENT ON *.* to it there (MariaDB: REPLICA MONITOR)")
}
