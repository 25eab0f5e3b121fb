//! How busy the server is with others' statements.

use std::time::{Duration, Instant};

use super::{Line, Pressure, status};
use crate::error::Result;
use crate::mysql::Process;
use crate::settings::{Limits, Threshold};

/// What is read whatever the limits are.
const RUNNING: &str = "Threads_running";

/// How often is counted which threads of the server always run.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// Reads status variables.
#[derive(Debug)]
pub(in crate::pace) struct Load {
    line: Line,
    /// Threads that send the log to replicas or are the server's own, and when they were counted.
    idle: Option<(f64, Instant)>,
}

impl Load {
    pub(super) fn new(line: Line) -> Self {
        Self { line, idle: None }
    }

    /// Rest beyond a limit; less when others have more statements running than we would run workers.
    pub(super) async fn look(&mut self, limits: &Limits, workers: usize) -> Result<Pressure> {
        let names = names(&limits.max_load);
        let values = status::of_others(&mut self.line, &[&[RUNNING], &names[..]].concat()).await?;
        if let Some(detail) = beyond(&limits.max_load, &values[1..]) {
            return Ok(Pressure::Over(detail));
        }
        Ok(judge(values[0] - self.idle().await?, workers))
    }

    #[allow(clippy::cast_precision_loss)] // threads are few
    async fn idle(&mut self) -> Result<f64> {
        if let Some((idle, counted)) = self.idle
            && counted.elapsed() < COUNT_EVERY
        {
            return Ok(idle);
        }
        let ours = self.line.server().presence().ids();
        let all = self.line.ask(Process::all).await?;
        let is_idle = |process: &&Process| {
            let is_ours = u32::try_from(process.id).is_ok_and(|id| ours.contains(&id));
            !is_ours && (process.command.starts_with("Binlog Dump") || process.command == "Daemon")
        };
        let idle = all.iter().filter(is_idle).count() as f64;
        self.idle = Some((idle, Instant::now()));
        Ok(idle)
    }
}

#[allow(clippy::cast_precision_loss)] // workers are few
fn judge(others: f64, workers: usize) -> Pressure {
    if others > workers as f64 {
        Pressure::Busy(format!("{others} statements of others are running"))
    } else {
        Pressure::Easy
    }
}

/// The variables of some thresholds.
pub(super) fn names(thresholds: &[Threshold]) -> Vec<&str> {
    thresholds.iter().map(|threshold| &*threshold.variable).collect()
}

/// The first threshold that is reached, in words.
pub(super) fn beyond(thresholds: &[Threshold], values: &[f64]) -> Option<String> {
    let reached =
        thresholds.iter().zip(values).find(|(threshold, value)| **value >= threshold.limit);
    reached.map(|(Threshold { variable, limit }, value)| {
        format!("`{variable}` is {value} without zosc's own share (must be below {limit})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_limit_that_is_reached_is_named() {
        let limits = Threshold::list("Threads_running=30,Threads_connected=100").unwrap();
        assert_eq!(beyond(&limits, &[29.0, 99.0]), None);
        let detail = beyond(&limits, &[29.0, 100.0]).unwrap();
        assert!(detail.contains("`Threads_connected` is 100 "), "{detail}");
    }

    #[test]
    fn others_may_have_as_many_as_we() {
        assert_eq!(judge(4.0, 4), Pressure::Easy);
        assert!(matches!(judge(5.0, 4), Pressure::Busy(_)));
    }
}
