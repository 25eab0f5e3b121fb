//! `zosc completions`: what a shell needs to complete the command line.

use super::args::{self, CompletionsArguments};
use crate::report;

/// Prints it; gives the exit code.
pub(crate) fn execute(arguments: &CompletionsArguments) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut args::definition(), "zosc", &mut script);
    report::document(&script)
}
