//! `zosc run`: change the table.

use zosc::error::Result;
use zosc::event::Events;
use zosc::halt::Halt;
use zosc::migration;
use zosc::mysql::{Connection, Server};
use zosc::outcome::Outcome;
use zosc::request::Request;
use zosc::settings::Settings;

use super::args::{Common, RunArguments, Tuning};
use super::{change, resume, signals};
use crate::report::{About, Ending, Report};

/// What is to be done.
pub(super) enum Asked {
    /// This change.
    Change(Box<Request>),
    /// What an earlier run was asked for.
    Resume { run: u64, tuning: Box<Tuning>, settings: Box<Settings>, journal: String },
}

/// Does it; gives the exit code.
pub(crate) async fn execute(arguments: &RunArguments) -> u8 {
    let RunArguments { change, tuning, common, .. } = arguments;
    let understood = change::understand(change, tuning, common);
    let table = understood.as_ref().ok().map(|(_, request)| request.table.plain());
    let about = About { id: change.id.clone(), table };
    let asked = understood.map(|(connection, request)| {
        let request = Request { rehearse: arguments.rehearse, ..request };
        (connection, Asked::Change(Box::new(request)))
    });
    follow(about, common, asked).await
}

/// Does what is asked and reports on it; gives the exit code.
pub(super) async fn follow(
    about: About,
    common: &Common,
    asked: Result<(Connection, Asked)>,
) -> u8 {
    let Common { connection, output, .. } = common;
    let (events, heard) = Events::channel();
    if connection.shows_password() {
        events.warn(
            "password_in_arguments",
            "everybody on this machine can read the password in `--url`",
            Some("give the URL as ZOSC_URL, or leave the password out of it"),
        );
    }
    let report = Report::begin(output.format, output.verbosity(), about, heard);
    let ending = match asked {
        Ok((connection, asked)) => {
            // A task of its own, so that even a bug ends with a report.
            Ending::of(tokio::spawn(work(connection, asked, events)).await)
        }
        Err(error) => Ending::from(Err(error)),
    };
    report.end(ending).await
}

async fn work(connection: Connection, asked: Asked, events: Events) -> Result<Outcome> {
    let halt = Halt::new();
    signals::watch(&halt, &events)?;
    let server = tokio::select! {
        server = Server::connect(&connection) => server?,
        // Safe here: nobody uses the half-made connection.
        cause = halt.stopped() => return Err(cause),
    };
    let request = match asked {
        Asked::Change(request) => *request,
        Asked::Resume { run, tuning, settings, journal } => {
            match resume::request(&server, run, *tuning, *settings, journal).await? {
                Some(request) => request,
                None => return Ok(Outcome::Already),
            }
        }
    };
    migration::run(&server, &request, &events, &halt).await
}
