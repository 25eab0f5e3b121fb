//! `zosc run`: change the table.

use zosc::error::Result;
use zosc::event::Events;
use zosc::halt::Halt;
use zosc::migration;
use zosc::mysql::{Connection, Server};
use zosc::outcome::Outcome;
use zosc::request::Request;

use super::args::RunArguments;
use super::{change, signals};
use crate::report::{About, Ending, Report};

/// Does it; gives the exit code.
pub(crate) async fn execute(arguments: &RunArguments) -> u8 {
    let RunArguments { change, tuning, journal, connection, output, .. } = arguments;
    let understood = change::understand(change, tuning, journal, connection);
    let table = understood.as_ref().ok().map(|(_, request)| request.table.plain());
    let about = About { id: change.id.clone(), table };

    let (events, heard) = Events::channel();
    if connection.shows_password() {
        events.warn(
            "password_in_arguments",
            "everybody on this machine can read the password in `--url`",
            Some("give the URL as ZOSC_URL, or leave the password out of it"),
        );
    }
    let report = Report::begin(output.format, output.verbosity(), about, heard);
    let ending = match understood {
        Ok((connection, request)) => {
            // A task of its own, so that even a bug ends with a report.
            Ending::of(tokio::spawn(work(connection, request, events)).await)
        }
        Err(error) => Ending::from(Err(error)),
    };
    report.end(ending).await
}

async fn work(connection: Connection, request: Request, events: Events) -> Result<Outcome> {
    let halt = Halt::new();
    signals::watch(&halt, &events)?;
    let server = tokio::select! {
        server = Server::connect(&connection) => server?,
        // Safe here: nobody uses the half-made connection.
        cause = halt.stopped() => return Err(cause),
    };
    migration::run(&server, &request, &events, &halt).await
}
