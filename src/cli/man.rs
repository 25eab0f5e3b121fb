//! `zosc man`: the manual pages.

use std::path::Path;

use zosc::error::{Error, Result};

use super::args::{self, ManArguments};
use crate::report::{self, Format};

/// Prints zosc's own page, or writes all; gives the exit code.
pub(crate) fn execute(arguments: &ManArguments) -> u8 {
    let done = match &arguments.dir {
        None => page().map(|page| report::document(&page)),
        Some(folder) => write(folder).map(|()| 0),
    };
    done.unwrap_or_else(|error| {
        report::failure(Format::Text, &error);
        error.kind.exit_code()
    })
}

fn page() -> Result<Vec<u8>> {
    let mut page = Vec::new();
    // It would refer to pages that nobody writes.
    clap_mangen::Man::new(args::definition().disable_help_subcommand(true))
        .render(&mut page)
        .map_err(|error| Error::failed("no_manual", format!("cannot make the page: {error}")))?;
    Ok(page)
}

fn write(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(args::definition(), folder))
        .map_err(|error| {
            let message = format!("cannot write the pages into {}: {error}", folder.display());
            Error::failed("no_manual", message)
        })
}
