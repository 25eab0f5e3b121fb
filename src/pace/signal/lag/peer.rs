//! A replica that is looked at.

use std::time::{Duration, Instant};

use super::super::Line;
use super::channels;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::mysql::{Facts, Server};
use crate::settings::Replica;

/// How often is read how late a replica is meant to be.
const READ_DELAY_EVERY: Duration = Duration::from_secs(10);
/// Finding a replica takes no longer than this.
const PATIENCE: Duration = Duration::from_secs(5);

/// No such schema, no such table.
const MISSING: [u16; 2] = [1049, 1146];

/// A replica, and the line to it.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) replica: Replica,
    line: Option<Line>,
    delay: Duration,
    delay_read: Option<Instant>,
}

/// What a replica has got, and how late it is meant to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    pub(super) beat: Option<u64>,
    pub(super) delay: Duration,
}

impl Peer {
    pub(super) fn new(replica: Replica) -> Self {
        Self { replica, line: None, delay: Duration::ZERO, delay_read: None }
    }

    /// Looks at it. After an error everything is made anew: it may be another server by then.
    pub(super) async fn look(&mut self, journal: &Journal, source: &Facts) -> Result<Sight> {
        let seen = self.see(journal, source).await;
        if seen.is_err() {
            self.line = None;
            self.delay_read = None;
        }
        seen.map_err(|error| self.named(error))
    }

    async fn see(&mut self, journal: &Journal, source: &Facts) -> Result<Sight> {
        let line = match &mut self.line {
            Some(line) => line,
            None => self.line.insert(Line::to(&found(&self.replica).await?)),
        };
        if self.delay_read.is_none_or(|read| read.elapsed() >= READ_DELAY_EVERY) {
            self.delay = line.ask(async |session| channels::delay(session, source).await).await?;
            self.delay_read = Some(Instant::now());
        }
        let beat = line.ask(async |session| journal.beat_seen(session).await).await;
        match beat {
            Err(error) if error.errno().is_some_and(|errno| MISSING.contains(&errno)) => {
                Err(Error::not_ready("no_heartbeat", "it has no table of heartbeats (yet)"))
            }
            beat => Ok(Sight { beat: beat?, delay: self.delay }),
        }
    }

    /// How far it is behind as it says itself, what it is meant to be not counted.
    pub(super) async fn own_reckoning(&mut self) -> Result<Duration> {
        let Some(line) = &mut self.line else { return Err(self.has_no_beat()) };
        let behind = line.ask(async |session| channels::behind(session).await).await;
        behind.map_err(|error| self.named(error))
    }

    /// The error that it has nothing of ours.
    pub(super) fn has_no_beat(&self) -> Error {
        self.named(Error::not_ready("no_heartbeat", "it has not got a heartbeat of this run"))
    }

    fn named(&self, error: Error) -> Error {
        error.during(format!("replica {}", self.replica.name))
    }
}

/// Connects to it for the first time.
pub(super) async fn found(replica: &Replica) -> Result<Server> {
    let silent = |_| Error::not_ready("no_answer", "it does not answer");
    tokio::time::timeout(PATIENCE, Server::connect(&replica.connection))
        .await
        .map_err(silent)
        .flatten()
}
