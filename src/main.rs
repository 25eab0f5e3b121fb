//! The `zosc` command: parse, run, exit code.

mod cli;
mod report;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    ExitCode::from(cli::main().await)
}
