//! `zosc resume`: go on with a run that stopped, without saying once more what it was asked for.

use zosc::earlier;
use zosc::error::{Error, Result};
use zosc::journal::Phase;
use zosc::mysql::Server;
use zosc::options::Options;
use zosc::request::Request;
use zosc::sql::Statement;

use super::args::ResumeArguments;
use super::run::{Asked, Work, follow};
use crate::report::About;

/// Does it; gives the exit code.
pub(crate) async fn execute(arguments: ResumeArguments) -> u8 {
    let ResumeArguments { run, tuning, common } = arguments;
    let about = About { id: None, table: None };
    let asked = common.connection.settle().and_then(|settled| {
        let tuning = tuning.over(settled.file.tuning)?;
        let watch = tuning.watch.clone();
        let mut options = tuning.options(settled.connection)?;
        options.journal_schema = common.journal.schema(&settled.file.journal);
        let connection = options.connection.clone();
        Ok(Asked { connection, work: Work::Resume(run, Box::new(options)), watch })
    });
    follow(about, &common, asked).await
}

/// What the run was asked for; `None` when that is done.
pub(super) async fn request(
    server: &Server,
    run: u64,
    mut options: Options,
) -> Result<Option<Request>> {
    let row = earlier::run(server, &options.journal_schema, run).await?;
    if row.phase.is_done() {
        return Ok(None);
    }
    let statement = Statement::parse(&row.statement).map_err(|error| {
        Error::failed("journal_not_readable", format!("run {run} was asked for: {error}"))
    })?;
    // What the server was to change itself has copied nothing.
    options.copy = row.phase != Phase::Altering;
    options.id = row.name;
    Ok(Some(options.request(row.table, statement)))
}
