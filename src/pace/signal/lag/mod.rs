//! How far replicas are behind: a row of the journal is changed again and again, and each replica is
//! asked which change it has got. Only numbers are compared, never clocks.

mod beats;
mod channels;
mod discover;
mod heart;
mod peer;

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use self::heart::Heart;
use self::peer::Peer;
use super::{Line, Pressure};
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::mysql::{Fault, Server};
use crate::settings::{Limits, Live, Replica, Replicas};

/// How often replicas are looked for.
const DISCOVER_EVERY: Duration = Duration::from_secs(30);
/// Below a limit like this a half of it is no more than the time between two beats.
const FINE: Duration = Duration::from_millis(300);

pub(in crate::pace::signal) use channels::behind;
pub(in crate::pace::signal) use heart::interval;

/// Looks at all replicas.
#[derive(Debug)]
pub(in crate::pace) struct Lag {
    line: Line,
    journal: Journal,
    live: Live,
    /// Those that were found stay until the run ends: one that cannot reach the server any more is
    /// not in its register either.
    found: Vec<Replica>,
    looked: Option<Instant>,
    peers: Vec<Peer>,
    heart: Option<Heart>,
    /// Of the replica that is most behind, as read last.
    worst: Option<Duration>,
}

impl Lag {
    pub(super) fn new(server: &Server, journal: &Journal, live: &Live) -> Self {
        Self {
            line: Line::to(server),
            journal: journal.clone(),
            live: live.clone(),
            found: Vec::new(),
            looked: None,
            peers: Vec::new(),
            heart: None,
            worst: None,
        }
    }

    /// How far the replica that is most behind is behind; `None` when that is not known.
    pub(in crate::pace::signal) fn worst(&self) -> Option<Duration> {
        self.worst
    }

    /// Rest when one is too far behind; an error when one cannot be looked at.
    pub(super) async fn look(&mut self, limits: &Limits) -> Result<Pressure> {
        self.worst = None;
        self.assemble(&limits.replicas).await?;
        if self.peers.is_empty() {
            self.heart = None;
            return Ok(Pressure::Easy);
        }
        let server = self.line.server();
        let heart =
            self.heart.get_or_insert_with(|| Heart::start(server, &self.journal, &self.live));
        heart.is_alive()?;
        let (journal, source) = (&self.journal, server.facts());
        let looks = self.peers.iter_mut().map(|peer| peer.look(journal, source));
        let (mut worst, mut most, mut got_by_all) = (Pressure::Easy, Duration::ZERO, u64::MAX);
        let sights = join_all(looks).await;
        for (sight, peer) in sights.into_iter().zip(&mut self.peers) {
            let sight = sight?;
            let (got, lag) = match heart.behind(sight.beat) {
                Some(behind) => (sight.beat, behind.saturating_sub(sight.delay)),
                // Our first beat is not due there yet: that may take hours.
                None if heart.age() < sight.delay => (None, peer.own_reckoning().await?),
                None => return Err(peer.has_no_beat()),
            };
            got_by_all = got_by_all.min(got.unwrap_or(0));
            most = most.max(lag);
            let pressure = judge(&peer.replica.name, lag, limits.max_lag);
            if pressure.weight() > worst.weight() {
                worst = pressure;
            }
        }
        heart.forget(got_by_all);
        self.worst = Some(most);
        Ok(worst)
    }

    /// The replicas that are to be looked at.
    async fn assemble(&mut self, wanted: &Replicas) -> Result<()> {
        if !wanted.discover {
            self.found.clear();
            self.looked = None;
        } else if self.looked.is_none_or(|looked| looked.elapsed() >= DISCOVER_EVERY) {
            let server = self.line.server().clone();
            let found = self
                .line
                .ask(async |session| discover::replicas(&server, session).await)
                .await
                .map_err(|error| error.during("looking for replicas"))?;
            self.looked = Some(Instant::now());
            for replica in found {
                if !self.found.contains(&replica) {
                    tracing::info!(replica = replica.name, "found a replica");
                    self.found.push(replica);
                }
            }
        }
        let all = || wanted.named.iter().chain(&self.found);
        self.peers.retain(|peer| all().any(|replica| *replica == peer.replica));
        for replica in all() {
            if !self.peers.iter().any(|peer| peer.replica == *replica) {
                self.peers.push(Peer::new(replica.clone()));
            }
        }
        Ok(())
    }
}

fn judge(name: &str, lag: Duration, limit: Duration) -> Pressure {
    let (seconds, most) = (lag.as_secs_f64(), limit.as_secs_f64());
    let detail = || format!("{name} is {seconds:.1} s behind (at most {most:.1} s)");
    if lag >= limit {
        Pressure::Over(detail())
    } else if lag > FINE && lag > limit / 2 {
        Pressure::Tight(detail())
    } else {
        Pressure::Easy
    }
}

/// An error when a replica cannot be looked at, those of the server cannot be asked for, or the account
/// may not read the heartbeat there.
pub(in crate::pace) async fn check(server: &Server, wanted: &Replicas, schema: &str) -> Result<()> {
    let mut all = wanted.named.clone();
    if wanted.discover {
        let found = async |session: &mut _| discover::replicas(server, session).await;
        all.extend(Line::to(server).ask(found).await?);
    }
    for replica in all {
        let named = |error: Error| error.during(format!("replica {}", replica.name));
        let found = peer::found(&replica).await.map_err(named)?;
        let readable = async |session: &mut _| Journal::may_read_beats(session, schema).await;
        Line::to(&found).ask(readable).await.map_err(|error| {
            let is_denied = Fault::is_denied(&error);
            if is_denied { may_not_read(&replica, schema, &error) } else { named(error) }
        })?;
    }
    Ok(())
}

fn may_not_read(replica: &Replica, schema: &str, error: &Error) -> Error {
    let Replica { name, connection } = replica;
    let message = format!("the account may not read the heartbeat on replica {name}: {error}");
    Error::refused("replica_unreadable", message).hint(format!(
        "GRANT SELECT ON `{schema}`.* TO `{}`, on the primary or there",
        connection.user
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_presses_from_half_of_the_limit_on() {
        let judge = |lag, limit| {
            judge("10.0.0.7:3306", Duration::from_millis(lag), Duration::from_millis(limit))
        };
        assert_eq!(judge(500, 1000), Pressure::Easy);
        assert_eq!(judge(501, 1000).weight(), 2);
        assert_eq!(judge(290, 400), Pressure::Easy, "beats themselves are not finer");
        let over = Pressure::Over("10.0.0.7:3306 is 4.2 s behind (at most 1.5 s)".into());
        assert_eq!(judge(4200, 1500), over);
        assert_eq!(judge(100, 100).weight(), 3);
    }
}
