//! Who may look on, and what is written down for later.
#![allow(clippy::doc_markdown)] // these comments are the help text

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::OUTPUT;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = OUTPUT)]
pub(crate) struct WatchArguments {
    /// Serve metrics for Prometheus at this address, such as 127.0.0.1:9104, while the run goes on
    #[arg(long, value_name = "ADDRESS", env = "ZOSC_METRICS")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Write a report to this file when the run ends, however it ends: its name ends in .html or .json
    #[arg(long, value_name = "FILE", env = "ZOSC_REPORT")]
    pub(crate) report: Option<PathBuf>,
}
