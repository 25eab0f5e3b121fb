//! How far the server itself is behind the one that it replicates, when the work is done on a replica.

use super::lag::behind;
use super::{Line, Pressure};
use crate::error::Result;
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
        let behind = self.line.ask(behind).await?;
        let most = limits.max_lag;
        Ok(if behind < most || behind.is_zero() {
            Pressure::Easy
        } else {
            Pressure::Over(format!("the replica itself is {behind:?} behind (at most {most:?})"))
        })
    }
}
