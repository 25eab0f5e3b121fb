//! Whether the server keeps its binary log long enough: a run that stops now must find the file of
//! the last position in its journal again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::position::{Position, log_files};
use crate::error::Result;
use crate::event::Events;
use crate::journal::Journal;
use crate::mysql::{Fault, Server, Session};

/// When the server removes files of its binary log by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// So long after a file was last written; `None` is never.
    pub(crate) age: Option<Duration>,
    /// The oldest ones when all together have more bytes; `None` is never.
    pub(crate) size: Option<u64>,
}

/// Why the run may be too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    /// The file is gone.
    Gone,
    /// It has not been written for so long, which is more than half of the time that it is kept.
    Old(Duration),
    /// It is the oldest, and the log has nearly the size at which the oldest is removed.
    Next,
}

/// How often is looked, at most and at least; between these, eight times while a file is kept.
const LOOK_EVERY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// What the server's variables say.
pub(crate) async fn policy(session: &mut Session) -> Result<Policy> {
    let variables: HashMap<String, String> = session
        .rows::<(String, String)>(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds', \
             'binlog_expire_logs_auto_purge', 'max_binlog_total_size')",
        )
        .await?
        .into_iter()
        .collect();
    let number = |name: &str| {
        let value = variables.get(name).and_then(|value| value.parse::<u64>().ok());
        value.filter(|value| *value > 0)
    };
    let purges = variables.get("binlog_expire_logs_auto_purge").is_none_or(|it| it != "OFF");
    let age = number("binlog_expire_logs_seconds").filter(|_| purges).map(Duration::from_secs);
    Ok(Policy { age, size: number("max_binlog_total_size") })
}

/// Watches over the log until it is told to stop; warns once for each kind of concern.
pub(super) async fn watch(
    server: Server,
    journal: Journal,
    events: Events,
    stopping: CancellationToken,
) {
    let mut watch = Watch { server, journal, session: None, closed: HashMap::new(), told: None };
    let mut pause = LOOK_EVERY[0];
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopping.cancelled() => break,
        }
        match watch.look(&events).await {
            Ok(policy) => {
                let often = policy.age.map_or(LOOK_EVERY[1], |age| age / 8);
                pause = often.clamp(LOOK_EVERY[0], LOOK_EVERY[1]);
            }
            Err(error) => {
                tracing::debug!(%error, "the list of binary logs cannot be read");
                watch.session = None;
                if Fault::of(&error) == Fault::Definite {
                    let message = format!("how long binary logs are kept is not watched: {error}");
                    events.warn("binlog_retention", message, None);
                    return;
                }
                pause = LOOK_EVERY[1];
            }
        }
    }
}

struct Watch {
    server: Server,
    journal: Journal,
    session: Option<Session>,
    /// Files that are not written any more, by when we first saw that.
    closed: HashMap<String, Instant>,
    told: Option<&'static str>,
}

impl Watch {
    async fn look(&mut self, events: &Events) -> Result<Policy> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.server.session().await?,
        };
        let policy = policy(&mut session).await?;
        let files = log_files(&mut session).await?;
        let needed = self.journal.saved_position(&mut session).await?;
        self.session = Some(session);
        let Some((newest, older)) = files.split_last() else { return Ok(policy) };
        self.closed.retain(|file, _| *file != newest.0 && files.iter().any(|(it, _)| it == file));
        for (file, _) in older {
            self.closed.entry(file.clone()).or_insert_with(Instant::now);
        }
        let Some(needed) = needed else { return Ok(policy) };
        let unwritten = self.closed.get(&needed.file).map(Instant::elapsed);
        let concern = concern(policy, &files, &needed, unwritten);
        let word = concern.map(Concern::word);
        if let Some(concern) = concern.filter(|_| word != self.told) {
            let (message, hint) = concern.told(&needed, policy);
            events.warn("binlog_retention", message, Some(hint));
        }
        self.told = word;
        Ok(policy)
    }
}

/// What is to be feared for the file of `needed`, which has been `unwritten` for so long.
fn concern(
    policy: Policy,
    files: &[(String, u64)],
    needed: &Position,
    unwritten: Option<Duration>,
) -> Option<Concern> {
    let Some(index) = files.iter().position(|(file, _)| *file == needed.file) else {
        return Some(Concern::Gone);
    };
    if index + 1 == files.len() {
        return None; // The newest is never removed.
    }
    let unwritten = unwritten.unwrap_or_default();
    if policy.age.is_some_and(|age| unwritten > age / 2) {
        return Some(Concern::Old(unwritten));
    }
    let all: u64 = files.iter().map(|(_, size)| size).sum();
    let is_next = index == 0 && policy.size.is_some_and(|size| all > size / 5 * 4);
    is_next.then_some(Concern::Next)
}

impl Concern {
    fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Old(_) => "old",
            Self::Next => "next",
        }
    }

    /// A sentence, and what to do.
    fn told(self, needed: &Position, policy: Policy) -> (String, &'static str) {
        let file = &needed.file;
        let then = "a run that stops now would need it to go on";
        match self {
            Self::Gone => (
                format!("the server has removed its binary log `{file}`: {then}"),
                "let this run end by itself; it must start afresh if it stops",
            ),
            Self::Old(unwritten) => (
                format!(
                    "the server keeps its binary log `{file}` for {} s and has not written it for {} s: {then}",
                    policy.age.unwrap_or_default().as_secs(),
                    unwritten.as_secs()
                ),
                "raise `binlog_expire_logs_seconds` until the change is made",
            ),
            Self::Next => (
                format!("the binary log `{file}` is the next that the server will remove: {then}"),
                "raise `max_binlog_total_size` until the change is made",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_time_is_early_enough() {
        let policy = |age, size| Policy { age, size };
        let hour = Duration::from_hours(1);
        let files = ["b.1", "b.2", "b.3"].map(|file| (file.to_owned(), 100));
        let at = |file: &str| Position { file: file.to_owned(), offset: 4, born: 1 };
        let of = |policy, file, unwritten| concern(policy, &files, &at(file), unwritten);
        let never = policy(None, None);
        assert_eq!(of(never, "b.1", Some(hour)), None);
        assert_eq!(of(never, "b.0", None), Some(Concern::Gone));
        let hourly = policy(Some(hour), None);
        assert_eq!(of(hourly, "b.2", Some(hour / 2)), None);
        assert_eq!(of(hourly, "b.2", Some(hour)), Some(Concern::Old(hour)));
        assert_eq!(of(hourly, "b.3", Some(hour)), None, "the newest stays");
        for (size, expected) in [(300, Some(Concern::Next)), (400, None)] {
            assert_eq!(of(policy(None, Some(size)), "b.1", None), expected);
            assert_eq!(of(policy(None, Some(size)), "b.2", None), None);
        }
    }
}
