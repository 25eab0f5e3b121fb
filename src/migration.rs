//! The story of one change: plan, shadow, capture, copy, verify, swap, tidy. It owns no state; each
//! stage takes what the one before has made.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

use crate::by_copy::Goal;
use crate::control::Room;
use crate::crash::crash_point;
use crate::direct::Direct;
use crate::earlier::{self, Earlier, Stopped};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Events, Stage};
use crate::halt::Halt;
use crate::journal::{Guard, Journal, RunRow};
use crate::means::Means;
use crate::mysql::{Fault, Server, Trials};
use crate::operator::Operator;
use crate::outcome::{Outcome, Rehearsed};
use crate::plan::{self, CopyPlan, Method, Plan};
use crate::request::Request;
use crate::schema::Table;
use crate::sql::Algorithm;
use crate::{by_copy, direct, done, ending, shadow, tidy, traffic};

/// So often a run begins anew by itself before it copies: for about a minute and a half.
const ANEW: usize = 16;
/// The first and the longest pause before that.
const ANEW_AFTER: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(8));

/// Makes the change that is asked for, or goes on where an earlier run with the same words stopped.
/// After a failure the original is as it was; what was made is removed, unless the error's kind says
/// that the run can be gone on with.
pub async fn run(
    server: &Server,
    request: &Request,
    events: &Events,
    halt: &Halt,
) -> Result<Outcome> {
    let server = &server.heard_by(events);
    let operator = Operator::begin(request, events, halt)?;
    let done = Box::pin(guarded(server, request, &operator)).await;
    operator.hooks.end(&done).await;
    done
}

/// The same, with somebody to tell how it goes.
async fn guarded(server: &Server, request: &Request, operator: &Operator) -> Result<Outcome> {
    let halt = &operator.halt;
    let mut trials = Trials::new(server, halt, "preparing the change");
    let guard = loop {
        match Guard::take(server, &request.table, halt).await {
            Err(error) if Fault::of(&error).may_pass() => trials.wait(&error).await?,
            taken => break taken?,
        }
    };
    trials.over();
    let done = Box::pin(steadily(server, request, operator)).await;
    guard.give_back().await;
    done
}

/// The same, with the right to work on the table.
async fn steadily(server: &Server, request: &Request, operator: &Operator) -> Result<Outcome> {
    let Operator { events, halt, .. } = operator;
    // Up to the copy each statement is tried once: what a fault that may pass has cut off begins anew,
    // as the same command would. Later such faults are waited out where they are met.
    let mut pauses = ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(ANEW_AFTER.0)
        .with_max_delay(ANEW_AFTER.1)
        .with_max_times(ANEW)
        .build();
    loop {
        let done = from_the_start(server, request, operator).await;
        let Err(error) = done else { return done };
        if !Fault::of(&error).may_pass() {
            return Err(error);
        }
        // Whoever works stops the run by what it met: then that is its end.
        halt.check()?;
        let Some(pause) = pauses.next() else {
            return Err(error.hint("run the same command again when the server answers steadily"));
        };
        let seconds = pause.as_secs_f32();
        events.waiting("start", format!("the run begins anew in {seconds:.1} s: {error}"));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            cause = halt.stopped() => return Err(cause),
        }
    }
}

async fn from_the_start(
    server: &Server,
    request: &Request,
    operator: &Operator,
) -> Result<Outcome> {
    let events = &operator.events;
    traffic::settle_all(server, request, events).await?;
    if done::stands(server, request).await? {
        return Ok(Outcome::Already);
    }
    match earlier::find(server, request, events).await? {
        Earlier::Nothing => begin(server, request, operator).await,
        Earlier::Stopped(stopped) => Box::pin(go_on(server, request, *stopped, operator)).await,
        Earlier::Done => Ok(Outcome::Already),
    }
}

/// From the plan on.
async fn begin(server: &Server, request: &Request, operator: &Operator) -> Result<Outcome> {
    let Operator { events, halt, .. } = operator;
    let plan = accepted_plan(server, request, events).await?;
    halt.check()?;
    if matches!(plan.method, Method::Nothing) {
        return Ok(Outcome::Nothing);
    }
    if request.postpone && !matches!(plan.method, Method::Copy(_)) {
        return Err(at_once(request));
    }
    operator.hooks.may_begin().await?;
    halt.check()?;
    let mut session = server.session().await?;
    let schema = &request.journal_schema;
    Journal::prepare(&mut session, schema).await?;
    let (shape, uuid) = (&plan.original.definition, &server.facts().uuid);
    let mut run = RunRow::insert(&mut session, schema, request, shape, uuid).await?;
    if let (Some(names), None) = (&request.undoes, request.rehearse) {
        run.undoes(&mut session, schema, names).await?;
    }
    session.close().await?;
    crash_point!("run-noted");
    operator.hooks.is_run(&run);
    let server = &server.tagged(&run.id.to_string());
    let done = carry_out(server, request, &plan, &mut run, operator).await;
    ending::conclude(server, request, &run, done, events).await
}

/// From where a run has stopped.
async fn go_on(
    server: &Server,
    request: &Request,
    mut stopped: Stopped,
    operator: &Operator,
) -> Result<Outcome> {
    let Operator { events, halt, .. } = operator;
    let server = &server.tagged(&stopped.run.id.to_string());
    let request = &stopped.request(request)?;
    operator.hooks.is_run(&stopped.run);
    let plan = accepted_plan(server, request, events).await?;
    operator.hooks.may_begin().await?;
    halt.check()?;
    let Method::Copy(copy) = &plan.method else { return Err(stopped.needs_a_copy()) };
    let shadow = stopped.shadow(server, &plan, copy).await?;
    let Stopped { run, trail, .. } = stopped;
    let journal = Journal::of(&request.journal_schema, &run);
    let postponed = run.postponed || request.postpone;
    if postponed && !run.postponed {
        let mut session = server.session().await?;
        journal.postpone(&mut session, true).await?;
        session.close().await?;
    }
    let settings = request.settings.clone();
    let (means, _looking) = Means::begin(server, journal, settings, postponed, events, halt);
    let _room = Box::pin(Room::open(&means, request)).await?;
    let (original, trail) = (&plan.original, Some(trail));
    let done = by_copy::fill(&means, operator, original, copy, shadow, trail, Goal::Swap).await;
    ending::conclude(&means.server, request, &run, done, events).await
}

async fn accepted_plan(server: &Server, request: &Request, events: &Events) -> Result<Plan> {
    events.stage(Stage::Plan);
    let plan = plan::draw(server, request).await?;
    events.say(Event::Plan(plan.summary(request)));
    plan.accepted(request)?;
    Ok(plan)
}

fn at_once(request: &Request) -> Error {
    let table = request.table.plain();
    Error::refused(
        "no_swap_to_postpone",
        format!("the server changes `{table}` at once: there is no swap that could be postponed"),
    )
    .hint("leave `--postpone` out when the change may be made now")
    .hint("or have the table copied: `--copy`")
}

/// As planned; by a copy after all when the server cannot do to the table at once what it did to an
/// empty clone.
async fn carry_out(
    server: &Server,
    request: &Request,
    plan: &Plan,
    run: &mut RunRow,
    operator: &Operator,
) -> Result<Outcome> {
    let Operator { events, halt, .. } = operator;
    let algorithm = match &plan.method {
        Method::Nothing => return Ok(Outcome::Nothing),
        Method::Instant | Method::InPlace if request.rehearse.is_some() => {
            return Ok(Outcome::Rehearsed(Rehearsed::WithoutCopy));
        }
        Method::Copy(copy) => {
            return copied(server, request, &plan.original, copy, run, operator).await;
        }
        Method::Instant => Algorithm::Instant,
        Method::InPlace => Algorithm::InPlace,
    };
    direct::write_down(server, request, run, plan).await?;
    match direct::alter(server, request, algorithm, events, halt).await? {
        Direct::Done(outcome) => Ok(outcome),
        Direct::NotPossible(error) => {
            events.warn("not_at_once", format!("a copy is needed after all: {error}"), None);
            let request = Request { copy: true, ..request.clone() };
            let plan = accepted_plan(server, &request, events).await?;
            let Method::Copy(copy) = &plan.method else {
                return Err(error.of_kind(Kind::Refused));
            };
            let mut session = server.session().await?;
            run.copies(&mut session, &request.journal_schema).await?;
            session.close().await?;
            copied(server, &request, &plan.original, copy, run, operator).await
        }
    }
}

/// With a shadow of the run's own.
async fn copied(
    server: &Server,
    request: &Request,
    original: &Table,
    copy: &CopyPlan,
    run: &mut RunRow,
    operator: &Operator,
) -> Result<Outcome> {
    let Operator { events, halt, .. } = operator;
    let journal = Journal::of(&request.journal_schema, run);
    let (settings, postponed) = (request.settings.clone(), request.postpone);
    let (means, _looking) = Means::begin(server, journal, settings, postponed, events, halt);
    let _room = Box::pin(Room::open(&means, request)).await?;
    events.stage(Stage::Shadow);
    if request.drop_kept {
        tidy::drop_kept(server, request, events).await?;
    }
    let shadow = shadow::build(server, request, original, copy, run).await?;
    let goal = if request.rehearse.is_some() { Goal::Rehearse } else { Goal::Swap };
    by_copy::fill(&means, operator, original, copy, shadow, None, goal).await
}
