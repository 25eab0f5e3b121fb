//! The plan: what will be done and why, as data. `zosc plan` prints the very object that a run uses.

mod blame;
mod capture;
mod checks;
mod engine;
mod finding;
mod key;
mod key_type;
mod mapping;
mod method;
mod rehearsal;
mod rule;
mod summary;
#[cfg(test)]
mod testing;

use crate::capture::Mode;
use crate::error::{Error, Result};
use crate::mysql::{Server, Session};
use crate::pace;
use crate::request::{Rehearse, Request};
use crate::schema::{Mapping, Table, difference};
use crate::swap::Way;

pub(crate) use blame::blame;
pub(crate) use checks::grants;
pub use checks::server::oldest_server;
pub use finding::{Finding, Level};
use mapping::Ways;
pub use rule::Rule;

/// How the change will be made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The table already is as asked.
    Nothing,
    /// `ALGORITHM=INSTANT`.
    Instant,
    /// `ALGORITHM=INPLACE`, where only metadata changes.
    InPlace,
    /// A shadow is filled, verified and swapped in.
    Copy(Box<CopyPlan>),
}

/// What a copy needs to know.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CopyPlan {
    /// The new shape, as the rehearsal showed it; its `name` is the rehearsal's.
    pub target: Table,
    /// Key and columns.
    pub mapping: Mapping,
    /// Where changed keys come from.
    pub capture: Mode,
    /// Why from there.
    pub capture_reason: String,
    /// How the tables are exchanged.
    pub swap: Way,
}

/// A plan.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Plan {
    /// The original.
    pub original: Table,
    /// How.
    pub method: Method,
    /// Why so.
    pub reason: String,
    /// What the checks found, the gravest first.
    pub findings: Vec<Finding>,
    /// How the original's definition will differ when the change is made, line by line.
    #[serde(skip)]
    pub difference: String,
}

impl Plan {
    /// An error of kind refused when a finding forbids the change and the request does not allow
    /// it: its code is the rule of the first such finding, the others are hints.
    pub fn accepted(&self, request: &Request) -> Result<()> {
        let mut refusals = self.findings.iter().filter(|finding| finding.forbids(request));
        let Some(first) = refusals.next() else { return Ok(()) };
        let error = Error::refused(first.rule, &first.message).hint(&first.hint);
        Err(refusals.fold(error, |error, finding| {
            error.hint(format!("also {}: {}; {}", finding.rule, finding.message, finding.hint))
        }))
    }
}

/// Draws the plan. Reads the original, and tries the statement on an empty clone of it, which is
/// gone afterwards. An error says why there can be no plan; what else speaks against the change is
/// among the findings.
pub async fn draw(server: &Server, request: &Request) -> Result<Plan> {
    checks::server::supported(server.facts())?;
    checks::clauses::check(&request.statement)?;
    let mut session = server.session().await?;
    match request.rehearse {
        Some(Rehearse::OnReplica) => checks::on_replica::check(&mut session, request).await?,
        Some(Rehearse::Here) | None => checks::server::writable(&mut session).await?,
    }
    let original = checks::original::find(&mut session, request).await?;
    checks::grants::to_alter(&mut session, &original.name).await?;

    let plan = match method::without_rehearsal(server.facts().flavour, &original, request)? {
        Some((way, reason)) => {
            checks::grants::to_enter(&mut session, &request.journal_schema).await?;
            let direct =
                if way == method::Way::InPlace { Method::InPlace } else { Method::Instant };
            let after = method::without_constraints(&original, request.statement.clauses());
            let difference = difference(&original.definition, &after);
            plan(original, direct, reason, Vec::new(), difference)
        }
        None => rehearsed(server, &mut session, original, request).await?,
    };
    session.close().await?;
    Ok(plan)
}

async fn rehearsed(
    server: &Server,
    session: &mut Session,
    original: Table,
    request: &Request,
) -> Result<Plan> {
    let budget = method::budget(session, server.facts(), &original, request).await?;
    let rehearsed =
        rehearsal::rehearse(server, &original, request, budget.allows_instant()).await?;
    checks::original::on_innodb(&original.name, &rehearsed.after)?;
    let ways = Ways::follow(&original, &rehearsed.after, request.statement.clauses())?;
    let (way, reason) = method::decide(request, &rehearsed, &budget);
    let views = checks::views::check(session, &original.name, &ways.gone()).await?;
    let mut findings: Vec<Finding> = views.into_iter().collect();
    if matches!(way, method::Way::InPlace | method::Way::Instant) {
        checks::grants::to_enter(session, &request.journal_schema).await?;
    }
    let method = match way {
        method::Way::Nothing => Method::Nothing,
        method::Way::InPlace => Method::InPlace,
        method::Way::Instant => {
            findings.extend(budget.finding(&original.name));
            Method::Instant
        }
        method::Way::Copy => {
            let key = key::choose(&original, &rehearsed.after, &ways)?;
            let journal = &request.journal_schema;
            pace::check(server, &request.settings.limits, journal).await?;
            findings.extend(checks::grants::to_copy(session, &original.name, journal).await?);
            let (mode, why) =
                capture::choose(server, session, request, &original.name, &key).await?;
            let fills = checks::fills(&ways);
            let mapping = Mapping { key, columns: ways.pairs(), fills };
            let copy = CopyPlan {
                target: rehearsed.after.clone(),
                mapping,
                capture: mode,
                capture_reason: why,
                swap: checks::swap::way(request, rehearsed.best_swap.clone()?)?,
            };
            let found =
                checks::of_copy(session, request, &original, &rehearsed, &copy, &ways).await?;
            findings.extend(found);
            Method::Copy(Box::new(copy))
        }
    };
    let difference = difference(&rehearsed.before.definition, &rehearsed.after.definition);
    Ok(plan(original, method, reason, findings, difference))
}

fn plan(
    original: Table,
    method: Method,
    reason: String,
    mut findings: Vec<Finding>,
    difference: String,
) -> Plan {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Plan { original, method, reason, findings, difference }
}
