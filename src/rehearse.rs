//! A rehearsal: everything but the swap, on the real table, while the application writes it.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::event::Events;
use crate::halt::Halt;
use crate::journal::{Guard, RunRow};
use crate::means::Means;
use crate::migration;
use crate::mysql::{Server, text};
use crate::outcome::{Measured, Outcome, Rehearsed};
use crate::refresh::Carrier;
use crate::request::{Rehearse, Request};
use crate::schema::{Pair, TableName};
use crate::shadow::Shadow;
use crate::swap;
use crate::verify::Verified;

/// The rehearsal's own journal: runs of the primary's have their numbers in the primary's, which is
/// replicated.
const OWN_JOURNAL: &str = "_rehearsal";

/// Rehearses on a replica of the primary's. Meanwhile nobody begins the change itself: its tables would
/// be replicated, and meet those of the rehearsal.
pub async fn on_replica(
    primary: &Server,
    replica: &Server,
    request: &Request,
    events: &Events,
    halt: &Halt,
) -> Result<Outcome> {
    if primary.facts().uuid == replica.facts().uuid {
        return Err(Error::refused("not_a_replica", "`--rehearse-on` names the primary itself")
            .hint("to rehearse there, give `--rehearse`"));
    }
    let primary = primary.heard_by(events);
    let guard = Guard::take(&primary, &request.table, halt).await?;
    let mut request = request.clone();
    request.rehearse = Some(Rehearse::OnReplica);
    request.journal_schema.push_str(OWN_JOURNAL);
    request.settings.limits.replicas.itself = true;
    let done = migration::run(replica, &request, events, halt).await;
    guard.give_back().await;
    done
}

/// Measures what the swap would meet now. `took` is how long all before it took.
pub async fn measure(
    means: &Means,
    shadow: &Shadow,
    carrier: &Carrier,
    mut verified: Verified,
    took: Duration,
) -> Result<Outcome> {
    let begun = Instant::now();
    carrier.settle().await?;
    verified.keep_up(carrier).await?;
    let settled_in = begun.elapsed();
    let mut session = means.server.session().await?;
    let Pair { original, shadow: name, .. } = shadow.pair();
    let blockers = swap::blockers_of(&mut session, [original, name]).await;
    swap::refresh_statistics(&mut session, name).await?;
    let TableName { schema, table } = name;
    let bytes = session
        .one(format!(
            "SELECT COALESCE(SUM(data_length + index_length), 0) AS bytes \
             FROM information_schema.tables WHERE table_schema = {} AND table_name = {}",
            text(schema),
            text(table)
        ))
        .await?;
    session.close().await?;
    let verified_rows = verified.rows();
    let measured = Measured { verified_rows, bytes, took, settled_in, blockers };
    Ok(Outcome::Rehearsed(Rehearsed::Copied(measured)))
}

/// A run that stopped on its way must not be lost to a rehearsal, which removes what it has made.
pub(crate) fn would_remove(run: &RunRow) -> Error {
    Error::refused(
        "unfinished_run",
        format!(
            "run {} on `{}` is not finished, and a rehearsal would remove what it has made",
            run.id,
            run.table.plain()
        ),
    )
    .hint(format!("finish it first: `zosc resume {}`", run.id))
    .hint(format!("or give it up: `zosc clean {} --yes`", run.id))
}
