//! How long the application's writing statements take, as the server's `performance_schema` has it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Line, Pressure};
use crate::error::{Error, Result};
use crate::mysql::{Fault, Session};
use crate::settings::Limits;

/// The statements that count, as `performance_schema` names them.
const WRITES: &str = "'statement/sql/insert', 'statement/sql/insert_select', \
                      'statement/sql/update', 'statement/sql/update_multi', \
                      'statement/sql/delete', 'statement/sql/delete_multi', \
                      'statement/sql/replace', 'statement/sql/replace_select', \
                      'statement/sql/commit'";
/// So many statements make a mean; fewer are waited for, up to a time.
const ENOUGH: u64 = 10;
const LONG_ENOUGH: Duration = Duration::from_secs(5);

/// Reads it.
#[derive(Debug)]
pub(in crate::pace) struct Latency {
    line: Line,
    before: Option<Totals>,
    pressure: Pressure,
    mean: Option<Duration>,
}

/// Statements since the server began, and the time they took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    picoseconds: u64,
}

/// Of all, and of each connection of ours.
#[derive(Debug)]
struct Totals {
    at: Instant,
    all: Sum,
    ours: HashMap<u32, Sum>,
}

impl Latency {
    pub(super) fn new(line: Line) -> Self {
        Self { line, before: None, pressure: Pressure::Easy, mean: None }
    }

    /// How long one took on average, as read last; only while there is a limit.
    pub(super) fn mean(&self) -> Option<Duration> {
        self.mean
    }

    /// Rest when they take too long on average; less when they take more than half of that.
    pub(super) async fn look(&mut self, limits: &Limits) -> Result<Pressure> {
        let Some(limit) = limits.max_write_latency else {
            self.before = None;
            self.pressure = Pressure::Easy;
            self.mean = None;
            return Ok(Pressure::Easy);
        };
        let is_first = self.before.is_none();
        let presence = self.line.server().presence().clone();
        let read = self.line.ask(async |session| {
            if is_first {
                is_counted(session).await?;
            }
            totals(session, presence.ids().into_iter().collect()).await
        });
        let now = read.await.map_err(denied)?;
        let Some(before) = self.before.take() else {
            self.before = Some(now);
            return Ok(Pressure::Easy);
        };
        match others(&before, &now) {
            Some(sum) if sum.count < ENOUGH && before.at.elapsed() < LONG_ENOUGH => {
                self.before = Some(before);
            }
            Some(sum) => {
                self.mean = sum.mean();
                self.pressure = judge(self.mean, limit);
                self.before = Some(now);
            }
            // Connections of ours have ended, and what they did cannot be told from others'.
            None => self.before = Some(now),
        }
        Ok(self.pressure.clone())
    }
}

/// What others have done in between; `None` when it cannot be told from ours.
fn others(before: &Totals, now: &Totals) -> Option<Sum> {
    let mut sum = now.all.since(before.all);
    if before.ours.keys().any(|id| !now.ours.contains_key(id)) {
        return None;
    }
    for (id, ours) in &now.ours {
        sum = sum.since(ours.since(before.ours.get(id).copied().unwrap_or_default()));
    }
    Some(sum)
}

fn judge(mean: Option<Duration>, limit: Duration) -> Pressure {
    let Some(mean) = mean else { return Pressure::Easy };
    let detail = || {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let (mean, limit) = (millis(mean), millis(limit));
        format!("writing statements take {mean:.1} ms on average (at most {limit:.1} ms)")
    };
    if mean > limit {
        Pressure::Over(detail())
    } else if mean > limit / 2 {
        Pressure::Tight(detail())
    } else {
        Pressure::Easy
    }
}

impl Sum {
    /// `None` when there was no statement.
    fn mean(self) -> Option<Duration> {
        let mean = self.picoseconds.checked_div(self.count)?;
        Some(Duration::from_nanos(mean / 1000))
    }

    fn since(self, before: Self) -> Self {
        Self {
            count: self.count.saturating_sub(before.count),
            picoseconds: self.picoseconds.saturating_sub(before.picoseconds),
        }
    }
}

async fn is_counted(session: &mut Session) -> Result<()> {
    let counted: bool = session
        .one(format!(
            "SELECT (SELECT COUNT(*) FROM performance_schema.setup_instruments \
             WHERE name IN ({WRITES}) AND enabled = 'YES' AND timed = 'YES') = 9 \
             AND (SELECT COUNT(*) FROM performance_schema.setup_consumers \
             WHERE name IN ('global_instrumentation', 'thread_instrumentation') \
             AND enabled = 'YES') = 2"
        ))
        .await?;
    if counted { Ok(()) } else { Err(unreadable("`performance_schema` does not time statements")) }
}

async fn totals(session: &mut Session, ids: Vec<u32>) -> Result<Totals> {
    let sums = "CAST(COALESCE(SUM(s.count_star), 0) AS UNSIGNED), \
                CAST(COALESCE(SUM(s.sum_timer_wait), 0) AS UNSIGNED)";
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    // Ours first: what we do in between then counts as others', and not the other way round.
    let ours: Vec<(u32, u64, u64)> = session
        .rows(format!(
            "SELECT t.processlist_id, {sums} FROM performance_schema.threads t \
             JOIN performance_schema.events_statements_summary_by_thread_by_event_name s \
             ON s.thread_id = t.thread_id AND s.event_name IN ({WRITES}) \
             WHERE t.processlist_id IN ({}) GROUP BY t.processlist_id",
            ids.join(", ")
        ))
        .await?;
    let (count, picoseconds) = session
        .one(format!(
            "SELECT {sums} FROM performance_schema.events_statements_summary_global_by_event_name s \
             WHERE s.event_name IN ({WRITES})"
        ))
        .await?;
    let ours = ours.into_iter();
    let ours = ours.map(|(id, count, picoseconds)| (id, Sum { count, picoseconds })).collect();
    Ok(Totals { at: Instant::now(), all: Sum { count, picoseconds }, ours })
}

fn denied(error: Error) -> Error {
    if Fault::is_denied(&error) { unreadable(&error.message) } else { error }
}

fn unreadable(why: &str) -> Error {
    let message = format!("the time that writing statements take cannot be read: {why}");
    Error::refused("write_latency_unreadable", message)
        .hint("start the server with `performance_schema=ON` and grant SELECT on it to the account")
        .hint("or leave `--max-write-latency` out and ask for it by `--throttle-query`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(count: u64, millis: u64) -> Sum {
        Sum { count, picoseconds: millis * 1_000_000_000 }
    }

    fn totals(all: Sum, ours: &[(u32, Sum)]) -> Totals {
        Totals { at: Instant::now(), all, ours: ours.iter().copied().collect() }
    }

    #[test]
    fn ours_do_not_count() {
        let before = totals(sum(100, 1000), &[(1, sum(10, 500))]);
        let now = totals(sum(150, 3000), &[(1, sum(20, 1500)), (2, sum(30, 900))]);
        assert_eq!(others(&before, &now), Some(sum(10, 100)));
        assert_eq!(others(&now, &before), None, "one has ended");
    }

    #[test]
    fn it_presses_from_half_of_the_limit_on() {
        let pressure = |millis| judge(sum(10, millis).mean(), Duration::from_millis(10)).weight();
        assert_eq!([pressure(50), pressure(60), pressure(110)], [0, 2, 3]);
        assert_eq!(judge(Sum::default().mean(), Duration::from_millis(1)), Pressure::Easy);
    }
}
