//! The swap: original and shadow change names in one atomic rename, under a lock that is short and
//! bounded. An attempt that does not get the lock in time gives it up, names who was in the way,
//! and is made again later.

mod aftermath;
mod attempt;
mod blockers;
mod decide;
mod drain;
mod locked;
mod paused;
mod queued;
mod sentry;
mod strays;
mod triggers;
mod watchdog;
mod way;

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

use crate::capture::Capture;
use crate::crash::crash_point;
use crate::error::{Error, Kind, Result};
use crate::event::{Blocker, Event, Events, Stage, millis};
use crate::gate;
use crate::journal::{Phase, StandIn};
use crate::means::Means;
use crate::mysql::{Session, Trials, plain_text};
use crate::operator::Operator;
use crate::outcome::Swapped;
use crate::refresh::Carrier;
use crate::schema::read::referenced_by;
use crate::schema::{Key, TableName};
use crate::settings::SwapBounds;
use crate::shadow::Shadow;
use crate::verify::Verified;

use attempt::Attempt;

pub use aftermath::{outlast_statements, settle_dead, take_back};
pub(crate) use blockers::name as blockers_of;
pub use decide::is_swapped;
pub use strays::is_behind_the_swap;
pub use way::Way;

/// More pending keys than this are carried over before the lock, not under it.
const DRAINABLE: usize = 5_000;

/// What an attempt came to.
#[derive(Debug)]
enum End {
    /// Swapped; how long the application was locked out, and keys that were written in spite of it.
    Granted { locked: Duration, strays: Vec<Key> },
    /// Given up without a change; may be tried again.
    GivenUp { why: GaveUp, locked: Duration, blockers: Vec<Blocker> },
}

/// Why an attempt was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GaveUp {
    /// The lock was not granted in time.
    LockTimeout,
    /// The work under the lock took too long, and the watchdog freed the application.
    HoldExceeded,
    /// The connection was lost before the rename.
    Lost,
    /// The rename was not seen to wait for the original.
    NotQueued,
    /// The server could not do it just then: it was read only, or its disk was full.
    NotNow,
    /// A hook of the operator forbids it.
    Forbidden,
    /// The application's traffic could not be paused.
    NotPaused,
}

impl GaveUp {
    fn word(self) -> &'static str {
        match self {
            Self::LockTimeout => "lock_timeout",
            Self::HoldExceeded => "hold_exceeded",
            Self::Lost => "lost",
            Self::NotQueued => "not_queued",
            Self::NotNow => "not_now",
            Self::Forbidden => "forbidden",
            Self::NotPaused => "not_paused",
        }
    }
}

impl End {
    /// The lock was not even asked for.
    fn not_made(why: GaveUp) -> Self {
        Self::GivenUp { why, locked: Duration::ZERO, blockers: Vec::new() }
    }

    /// Says how attempt `number` ended.
    fn told(self, events: &Events, number: u32) -> Self {
        let (outcome, locked, blockers) = match &self {
            Self::Granted { locked, .. } => ("granted", *locked, Vec::new()),
            Self::GivenUp { why, locked, blockers } => (why.word(), *locked, blockers.clone()),
        };
        let (outcome, locked_ms) = (outcome.to_owned(), millis(locked));
        events.say(Event::Swap { attempt: number, outcome, locked_ms, blockers });
        self
    }
}

/// Swaps the tables. Takes what only the whole road yields, so nothing is copied after it.
pub async fn tables(
    means: &Means,
    operator: &Operator,
    shadow: &Shadow,
    capture: &Capture,
    carrier: &Carrier,
    mut verified: Verified,
) -> Result<Swapped> {
    let Means { server, journal, events, halt, settings, .. } = means;
    let mut trials = Trials::new(server, halt, "preparing the swap");
    let mut session = trials.session().await?;
    let stand_ins = loop {
        let prepared = async {
            let stand_ins = triggers::write_down(&mut session, journal, shadow).await?;
            crash_point!("swap-due");
            journal.phase(&mut session, Phase::Swapping).await.map(|()| stand_ins)
        };
        match prepared.await {
            Ok(stand_ins) => break stand_ins,
            Err(error) => trials.again(&error, &mut session).await?,
        }
    };
    crash_point!("swap-noted");
    capture.allow_thread(session.id());
    let mut pauses = ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_mins(1))
        .without_max_times()
        .build();
    let mut last_blockers = Vec::new();
    let mut is_ready = false;
    let mut number = 0;
    while number < settings.swap().attempts {
        number += 1;
        halt.check()?;
        if gate::wait(means, shadow.pair(), carrier, &mut verified).await? {
            events.stage(Stage::Cutover);
        }
        let bounds = &settings.swap();
        let attempt = Attempt { means, shadow, capture, carrier, bounds };
        let end = if operator.hooks.may_swap(number).await {
            halt.check()?;
            settle(carrier).await?;
            verified.keep_up(carrier).await?;
            match make_ready(&mut session, shadow, &mut is_ready).await {
                Ok(()) => {
                    paused::attempt(
                        &attempt,
                        &operator.traffic,
                        number,
                        &mut session,
                        &mut verified,
                    )
                    .await?
                }
                Err(error) => {
                    let end = attempt.given_up(&mut session, false, Duration::ZERO, error).await?;
                    end.told(events, number)
                }
            }
        } else {
            End::not_made(GaveUp::Forbidden).told(events, number)
        };
        match end {
            End::Granted { locked, strays } => {
                name_triggers(means, shadow, &stand_ins, bounds).await;
                if !strays.is_empty() {
                    return Err(strays::error(shadow, &strays));
                }
                return Ok(Swapped {
                    kept: shadow.kept().clone(),
                    verified_rows: verified.rows(),
                    locked,
                    attempts: number,
                });
            }
            End::GivenUp { blockers, .. } => last_blockers = blockers,
        }
        if number < settings.swap().attempts {
            let pause = pauses.next().unwrap_or_default();
            events.waiting("swap", format!("the next attempt at the swap comes in {pause:.1?}"));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                cause = halt.stopped() => return Err(cause),
            }
        }
    }
    Err(not_granted(&settings.swap(), &last_blockers))
}

/// Gives the triggers their names. The change is made, and stand-ins do their work: what fails is
/// told.
async fn name_triggers(means: &Means, shadow: &Shadow, all: &[StandIn], bounds: &SwapBounds) {
    let (original, kept) = (&shadow.pair().original, shadow.kept());
    let named = async {
        triggers::replace(&means.server, original, kept, all, bounds).await?;
        crash_point!("triggers-named");
        let mut session = means.server.reconnect().await?;
        means.journal.no_stand_ins(&mut session).await?;
        session.close().await
    };
    let Err(error) = named.await else { return };
    let told = async {
        let mut session = means.server.reconnect().await?;
        triggers::unnamed(&mut session, original, all).await
    };
    let how = told.await.unwrap_or_else(|unread| format!("how they are cannot be read: {unread}"));
    let message =
        format!("the triggers of `{}` are not as they were ({error}): {how}", original.plain());
    let hint = "`zosc clean --yes` makes them again, and removes the kept table";
    means.events.warn("triggers_not_named", message, Some(hint));
}

/// Foreign keys that others made to refer to the original would refer to the kept table.
async fn nobody_refers_anew(session: &mut Session, shadow: &Shadow) -> Result<()> {
    let planned = shadow.planned();
    if referenced_by(session, &planned.name).await? == planned.referenced_by {
        return Ok(());
    }
    Err(drain::changed(&format!("a foreign key to `{}` was made or dropped", planned.name.plain())))
}

/// Fresh statistics, so that the first queries after the swap are planned well. Also puts back the
/// comment that the application's table shall have: from here on the journal alone says whose the
/// shadow is. That is done once; somebody who looks at the shadow may be in the way.
async fn make_ready(session: &mut Session, shadow: &Shadow, is_ready: &mut bool) -> Result<()> {
    nobody_refers_anew(session, shadow).await?;
    if *is_ready {
        return Ok(());
    }
    let name = &shadow.pair().shadow;
    session
        .run(format!("ALTER TABLE {name} COMMENT = {}", plain_text(shadow.final_comment())))
        .await?;
    refresh_statistics(session, name).await?;
    crash_point!("shadow-ready");
    *is_ready = true;
    Ok(())
}

/// Counts what is in the shadow.
pub(crate) async fn refresh_statistics(session: &mut Session, name: &TableName) -> Result<()> {
    let answer: Vec<(String, String, String, String)> =
        session.rows(format!("ANALYZE TABLE {name}")).await?;
    tracing::debug!(?answer, "statistics of the shadow are fresh");
    Ok(())
}

/// Until so little is pending that the rest can be carried over under the lock.
async fn settle(carrier: &Carrier) -> Result<()> {
    loop {
        carrier.settle().await?;
        if carrier.ledger(|ledger| ledger.backlog()) <= DRAINABLE {
            return Ok(());
        }
    }
}

fn not_granted(bounds: &SwapBounds, blockers: &[Blocker]) -> Error {
    let names: Vec<String> = blockers
        .iter()
        .map(|blocker| format!("{} ({}, {} s)", blocker.thread, blocker.user, blocker.seconds))
        .collect();
    let who = if names.is_empty() {
        String::new()
    } else {
        format!("; in the way were connections {}", names.join(", "))
    };
    Error::new(
        Kind::Postponed,
        "swap_not_granted",
        format!("the lock for the swap was not granted in {} attempts{who}", bounds.attempts),
    )
    .hint("run it again when no long transaction uses the table, or raise `--lock-timeout` or `--swap-attempts`")
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
