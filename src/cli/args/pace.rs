//! What the server, its replicas and the operator allow.
#![allow(clippy::doc_markdown)] // these comments are the help text

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use url::Url;
use zosc::error::Result;
use zosc::mysql::Connection;
use zosc::settings::{Limits, Replica, Replicas, Threshold, Window};

use super::super::settings;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "When to slow down")]
pub(super) struct PaceArguments {
    /// How far replicas may be behind [default: 1s]
    #[arg(long, value_name = "TIME", env = "ZOSC_MAX_LAG", value_parser = settings::duration)]
    max_lag: Option<Duration>,
    /// A replica whose lag counts: host:port or mysql://user@host:port (the primary's account unless
    /// it names another); may be given more than once
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "ZOSC_REPLICA",
        hide_env_values = true,
        value_delimiter = ','
    )]
    replica: Vec<String>,
    /// Look at the lag of all replicas that the server knows, too
    #[arg(long, env = "ZOSC_DISCOVER_REPLICAS")]
    discover_replicas: bool,
    /// Rest while a status variable is this high: Threads_running=30,...
    #[arg(long, value_name = "VAR=N", env = "ZOSC_MAX_LOAD", value_delimiter = ',')]
    max_load: Vec<Threshold>,
    /// Stop (the same command goes on later) when a status variable is this high
    #[arg(long, value_name = "VAR=N", env = "ZOSC_CRITICAL_LOAD", value_delimiter = ',')]
    critical_load: Vec<Threshold>,
    /// Rest while this query's first value is neither 0 nor NULL
    #[arg(long, value_name = "SQL", env = "ZOSC_THROTTLE_QUERY")]
    throttle_query: Option<String>,
    /// Rest unless this address answers with a status of 200 to 299
    #[arg(long, value_name = "URL", env = "ZOSC_THROTTLE_HTTP", hide_env_values = true, value_parser = settings::http)]
    throttle_http: Option<Url>,
    /// Rest while this file exists; may be given more than once
    #[arg(long, value_name = "FILE", env = "ZOSC_THROTTLE_FLAG_FILE")]
    throttle_flag_file: Vec<PathBuf>,
    /// Work in this time of the day only, by this machine's clock: 22:00-06:00, "Sat,Sun 00:00-24:00";
    /// may be given more than once
    #[arg(long, value_name = "TIMES", env = "ZOSC_WINDOW", value_delimiter = ';')]
    window: Vec<Window>,
    /// Rest while the application's writing statements take longer than this on average
    #[arg(long, value_name = "TIME", env = "ZOSC_MAX_WRITE_LATENCY", value_parser = settings::duration)]
    max_write_latency: Option<Duration>,
    /// Rest while InnoDB's history of old row versions is longer than this
    #[arg(long, value_name = "N", env = "ZOSC_MAX_HISTORY", value_parser = settings::rows)]
    max_history: Option<u64>,
    /// How far zosc itself may be behind the server's log before the copy rests [default: 10s]
    #[arg(long, value_name = "TIME", env = "ZOSC_MAX_CAPTURE_LAG", value_parser = settings::duration)]
    max_capture_lag: Option<Duration>,
    /// Rest while the server's disk has less room than this (10GiB), where it tells
    #[arg(long, value_name = "SIZE", env = "ZOSC_MIN_DISK_FREE", value_parser = settings::bytes)]
    min_disk_free: Option<u64>,
}

impl PaceArguments {
    /// The limits; replicas have the primary's account where their addresses name no other.
    pub(super) fn limits(&self, primary: &Connection) -> Result<Limits> {
        let default = Limits::default();
        let named = self.replica.iter().map(|address| Replica::at(address, primary));
        let named = named.collect::<Result<_>>()?;
        Ok(Limits {
            max_lag: self.max_lag.unwrap_or(default.max_lag),
            replicas: Replicas { named, discover: self.discover_replicas, itself: false },
            max_load: self.max_load.clone(),
            critical_load: self.critical_load.clone(),
            query: self.throttle_query.clone(),
            http: self.throttle_http.clone(),
            flag_files: self.throttle_flag_file.clone(),
            windows: self.window.clone(),
            max_write_latency: self.max_write_latency,
            max_history: self.max_history,
            max_capture_lag: self.max_capture_lag.unwrap_or(default.max_capture_lag),
            min_disk_free: self.min_disk_free,
        })
    }
}
