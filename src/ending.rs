//! How a run ends: what is left on the server, and what the journal says of it.

use crate::crash::crash_point;
use crate::error::{Error, Kind, Result};
use crate::event::{Events, Stage};
use crate::journal::{Ended, Journal, Phase, RunRow, TAKEN_OVER};
use crate::mysql::{Fault, Server, plain_text};
use crate::outcome::{Outcome, Swapped};
use crate::request::Request;
use crate::schema::Helper;
use crate::{swap, tidy};

/// What can be done when not all was removed.
const WAY_TO_CLEAN: &str = "`zosc clean` removes it; do not drop a table before its triggers";

/// Writes down how the run ended; gives what to report. After a failure, leaves what the run can be
/// gone on with, or removes what it has made.
pub async fn conclude(
    server: &Server,
    request: &Request,
    run: &RunRow,
    done: Result<Outcome>,
    events: &Events,
) -> Result<Outcome> {
    events.stage(Stage::Tidy);
    crash_point!("end-due");
    let journal = Journal::of(&request.journal_schema, run);
    let end = match &done {
        Ok(Outcome::Copied(swapped)) => {
            mark_kept(server, swapped, run, events).await;
            Ended::Swapped
        }
        Ok(Outcome::Rehearsed(_)) => Ended::Rehearsed,
        Ok(_) => Ended::Direct,
        Err(error) if swap::is_behind_the_swap(error) => Ended::Swapped,
        Err(_) => Ended::Failed,
    };
    let unmade = Unmade { server, journal, run, events };
    match done {
        Err(error) if end == Ended::Failed => Err(unmade.conclude(error).await),
        Ok(rehearsed) if end == Ended::Rehearsed => {
            unmade.discard(end, "").await.map_err(|left| left.hint(WAY_TO_CLEAN))?;
            Ok(rehearsed)
        }
        done => {
            let note = done.as_ref().err().map_or("", |error| error.message.as_str());
            let written = async {
                let mut session = server.reconnect().await?;
                unmade.journal.end(&mut session, end, note).await?;
                session.close().await
            };
            told(written.await, events);
            done
        }
    }
}

/// A run that has not made its change.
struct Unmade<'a> {
    server: &'a Server,
    journal: Journal,
    run: &'a RunRow,
    events: &'a Events,
}

impl Unmade<'_> {
    /// After a failure; gives the error to report.
    async fn conclude(&self, error: Error) -> Error {
        let shadow = self.run.table.helper(Helper::Shadow).plain();
        if error.code == TAKEN_OVER {
            return error;
        }
        // Whatever it met then is another's doing, and nothing is its own to remove.
        if let Ok(true) = self.journal.is_taken_over(self.server).await {
            tracing::debug!(%error, "the run was taken over");
            return self.journal.taken_over();
        }
        if error.kind == Kind::Differs {
            told(self.write(&error, true).await.map(drop), self.events);
            return error
                .hint(format!("`{shadow}` is left for looking at; `zosc clean` removes it"));
        }
        if error.kind.leaves_the_run() {
            match self.write(&error, false).await {
                Ok(true) => return self.with_way_on(error),
                Ok(false) => {}
                Err(unwritten) => {
                    told(Err(unwritten), self.events);
                    return self.with_way_on(error);
                }
            }
        }
        match self.discard(Ended::Failed, &error.message).await {
            Ok(()) => error,
            Err(left) => error
                .hint(format!("not all that the run made could be removed ({left})"))
                .hint(WAY_TO_CLEAN),
        }
    }

    /// Writes down why the run stopped; whether it can be gone on with.
    async fn write(&self, error: &Error, for_good: bool) -> Result<bool> {
        let mut session = self.server.reconnect().await?;
        let is_under_way =
            self.journal.trail(&mut session).await?.is_some() || self.may_have_altered(error);
        if for_good {
            self.journal.ends_here(&mut session, &error.message).await?;
        } else if is_under_way {
            self.journal.stopped(&mut session, &error.message).await?;
        }
        session.close().await?;
        Ok(is_under_way && !for_good)
    }

    /// Whether only a look at the table tells if the server has changed it.
    fn may_have_altered(&self, error: &Error) -> bool {
        self.run.phase == Phase::Altering && Fault::of(error) == Fault::Lost
    }

    fn with_way_on(&self, error: Error) -> Error {
        let run = self.run.id;
        if error.kind == Kind::Unknown {
            return error;
        }
        error
            .hint(format!(
                "run the same command again, or `zosc resume {run}`, to go on where it stopped"
            ))
            .hint(format!("`zosc clean {run} --yes` gives it up and removes what it has made"))
    }

    /// Removes what the run has made, while nobody can take it over.
    async fn discard(&self, ended: Ended, note: &str) -> Result<()> {
        let mut holder = self.server.reconnect().await?;
        holder.begin().await?;
        // Without a journal nobody can take it over.
        if let Err(error) = self.journal.hold_row(&mut holder).await
            && error.code == TAKEN_OVER
        {
            return Err(error);
        }
        let mut session = self.server.reconnect().await?;
        tidy::discard(&mut session, self.run).await?;
        holder.close().await?;
        self.journal.end(&mut session, ended, note).await?;
        session.close().await
    }
}

fn told(written: Result<()>, events: &Events) {
    if let Err(unwritten) = written {
        let message = format!("the journal does not know how the run ended: {unwritten}");
        events.warn("journal_not_written", message, None);
    }
}

/// Gives the kept table the run's marker, so that `zosc clean` knows it. The change is made: failing
/// is worth a warning only.
async fn mark_kept(server: &Server, swapped: &Swapped, run: &RunRow, events: &Events) {
    let mark = format!("ALTER TABLE {} COMMENT = {}", swapped.kept, plain_text(&run.marker()));
    let marked = async {
        let mut session = server.session().await?;
        session.run(mark).await?;
        session.close().await
    };
    if let Err(unmarked) = marked.await {
        let message = format!("`{}` carries no marker: {unmarked}", swapped.kept.plain());
        events.warn("kept_not_marked", message, None);
    }
}
