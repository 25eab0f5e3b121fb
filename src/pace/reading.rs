//! What presses, and how much.

use std::fmt;

use serde::Serialize;

/// What may slow the work down or stop it: the slugs of events and of the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An operator said so.
    Commanded,
    /// A file that is there.
    FlagFile,
    /// It is not the time of the day for it.
    Window,
    /// A status variable.
    Load,
    /// A status variable beyond which the run stops.
    CriticalLoad,
    /// A replica.
    ReplicaLag,
    /// What a query answers.
    Query,
    /// What an address answers.
    Http,
    /// The application's writes take long.
    WriteLatency,
    /// Old versions of rows are not purged.
    History,
    /// Our own capture is behind.
    CaptureLag,
    /// The server's disk fills up.
    Disk,
}

impl Reason {
    /// The slug.
    pub fn word(self) -> &'static str {
        match self {
            Self::Commanded => "commanded",
            Self::FlagFile => "flag_file",
            Self::Window => "window",
            Self::Load => "load",
            Self::CriticalLoad => "critical_load",
            Self::ReplicaLag => "replica_lag",
            Self::Query => "query",
            Self::Http => "http",
            Self::WriteLatency => "write_latency",
            Self::History => "history",
            Self::CaptureLag => "capture_lag",
            Self::Disk => "disk",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How much something presses; with the reason as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pressure {
    /// Not at all: there may be more work.
    Easy,
    /// There should be less work; one worker may always go on.
    Busy(String),
    /// There must be less work.
    Tight(String),
    /// There must be none.
    Over(String),
    /// The run must stop.
    Critical(String),
}

impl Pressure {
    /// The more, the heavier it presses.
    pub(super) fn weight(&self) -> u8 {
        match self {
            Self::Easy => 0,
            Self::Busy(_) => 1,
            Self::Tight(_) => 2,
            Self::Over(_) => 3,
            Self::Critical(_) => 4,
        }
    }

    /// The reason, if there is one.
    pub(super) fn detail(&self) -> Option<&str> {
        match self {
            Self::Easy => None,
            Self::Busy(detail)
            | Self::Tight(detail)
            | Self::Over(detail)
            | Self::Critical(detail) => Some(detail),
        }
    }
}
