//! The signals, each read by a task of its own: one that hangs keeps no other from being read.

mod capture;
mod critical;
mod disk;
mod flags;
mod history;
mod http;
mod lag;
mod latency;
mod line;
mod load;
mod query;
mod source;
mod status;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::board::Board;
use super::gauges::Gauges;
use super::reading::{Pressure, Reason};
use crate::error::Result;
use crate::event::millis;
use crate::journal::Journal;
use crate::mysql::Server;
use crate::settings::{Limits, Live};

pub use capture::Behind;
pub(super) use capture::Capture;
pub(super) use lag::check as check_replicas;

use critical::Critical;
use disk::Disk;
use history::History;
use http::Http;
use lag::Lag;
use latency::Latency;
use line::Line;
use load::Load;
use query::Query;
use source::Source;

/// One that reads a signal.
#[derive(Debug)]
pub(super) enum Probe {
    Load(Load),
    Critical(Critical),
    Lag(Box<Lag>),
    Query(Query),
    Http(Http),
    Flags,
    Windows,
    Latency(Latency),
    History(History),
    Capture(Capture),
    Disk(Disk),
    Source(Source),
}

impl Probe {
    /// One of each.
    pub(super) fn all(
        server: &Server,
        journal: &Journal,
        live: &Live,
        capture: Capture,
    ) -> Vec<Self> {
        let mut all = Self::of_the_server(server);
        all.push(Self::Lag(Box::new(Lag::new(server, journal, live))));
        all.push(Self::Http(Http::new()));
        all.push(Self::Capture(capture));
        all
    }

    /// Those whose limits may ask for what a server never tells.
    pub(super) fn of_the_server(server: &Server) -> Vec<Self> {
        let line = || Line::to(server);
        vec![
            Self::Load(Load::new(line())),
            Self::Critical(Critical::new(line())),
            Self::Query(Query::new(server)),
            Self::Flags,
            Self::Windows,
            Self::Latency(Latency::new(line())),
            Self::History(History::new(line())),
            Self::Disk(Disk::new(line())),
            Self::Source(Source::new(line())),
        ]
    }

    /// What it speaks of.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Load(_) => Reason::Load,
            Self::Critical(_) => Reason::CriticalLoad,
            Self::Lag(_) | Self::Source(_) => Reason::ReplicaLag,
            Self::Query(_) => Reason::Query,
            Self::Http(_) => Reason::Http,
            Self::Flags => Reason::FlagFile,
            Self::Windows => Reason::Window,
            Self::Latency(_) => Reason::WriteLatency,
            Self::History(_) => Reason::History,
            Self::Capture(_) => Reason::CaptureLag,
            Self::Disk(_) => Reason::Disk,
        }
    }

    /// How often it looks.
    fn every(&self, limits: &Limits) -> Duration {
        match self {
            Self::Lag(_) => lag::interval(limits),
            Self::Load(_) | Self::Critical(_) | Self::Flags => Duration::from_millis(500),
            Self::Query(_)
            | Self::Http(_)
            | Self::Windows
            | Self::Latency(_)
            | Self::Capture(_)
            | Self::Source(_) => Duration::from_secs(1),
            Self::History(_) | Self::Disk(_) => Duration::from_secs(5),
        }
    }

    /// One look; nothing presses where no limit is set.
    pub(super) async fn look(&mut self, limits: &Limits, workers: usize) -> Result<Pressure> {
        match self {
            Self::Load(load) => load.look(limits, workers).await,
            Self::Critical(critical) => critical.look(limits).await,
            Self::Lag(lag) => lag.look(limits).await,
            Self::Query(query) => query.look(limits).await,
            Self::Http(http) => http.look(limits).await,
            Self::Flags => flags::look(limits).await,
            Self::Windows => Ok(windows::look(limits)),
            Self::Latency(latency) => latency.look(limits).await,
            Self::History(history) => history.look(limits).await,
            Self::Capture(capture) => Ok(capture.look(limits)),
            Self::Disk(disk) => disk.look(limits).await,
            Self::Source(source) => source.look(limits).await,
        }
    }

    /// What it has measured, for those who watch.
    fn show(&self, gauges: &Gauges) {
        match self {
            Self::Lag(lag) => gauges.set(|it| it.replica_lag_ms = lag.worst().map(millis)),
            Self::Latency(latency) => gauges.set(|it| {
                it.write_ms = latency.mean().map(|mean| mean.as_secs_f64() * 1e3);
            }),
            _ => {}
        }
    }

    /// Looks until it is dropped; at once when a limit is changed.
    pub(super) async fn keep_looking(
        mut self,
        slot: usize,
        board: Board,
        live: Live,
        gauges: Gauges,
        news: Arc<Notify>,
    ) {
        let mut settings = live.watch();
        loop {
            let (limits, workers) = {
                let now = settings.borrow_and_update();
                (now.limits.clone(), now.effort.workers)
            };
            let look = self.look(&limits, workers).await;
            self.show(&gauges);
            board.put(slot, look);
            news.notify_one();
            tokio::select! {
                () = tokio::time::sleep(self.every(&limits)) => {}
                changed = settings.changed() => if changed.is_err() { return; },
            }
        }
    }
}
