//! A replica that is looked at.

use std::time::{Duration, Instant};

use mysql_async::Row;

use super::super::Line;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::mysql::{Facts, Fault, Flavour, Server, Session};
use crate::settings::Replica;

/// How often is read how late a replica is meant to be.
const READ_DELAY_EVERY: Duration = Duration::from_secs(10);
/// A server reckons such a delay in whole seconds, at both ends.
const COARSE: Duration = Duration::from_secs(1);
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
            self.delay = line.ask(async |session| delay(session, source).await).await?;
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

/// How late it is meant to be: the channel that comes from our server tells, or the only one. An
/// account that may not ask takes it for nothing.
async fn delay(session: &mut Session, source: &Facts) -> Result<Duration> {
    let channels: Result<Vec<Row>> = match session.flavour() {
        Flavour::Mariadb => session.rows("SHOW ALL SLAVES STATUS").await,
        Flavour::Mysql => match session.rows("SHOW REPLICA STATUS").await {
            // Servers that do not know these words.
            Err(error) if error.errno() == Some(1064) => session.rows("SHOW SLAVE STATUS").await,
            channels => channels,
        },
    };
    let channels = match channels {
        Err(error) if Fault::is_denied(&error) => Vec::new(),
        channels => channels?,
    };
    let is_ours = |row: &&Row| {
        ["Source_UUID", "Master_UUID"].iter().any(|name| text(row, name) == source.uuid)
            || text(row, "Master_Server_Id") == source.server_id.to_string()
    };
    let ours = channels.iter().find(is_ours).or(match &channels[..] {
        [only] => Some(only),
        _ => None,
    });
    let seconds: u64 = ours.and_then(|row| text(row, "SQL_Delay").parse().ok()).unwrap_or(0);
    Ok(if seconds == 0 { Duration::ZERO } else { Duration::from_secs(seconds) + COARSE })
}

/// Empty when there is no such column.
fn text(row: &Row, name: &str) -> String {
    let value: Option<Option<Vec<u8>>> = row.get_opt(name).and_then(std::result::Result::ok);
    String::from_utf8_lossy(&value.flatten().unwrap_or_default()).into_owned()
}
