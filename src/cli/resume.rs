//! `zosc resume`: go on with a run that stopped, without saying once more what it was asked for.

use zosc::earlier;
use zosc::error::{Error, Result};
use zosc::journal::Phase;
use zosc::mysql::Server;
use zosc::request::Request;
use zosc::settings::Settings;
use zosc::sql::Statement;

use super::args::{ResumeArguments, Tuning};
use super::run::{Asked, Work, follow};
use crate::report::About;

/// Does it; gives the exit code.
pub(crate) async fn execute(arguments: ResumeArguments) -> u8 {
    let ResumeArguments { run, tuning, common } = arguments;
    let about = About { id: None, table: None };
    let asked = common.connection.settle().and_then(|settled| {
        let tuning = Box::new(tuning.over(settled.file.tuning)?);
        let settings = Box::new(tuning.settings(&settled.connection)?);
        tuning.commands()?;
        let journal = common.journal.schema(&settled.file.journal);
        let watch = tuning.watch.clone();
        let work = Work::Resume { run, tuning, settings, journal };
        Ok(Asked { connection: settled.connection, work, watch })
    });
    follow(about, &common, asked).await
}

/// What the run was asked for; `None` when that is done.
pub(super) async fn request(
    server: &Server,
    run: u64,
    tuning: Tuning,
    settings: Settings,
    journal_schema: String,
) -> Result<Option<Request>> {
    let row = earlier::run(server, &journal_schema, run).await?;
    if row.phase.is_done() {
        return Ok(None);
    }
    let statement = Statement::parse(&row.statement).map_err(|error| {
        Error::failed("journal_not_readable", format!("run {run} was asked for: {error}"))
    })?;
    // What the server was to change itself has copied nothing.
    let copy = row.phase != Phase::Altering;
    tuning.request(row.table, statement, row.name, copy, settings, journal_schema).map(Some)
}
