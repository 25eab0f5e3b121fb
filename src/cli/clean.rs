//! `zosc clean`: drop what ended runs have left.

use zosc::error::Result;
use zosc::mysql::Server;
use zosc::tidy;
use zosc::traffic::Relief;

use super::args::CleanArguments;
use crate::report::{self, Answer};

/// Drops with `--yes`, else lists; gives the exit code.
pub(crate) async fn execute(arguments: &CleanArguments) -> u8 {
    let cleaned = clean(arguments).await;
    let answer = cleaned.map(|cleaned| Answer::clean(&cleaned, arguments.yes));
    report::answer(arguments.common.output.format, answer)
}

async fn clean(arguments: &CleanArguments) -> Result<Vec<tidy::Cleaned>> {
    let settled = arguments.common.connection.settle()?;
    let server = Server::connect(&settled.connection).await?;
    let said = arguments.relief.relief();
    let resume = said.resume.or_else(|| settled.file.tuning.resume_traffic());
    let relief = Relief { resume, ..said };
    let schema = arguments.common.journal.schema(&settled.file.journal);
    tidy::clean(&server, &schema, &arguments.runs, &relief, arguments.yes).await
}
