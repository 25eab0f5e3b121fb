//! `zosc run`: change the table.

use zosc::error::Result;
use zosc::event::Events;
use zosc::halt::Halt;
use zosc::mysql::{Connection, Server};
use zosc::options::Options;
use zosc::outcome::Outcome;
use zosc::request::{Rehearse, Request};
use zosc::settings::Replica;
use zosc::{migration, rehearse};

use super::args::{Common, RunArguments, WatchArguments};
use super::change::{self, Understood};
use super::{resume, signals};
use crate::report::{About, Ending, Metrics, Recorder, Report};

/// What is to be done, where, and who may look on.
pub(super) struct Asked {
    pub(super) connection: Connection,
    pub(super) work: Work,
    pub(super) watch: WatchArguments,
}

/// What is to be done.
pub(super) enum Work {
    /// This change.
    Change(Box<Request>),
    /// This change, for trial on a replica.
    Rehearse(Box<Request>, Box<Replica>),
    /// What the run of this number was asked for.
    Resume(u64, Box<Options>),
}

/// Does it; gives the exit code.
pub(crate) async fn execute(arguments: &RunArguments) -> u8 {
    let RunArguments { change, tuning, common, .. } = arguments;
    let understood = change::understand(change, tuning, common);
    let table = understood.as_ref().ok().map(|it| it.request.table.plain());
    let about = About { id: change.id.clone(), table };
    let asked = understood.and_then(|Understood { connection, mut request, watch }| {
        request.rehearse = arguments.rehearse.then_some(Rehearse::Here);
        let work = match &arguments.rehearse_on {
            None => Work::Change(Box::new(request)),
            Some(address) => {
                let replica = Replica::at(address, &connection)?;
                Work::Rehearse(Box::new(request), Box::new(replica))
            }
        };
        Ok(Asked { connection, work, watch })
    });
    follow(about, common, asked).await
}

/// Does what is asked and reports on it; gives the exit code.
pub(super) async fn follow(about: About, common: &Common, asked: Result<Asked>) -> u8 {
    let Common { connection, output, .. } = common;
    let (events, heard) = Events::channel();
    if connection.shows_password() {
        events.warn(
            "password_in_arguments",
            "everybody on this machine can read the password in `--url`",
            Some("give the URL as ZOSC_URL, or leave the password out of it"),
        );
    }
    let recorder = asked.as_ref().ok().and_then(|asked| asked.recorder(&about)).transpose();
    let (recorder, asked) = match recorder {
        Ok(recorder) => (recorder, asked),
        Err(error) => (None, Err(error)),
    };
    let report = Report::begin(output.format, output.verbosity(), about, heard, recorder);
    let ending = match asked {
        Ok(asked) => {
            // A task of its own, so that even a bug ends with a report.
            Ending::of(tokio::spawn(asked.work(events)).await)
        }
        Err(error) => Ending::from(Err(error)),
    };
    report.end(ending).await
}

impl Asked {
    /// Whoever writes the report, if there is to be one.
    fn recorder(&self, about: &About) -> Option<Result<Recorder>> {
        let file = self.watch.report.as_deref()?;
        Some(match &self.work {
            Work::Change(request) | Work::Rehearse(request, _) => {
                Recorder::open(file, about, &request.settings)
                    .map(|recorder| recorder.statement(request.statement.text()))
            }
            Work::Resume(_, options) => Recorder::open(file, about, &options.settings),
        })
    }

    async fn work(self, events: Events) -> Result<Outcome> {
        let _metrics = match self.watch.metrics {
            Some(address) => Some(Metrics::open(address, &events).await?),
            None => None,
        };
        Box::pin(work(self.connection, self.work, events)).await
    }
}

async fn work(connection: Connection, asked: Work, events: Events) -> Result<Outcome> {
    let halt = Halt::new();
    signals::watch(&halt, &events)?;
    let server = Server::connect_until(&connection, &halt).await?;
    let request = match asked {
        Work::Change(request) => *request,
        Work::Rehearse(request, replica) => {
            let replica = Server::connect(&replica.connection).await?;
            return rehearse::on_replica(&server, &replica, &request, &events, &halt).await;
        }
        Work::Resume(run, options) => match resume::request(&server, run, *options).await? {
            Some(request) => request,
            None => return Ok(Outcome::Already),
        },
    };
    migration::run(&server, &request, &events, &halt).await
}
