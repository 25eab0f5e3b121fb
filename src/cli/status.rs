//! `zosc status`: the runs that are going on or have left something behind.

use zosc::error::Result;
use zosc::mysql::Server;
use zosc::tidy;

use super::args::StatusArguments;
use crate::report::{self, Answer};

/// Prints the list; gives the exit code.
pub(crate) async fn execute(arguments: &StatusArguments) -> u8 {
    let runs = list(arguments).await;
    report::answer(arguments.common.output.format, runs.map(|runs| Answer::status(&runs)))
}

async fn list(arguments: &StatusArguments) -> Result<Vec<tidy::RunState>> {
    let settled = arguments.common.connection.settle()?;
    let server = Server::connect(&settled.connection).await?;
    tidy::list(&server, &arguments.common.journal.schema(&settled.file.journal)).await
}
