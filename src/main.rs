//! The `zosc` command: parse, run, exit code.

mod cli;
mod report;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    let _asked_for = fail::FailScenario::setup();
    ExitCode::from(cli::main().await)
}
