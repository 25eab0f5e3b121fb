//! What zosc tells about itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::OutputArguments;

#[derive(Debug, Args)]
pub(crate) struct CapabilitiesArguments {
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// For which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Write the pages of all commands into this folder, instead of zosc's own to stdout
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
