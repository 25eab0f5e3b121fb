//! DDL on a table that the application uses: statements of the application queue behind a DDL that
//! waits for its lock, so each try waits only briefly, and between tries they run.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

use crate::error::{Error, Kind, Result};
use crate::event::Events;
use crate::halt::Halt;
use crate::mysql::Session;
use crate::schema::TableName;
use crate::settings::SwapBounds;

/// How DDL is tried.
#[derive(Debug, Clone)]
pub struct Patience {
    bounds: SwapBounds,
    events: Events,
    /// What ends the waiting; `None` for what must be done even while the run stops.
    halt: Option<Halt>,
}

impl Patience {
    /// Within the bounds of the swap, until the run stops.
    pub fn new(bounds: &SwapBounds, events: &Events, halt: &Halt) -> Self {
        Self { bounds: *bounds, events: events.clone(), halt: Some(halt.clone()) }
    }

    /// The same for removing what we made: it goes on while the run stops.
    pub fn for_removal(bounds: &SwapBounds, events: &Events) -> Self {
        Self { bounds: *bounds, events: events.clone(), halt: None }
    }

    /// Runs a statement that needs the lock on `table`. Each try waits for it no longer than
    /// `lock_timeout`; after all tries the error is of kind postponed. Any other error of the server
    /// comes back as it is.
    pub async fn run(&self, session: &mut Session, table: &TableName, sql: &str) -> Result<()> {
        let seconds = whole_seconds(self.bounds.lock_timeout);
        session.run(format!("SET SESSION lock_wait_timeout = {seconds}")).await?;
        let tries = self.bounds.attempts.max(1);
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_secs(1))
            .with_max_delay(Duration::from_secs(30))
            .with_max_times(usize::try_from(tries - 1).unwrap_or(usize::MAX))
            .with_jitter()
            .build();
        loop {
            if let Some(halt) = &self.halt {
                halt.check()?;
            }
            let Err(error) = session.run(sql).await else { return Ok(()) };
            if !matches!(error.errno(), Some(1205 | 1213)) {
                return Err(error);
            }
            let Some(pause) = pauses.next() else { return Err(not_granted(table, tries)) };
            self.events.waiting(
                "table_lock",
                format!(
                    "`{}` is in use by a longer transaction; trying again in {:.1} s",
                    table.plain(),
                    pause.as_secs_f32()
                ),
            );
            self.pause(pause).await?;
        }
    }

    async fn pause(&self, pause: Duration) -> Result<()> {
        let Some(halt) = &self.halt else {
            tokio::time::sleep(pause).await;
            return Ok(());
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            cause = halt.stopped() => Err(cause),
        }
    }
}

fn not_granted(table: &TableName, tries: u32) -> Error {
    Error::new(
        Kind::Postponed,
        "lock_timeout",
        format!("the lock on `{}` was not granted in {tries} tries", table.plain()),
    )
    .hint("end the long transactions on the table, or try again in a quieter hour")
    .hint("`SELECT * FROM sys.schema_table_lock_waits` shows who holds the lock")
}

/// The server counts in seconds, from one.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0 || duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }
}
