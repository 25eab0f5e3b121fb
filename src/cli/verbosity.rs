//! How much is said, and where the log goes.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::args::OutputArguments;
use crate::report::{Verbosity, colours};

impl OutputArguments {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, 0) => Verbosity::Normal,
            (_, level) => Verbosity::Verbose(level),
        }
    }
}

/// Starts the log on stderr; `RUST_LOG` says it more finely than `-v`.
pub(crate) fn start_log(verbosity: Verbosity) {
    let level = match verbosity {
        Verbosity::Quiet | Verbosity::Normal => "warn",
        Verbosity::Verbose(1) => "info",
        Verbosity::Verbose(2) => "debug",
        Verbosity::Verbose(_) => "trace",
    };
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("zosc={level}")));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours() && std::io::stderr().is_terminal())
        .init();
}
