//! The story of one change: plan, shadow, capture, copy, verify, swap, tidy. It owns no state; each
//! stage takes what the one before has made.

use crate::capture::{Capture, Watched};
use crate::direct::Direct;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Events, Stage};
use crate::halt::Halt;
use crate::journal::{Ended, Guard, Journal, RunRow};
use crate::means::Means;
use crate::mysql::{Fault, Server, Session, plain_text};
use crate::outcome::{Outcome, Swapped};
use crate::pace::Pace;
use crate::plan::{self, CopyPlan, Method, Plan};
use crate::refresh::{Carrier, Refresh};
use crate::request::Request;
use crate::schema::Table;
use crate::shadow::{self, Shadow};
use crate::sql::Algorithm;
use crate::{copy, direct, swap, tidy, verify};

/// Makes the change that is asked for. When it fails the original is as it was, and what was made is
/// removed unless the error says otherwise.
pub async fn run(
    server: &Server,
    request: &Request,
    events: &Events,
    halt: &Halt,
) -> Result<Outcome> {
    let _guard = Guard::take(server, &request.table, halt).await?;
    let mut session = server.session().await?;
    if is_done_already(&mut session, request).await? {
        return Ok(Outcome::Already);
    }
    clear_away_the_dead(&mut session, request, events).await?;
    events.stage(Stage::Plan);
    let plan = plan::draw(server, request).await?;
    events.say(Event::Plan(plan.summary(request)));
    plan.accepted(request)?;
    halt.check()?;
    if matches!(plan.method, Method::Nothing) {
        return Ok(Outcome::Nothing);
    }

    let schema = &request.journal_schema;
    Journal::prepare(&mut session, schema).await?;
    let (shape, uuid) = (&plan.original.definition, &server.facts().uuid);
    let mut run = RunRow::insert(&mut session, schema, request, shape, uuid).await?;
    let server = &server.tagged(&run.id.to_string());
    let done = carry_out(server, request, &plan, &mut run, events, halt).await;
    let journal = Journal::of(&request.journal_schema, &run);
    if let Err(unwritten) = write_down(server, &journal, &done).await {
        let message = format!("the journal does not know how the run ended: {unwritten}");
        events.warn("journal_not_written", message, None);
    }
    done
}

/// Whether a run of the same name and statement has finished before.
async fn is_done_already(session: &mut Session, request: &Request) -> Result<bool> {
    let Some(name) = &request.id else { return Ok(false) };
    if !Journal::exists(session, &request.journal_schema).await? {
        return Ok(false);
    }
    let runs = RunRow::named(session, &request.journal_schema, name).await?;
    let Some(done) = runs.iter().find(|run| run.phase.is_done()) else { return Ok(false) };
    if done.table == request.table && done.statement == request.statement.text() {
        return Ok(true);
    }
    Err(Error::refused(
        "id_taken",
        format!("the id `{name}` belongs to a finished change of `{}`", done.table.plain()),
    )
    .hint("give each change an id of its own"))
}

/// Clears away what a run on this table has left that died. We hold the table's guard: none lives.
async fn clear_away_the_dead(
    session: &mut Session,
    request: &Request,
    events: &Events,
) -> Result<()> {
    let schema = &request.journal_schema;
    if !Journal::exists(session, schema).await? {
        return Ok(());
    }
    for dead in tidy::bury(session, schema, &request.table).await? {
        let message = format!("run {dead} on this table had died; what it left was removed");
        events.warn("dead_run_removed", message, None);
    }
    Ok(())
}

/// As planned; by a copy after all when the server cannot do to the table at once what it did to an
/// empty clone.
async fn carry_out(
    server: &Server,
    request: &Request,
    plan: &Plan,
    run: &mut RunRow,
    events: &Events,
    halt: &Halt,
) -> Result<Outcome> {
    let algorithm = match &plan.method {
        Method::Nothing => return Ok(Outcome::Nothing),
        Method::Copy(copy) => {
            return by_copy(server, request, &plan.original, copy, run, events, halt).await;
        }
        Method::Instant => Algorithm::Instant,
        Method::InPlace => Algorithm::InPlace,
    };
    match direct::alter(server, request, algorithm, events, halt).await? {
        Direct::Done(outcome) => Ok(outcome),
        Direct::NotPossible(error) => {
            events.warn("not_at_once", format!("a copy is needed after all: {error}"), None);
            let request = Request { copy: true, ..request.clone() };
            let plan = plan::draw(server, &request).await?;
            events.say(Event::Plan(plan.summary(&request)));
            plan.accepted(&request)?;
            let Method::Copy(copy) = &plan.method else {
                return Err(error.of_kind(Kind::Refused));
            };
            by_copy(server, &request, &plan.original, copy, run, events, halt).await
        }
    }
}

async fn by_copy(
    server: &Server,
    request: &Request,
    original: &Table,
    copy: &CopyPlan,
    run: &mut RunRow,
    events: &Events,
    halt: &Halt,
) -> Result<Outcome> {
    let (pace, _looking) = Pace::start(server, request.effort, halt).await?;
    events.stage(Stage::Shadow);
    let shadow = shadow::build(server, request, original, copy, run).await?;
    let means = Means {
        server: server.clone(),
        journal: Journal::of(&request.journal_schema, run),
        pace,
        events: events.clone(),
        halt: halt.clone(),
    };
    let done = copy_and_swap(&means, request, original, copy, &shadow, &run.marker()).await;
    events.stage(Stage::Tidy);
    match done {
        Ok(swapped) => {
            // The change is made: failing to mark is worth a warning only.
            if let Err(unmarked) = mark_kept(server, &swapped, run).await {
                let message = format!("`{}` carries no marker: {unmarked}", swapped.kept.plain());
                events.warn("kept_not_marked", message, None);
            }
            Ok(Outcome::Copied(swapped))
        }
        Err(error) => Err(abandon(server, shadow, error).await),
    }
}

/// From an empty shadow to the swap.
async fn copy_and_swap(
    means: &Means,
    request: &Request,
    original: &Table,
    copy: &CopyPlan,
    shadow: &Shadow,
    marker: &str,
) -> Result<Swapped> {
    let Means { journal, events, halt, .. } = means;
    events.stage(Stage::Capture);
    let watched = Watched {
        original: original.clone(),
        shadow: shadow.pair().shadow.clone(),
        key: shadow.pair().mapping.key.clone(),
        fence: journal.fence_table(),
        marker: marker.to_owned(),
    };
    let (capture, deliveries) = Capture::start(means, copy.capture, watched, &request.swap).await?;
    let done = match Refresh::start(means, shadow.pair(), deliveries).await {
        Ok(refresh) => {
            let carrier = refresh.carrier();
            let done = fill_and_swap(means, request, original, shadow, &capture, carrier).await;
            if let Err(error) = &done {
                halt.stop(error.clone());
            }
            let stopped = refresh.stop().await;
            done.and_then(|swapped| stopped.map(|()| swapped))
        }
        Err(error) => Err(error),
    };
    after(done, capture.stop().await, events)
}

/// What the end of capture means for a run that is done: one that has swapped is not undone by it.
fn after(done: Result<Swapped>, stopped: Result<()>, events: &Events) -> Result<Swapped> {
    match (done, stopped) {
        (Ok(swapped), Err(left)) => {
            events.warn("capture_not_ended", left.message, left.hints.first().map(String::as_str));
            Ok(swapped)
        }
        (Err(error), Err(left)) => {
            Err(left.hints.into_iter().fold(error.hint(left.message), Error::hint))
        }
        (done, Ok(())) => done,
    }
}

/// The road: each stage takes what the one before has made.
async fn fill_and_swap(
    means: &Means,
    request: &Request,
    original: &Table,
    shadow: &Shadow,
    capture: &Capture,
    carrier: &Carrier,
) -> Result<Swapped> {
    let (pair, rows) = (shadow.pair(), original.rows_estimate);
    means.events.stage(Stage::Copy);
    let copied = copy::rows(means, pair, rows, carrier).await?;
    means.events.stage(Stage::Verify);
    let verified = match verify::tables(means, pair, carrier, copied).await {
        Err(error) if error.kind == Kind::Differs => {
            return Err(cause(&means.server, capture, error).await);
        }
        verified => verified?,
    };
    means.events.stage(Stage::Cutover);
    swap::tables(means, shadow, capture, carrier, verified, &request.swap).await
}

/// Why the tables differ: it may be what another session did where capture cannot see it.
async fn cause(server: &Server, capture: &Capture, differs: Error) -> Error {
    let vouched = async {
        let mut session = server.session().await?;
        capture.vouch(&mut session).await?;
        session.close().await
    };
    match vouched.await {
        Err(cause) if cause.errno().is_none() && Fault::of(&cause) == Fault::Definite => cause,
        _ => differs,
    }
}

/// Gives the kept table the run's marker, so that `zosc clean` knows it.
async fn mark_kept(server: &Server, swapped: &Swapped, run: &RunRow) -> Result<()> {
    let mut session = server.session().await?;
    let mark = format!("ALTER TABLE {} COMMENT = {}", swapped.kept, plain_text(&run.marker()));
    session.run(mark).await?;
    session.close().await
}

/// What becomes of the shadow when the run fails with `error`; gives the error to report.
async fn abandon(server: &Server, shadow: Shadow, error: Error) -> Error {
    let name = shadow.pair().shadow.plain();
    match error.kind {
        Kind::Unknown => error,
        _ if swap::is_behind_the_swap(&error) => error,
        Kind::Differs => {
            error.hint(format!("`{name}` is left for looking at; `zosc clean` removes it"))
        }
        _ => match drop_shadow(server, shadow).await {
            Ok(()) if error.kind == Kind::Resumable => error.of_kind(Kind::Failed),
            Ok(()) => error,
            Err(undropped) => error
                .hint(format!("`{name}` could not be removed ({undropped}); `zosc clean` will")),
        },
    }
}

async fn drop_shadow(server: &Server, shadow: Shadow) -> Result<()> {
    let mut session = server.reconnect().await?;
    shadow.drop(&mut session).await?;
    session.close().await
}

/// Ends the run in the journal. A run that left its shadow stays open there, so that `zosc clean`
/// finds it.
async fn write_down(server: &Server, journal: &Journal, done: &Result<Outcome>) -> Result<()> {
    let (ended, note) = match done {
        Ok(Outcome::Copied(_)) => (Ended::Swapped, String::new()),
        Ok(_) => (Ended::Direct, String::new()),
        Err(error) if swap::is_behind_the_swap(error) => (Ended::Swapped, error.message.clone()),
        Err(error) if matches!(error.kind, Kind::Unknown | Kind::Differs) => return Ok(()),
        Err(error) => (Ended::Failed, error.message.clone()),
    };
    let mut session = server.reconnect().await?;
    journal.end(&mut session, ended, &note).await?;
    session.close().await
}
