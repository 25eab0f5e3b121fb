//! How long the server keeps what a run that resumes would read.

use std::time::Duration;

use crate::capture::Mode;
use crate::capture::binlog::retention_policy;
use crate::error::Result;
use crate::mysql::Session;
use crate::plan::{Finding, Rule};

/// A pause or a slow server may take so long.
const SHORT: Duration = Duration::from_hours(1);

pub(super) async fn check(session: &mut Session, capture: Mode) -> Result<Option<Finding>> {
    if capture != Mode::Binlog {
        return Ok(None);
    }
    let kept = retention_policy(session).await?.age.filter(|age| *age < SHORT);
    Ok(kept.map(|kept| {
        Finding::warn(
            Rule::BinlogRetention,
            format!(
                "the server keeps its binary log for {} s only: a run that stops for longer must start afresh",
                kept.as_secs()
            ),
            "raise `binlog_expire_logs_seconds` until the change is made",
        )
    }))
}
