//! The original's own triggers, which would stay with it when it becomes the kept table.
//!
//! Names of triggers are unique in a schema, so the shadow gets stand-ins: triggers that do the same
//! under names of ours. They are made under the lock, when nothing is carried over any more; with
//! the rename they come to the application. Only then are they replaced by triggers with the right
//! names. Whatever dies in between, the original has its triggers before the rename and the new
//! table has ones that do the same after it.

use std::time::Duration;

use super::watchdog::Watchdog;
use super::whole_seconds;
use crate::error::Result;
use crate::journal::{Journal, StandIn};
use crate::mysql::{Fault, Server, Session, text};
use crate::schema::read::{trigger_definition, triggers};
use crate::schema::{TableName, Trigger, quote};
use crate::settings::SwapBounds;
use crate::shadow::Shadow;

/// Between two tries to get the lock for the exchange.
const PAUSE: Duration = Duration::from_millis(500);
/// Puts the character set of our own statements back.
const OUR_NAMES: &str = "SET NAMES utf8mb4";

/// Writes down what is needed to make the original's triggers again.
pub(super) async fn write_down(
    session: &mut Session,
    journal: &Journal,
    shadow: &Shadow,
) -> Result<Vec<StandIn>> {
    let original = &shadow.planned().name;
    let mut all = Vec::new();
    for (name, trigger) in cast(shadow) {
        all.push(StandIn {
            trigger: trigger.name.clone(),
            name,
            settings: trigger.settings(&trigger.charset),
            definition: trigger_definition(session, &original.schema, &trigger.name).await?,
        });
    }
    journal.stand_ins(session, &all).await?;
    Ok(all)
}

/// Each trigger with the name of its stand-in.
fn cast(shadow: &Shadow) -> impl Iterator<Item = (String, &Trigger)> {
    let planned = shadow.planned();
    let name = |number: usize| planned.name.stand_in(shadow.run(), number);
    planned.triggers.iter().enumerate().map(move |(number, trigger)| (name(number), trigger))
}

/// Makes the stand-ins on the shadow, in the locking session, which carries nothing over any more:
/// it keeps the last trigger's settings.
pub(super) async fn engage(locker: &mut Session, shadow: &Shadow) -> Result<()> {
    for (name, trigger) in cast(shadow) {
        locker.run(trigger.settings("utf8mb4")).await?;
        locker.run(trigger.create_on(&shadow.pair().shadow, &name)).await?;
    }
    Ok(())
}

/// Drops the stand-ins after an attempt that did not swap.
pub(super) async fn dismiss(aside: &mut Session, shadow: &Shadow) -> Result<()> {
    if shadow.planned().triggers.is_empty() {
        return Ok(());
    }
    remove_all(aside, &shadow.pair().shadow).await
}

/// Drops every trigger of a shadow: all of them are stand-ins.
pub(super) async fn remove_all(session: &mut Session, shadow: &TableName) -> Result<()> {
    for stand_in in triggers(session, shadow).await? {
        session.run(drop_trigger(shadow, &stand_in.name)).await.map_err(|error| {
            error.during(format!("taking the triggers off `{}` again", shadow.plain()))
        })?;
    }
    Ok(())
}

/// Replaces the stand-ins on the new table by triggers with the right names. Tries as often as the
/// swap; an error leaves the stand-ins that have no successor.
pub(super) async fn replace(
    server: &Server,
    original: &TableName,
    kept: &TableName,
    all: &[StandIn],
    bounds: &SwapBounds,
) -> Result<()> {
    let mut left = bounds.attempts;
    while !all.is_empty() {
        left = left.saturating_sub(1);
        match try_to_replace(server, original, kept, all, bounds).await {
            Err(error) if Fault::of(&error) != Fault::Definite && left > 0 => {
                tracing::debug!(%error, "the triggers get their names later");
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
    Ok(())
}

async fn try_to_replace(
    server: &Server,
    original: &TableName,
    kept: &TableName,
    all: &[StandIn],
    bounds: &SwapBounds,
) -> Result<()> {
    let watchdog = server.session().await?;
    let mut session = server.reconnect().await?;
    let patience = 2 * bounds.lock_timeout + bounds.max_hold;
    let watchdog = Watchdog::start(watchdog, vec![session.id()], patience);
    let replaced = async {
        let idle = whole_seconds(bounds.max_hold);
        session.run(format!("SET SESSION wait_timeout = {idle}")).await?;
        replace_in(&mut session, original, kept, all, bounds.lock_timeout).await
    }
    .await;
    // Closing gives the lock back if it is still held.
    if let Err(error) = session.close().await {
        tracing::debug!(%error, "the session was gone already");
    }
    watchdog.disarm().await?;
    replaced
}

/// The same once, in a session that gets its settings back.
pub(super) async fn replace_in(
    session: &mut Session,
    original: &TableName,
    kept: &TableName,
    all: &[StandIn],
    lock_timeout: Duration,
) -> Result<()> {
    let (sql_mode, lock_wait_timeout): (String, u64) =
        session.one("SELECT @@SESSION.sql_mode AS m, @@SESSION.lock_wait_timeout AS t").await?;
    let set_timeout = |seconds: u64| format!("SET SESSION lock_wait_timeout = {seconds}");
    session.run(set_timeout(whole_seconds(lock_timeout))).await?;
    let replaced = free_and_replace(session, original, kept, all).await;
    if matches!(&replaced, Err(error) if Fault::of(error) == Fault::Lost) {
        return replaced;
    }
    let set_mode = format!("SET SESSION sql_mode = {}", text(&sql_mode));
    for sql in [OUR_NAMES, &set_mode, &set_timeout(lock_wait_timeout), "UNLOCK TABLES"] {
        session.run(sql).await?;
    }
    replaced
}

/// Takes the names from the kept table, and the lock.
async fn free_and_replace(
    session: &mut Session,
    original: &TableName,
    kept: &TableName,
    all: &[StandIn],
) -> Result<()> {
    for trigger in triggers(session, kept).await? {
        if all.iter().any(|one| one.trigger == trigger.name) {
            session.run(drop_trigger(kept, &trigger.name)).await?;
        }
    }
    // Definitions may leave the schema out.
    session.run(format!("USE {}", quote(&original.schema))).await?;
    session.run(format!("LOCK TABLES {original} WRITE")).await?;
    replace_locked(session, original, all).await
}

/// Each stand-in goes, and its trigger comes, in one packet: once the server has it, no death of ours
/// leaves the table with both or with neither. The definition comes last, because the server takes
/// all that follows for a part of it.
async fn replace_locked(
    session: &mut Session,
    original: &TableName,
    all: &[StandIn],
) -> Result<()> {
    let there = triggers(session, original).await?;
    let is_there = |name: &str| there.iter().any(|trigger| trigger.name == name);
    for one in all {
        session.run(&one.settings).await?;
        let mut statements = Vec::new();
        if is_there(&one.name) {
            // Without the schema's name, which may look like anything in the trigger's character set.
            statements.push(format!("DROP TRIGGER {}", quote(&one.name)).into_bytes());
        }
        if !is_there(&one.trigger) {
            statements.push(one.definition.clone());
        }
        if !statements.is_empty() {
            session.run_all(&statements.join(&b"; "[..])).await?;
        }
    }
    Ok(())
}

fn drop_trigger(table: &TableName, trigger: &str) -> String {
    format!("DROP TRIGGER {}", TableName::new(&table.schema, trigger))
}

/// What to say when triggers could not be given their names: what works under another name, and how
/// those are made that are missing.
pub(super) async fn unnamed(
    session: &mut Session,
    original: &TableName,
    all: &[StandIn],
) -> Result<String> {
    let there = triggers(session, original).await?;
    let is_there = |name: &str| there.iter().any(|trigger| trigger.name == name);
    let mut works = Vec::new();
    let mut missing = Vec::new();
    for one in all.iter().filter(|one| !is_there(&one.trigger)) {
        if is_there(&one.name) {
            works.push(format!("`{}` works under the name `{}`", one.trigger, one.name));
        } else {
            let definition = String::from_utf8_lossy(&one.definition);
            missing.push(format!("`{}` is missing: {}; {definition}", one.trigger, one.settings));
        }
    }
    missing.extend(works);
    Ok(missing.join("; "))
}
