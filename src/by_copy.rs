//! The change by a copy: from a shadow to the swap.

use std::sync::Arc;
use std::time::Instant;

use crate::capture::{Capture, Watched};
use crate::copy::{Remainder, TakenUp};
use crate::crash::crash_point;
use crate::error::{Error, Kind, Result};
use crate::event::{Events, Stage};
use crate::journal::{Piece, Trail};
use crate::means::Means;
use crate::mysql::{Fault, Server};
use crate::operator::Operator;
use crate::outcome::Outcome;
use crate::plan::CopyPlan;
use crate::refresh::{Carrier, Refresh};
use crate::schema::Table;
use crate::shadow::Shadow;
use crate::verify::Verified;
use crate::{copy, gate, rehearse, swap, verify};

/// What the shadow is filled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// To be swapped in.
    Swap,
    /// To see how that would go.
    Rehearse,
}

/// Fills the shadow, verifies it and swaps it in, or measures how that would go. With the trail of a
/// run that has stopped, goes on from there.
pub async fn fill(
    means: &Means,
    operator: &Operator,
    original: &Table,
    copy: &CopyPlan,
    shadow: Shadow,
    trail: Option<Trail>,
    goal: Goal,
) -> Result<Outcome> {
    let Means { journal, events, halt, .. } = means;
    events.stage_of(Stage::Capture, trail.is_some());
    let watched = Watched {
        original: original.clone(),
        shadow: shadow.pair().shadow.clone(),
        key: shadow.pair().mapping.key.clone(),
        fence: journal.fence_table(),
        marker: shadow.marker().to_owned(),
    };
    let TakenUp { remainder, ledger, pieces } =
        Remainder::after(trail.as_ref().map_or(&[], |trail| &trail.pieces));
    let bounds = &means.settings.swap();
    let (capture, deliveries) = match &trail {
        None => Capture::start(means, copy.capture, watched, bounds).await?,
        Some(trail) => {
            renumber(means, &pieces).await?;
            crash_point!("renumbered");
            Capture::go_on(means, copy.capture, watched, bounds, trail).await?
        }
    };
    let done = match Refresh::start(means, shadow.pair(), ledger, deliveries).await {
        Ok(refresh) => {
            let carrier = refresh.carrier();
            let behind = carrier.clone();
            means.pace.watch_capture(Arc::new(move || behind.behind()));
            let begun = Instant::now();
            let road = async {
                let rows = original.rows_estimate;
                let verified =
                    filled(means, operator, rows, &shadow, &capture, remainder, carrier).await?;
                match goal {
                    Goal::Swap => {
                        swapped(means, operator, &shadow, &capture, carrier, verified).await
                    }
                    Goal::Rehearse => {
                        let took = begun.elapsed();
                        rehearse::measure(means, &shadow, carrier, verified, took).await
                    }
                }
            };
            let done = road.await;
            if let Err(error) = &done {
                halt.stop(error.clone());
            }
            let stopped = refresh.stop().await;
            done.and_then(|outcome| stopped.map(|()| outcome))
        }
        Err(error) => Err(error),
    };
    let leaves = match &done {
        Ok(_) => false,
        // If the run was taken over, triggers of those names are another's. When that cannot be told
        // they are not ours to remove either.
        Err(error) => {
            error.kind.leaves_the_run()
                || !matches!(journal.is_taken_over(&means.server).await, Ok(false))
        }
    };
    let stopped = if leaves { capture.leave().await } else { capture.stop().await };
    after(done, stopped, events)
}

/// The journal's numbers of what is done are those of the new ledger.
async fn renumber(means: &Means, pieces: &[Piece]) -> Result<()> {
    let mut session = means.server.session().await?;
    means.journal.renumber(&mut session, pieces).await?;
    session.close().await
}

/// What the end of capture means for a run that is done: one that has swapped is not undone by it.
fn after(done: Result<Outcome>, stopped: Result<()>, events: &Events) -> Result<Outcome> {
    match (done, stopped) {
        (Ok(outcome), Err(left)) => {
            events.warn("capture_not_ended", left.message, left.hints.first().map(String::as_str));
            Ok(outcome)
        }
        (Err(error), Err(left)) => {
            Err(left.hints.into_iter().fold(error.hint(left.message), Error::hint))
        }
        (done, Ok(())) => done,
    }
}

/// Up to where the shadow is known to be what the original becomes; `rows` is an estimate.
async fn filled(
    means: &Means,
    operator: &Operator,
    rows: u64,
    shadow: &Shadow,
    capture: &Capture,
    left: Remainder,
    carrier: &Carrier,
) -> Result<Verified> {
    let pair = shadow.pair();
    operator.hooks.may_copy().await?;
    means.halt.check()?;
    means.events.stage_of(Stage::Copy, left != Remainder::whole());
    let copied = copy::rows(means, pair, rows, left, carrier).await?;
    crash_point!("all-copied");
    means.events.stage(Stage::Verify);
    let verified = match verify::tables(means, pair, carrier, copied).await {
        Err(error) if error.kind == Kind::Differs => {
            return Err(cause(&means.server, capture, error).await);
        }
        verified => verified?,
    };
    crash_point!("all-verified");
    Ok(verified)
}

/// From there on.
async fn swapped(
    means: &Means,
    operator: &Operator,
    shadow: &Shadow,
    capture: &Capture,
    carrier: &Carrier,
    mut verified: Verified,
) -> Result<Outcome> {
    gate::wait(means, shadow.pair(), carrier, &mut verified).await?;
    means.events.stage(Stage::Cutover);
    let swapped = swap::tables(means, operator, shadow, capture, carrier, verified).await;
    swapped.map(Outcome::Copied)
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
