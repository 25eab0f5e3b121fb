//! Load beyond which the run stops: only if it has not passed after a moment without our own work.

use std::time::{Duration, Instant};

use super::load::{beyond, names};
use super::{Line, Pressure, status};
use crate::error::Result;
use crate::settings::Limits;

/// How long it must last.
const LASTING: Duration = Duration::from_secs(2);

/// Reads status variables.
#[derive(Debug)]
pub(in crate::pace) struct Critical {
    line: Line,
    since: Option<Instant>,
}

impl Critical {
    pub(super) fn new(line: Line) -> Self {
        Self { line, since: None }
    }

    /// Rest at once, and the end when that did not help.
    pub(super) async fn look(&mut self, limits: &Limits) -> Result<Pressure> {
        let thresholds = &limits.critical_load;
        if thresholds.is_empty() {
            self.since = None;
            return Ok(Pressure::Easy);
        }
        let values = status::of_others(&mut self.line, &names(thresholds)).await?;
        let Some(detail) = beyond(thresholds, &values) else {
            self.since = None;
            return Ok(Pressure::Easy);
        };
        let since = *self.since.get_or_insert_with(Instant::now);
        Ok(if since.elapsed() >= LASTING {
            Pressure::Critical(detail)
        } else {
            Pressure::Over(detail)
        })
    }
}
