//! What is kept here for other tools.

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct WrapperArguments {
    /// For which tool
    #[arg(value_name = "TOOL")]
    pub(crate) of: WrapperOf,
}

/// The tools.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum WrapperOf {
    /// A Ruby file: put it into lib/ and require it
    Rails,
}
