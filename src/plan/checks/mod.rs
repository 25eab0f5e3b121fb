//! What speaks against a change: one file for each check. Some must be answered before anything is
//! tried (an error ends the plan), the others look at what the rehearsal made (findings).

mod check_names;
pub(super) mod clauses;
mod conversions;
mod durability;
mod enum_members;
mod foreign_keys;
mod generated;
pub(crate) mod grants;
mod helper_names;
mod new_columns;
mod not_null;
pub(super) mod on_replica;
pub(super) mod original;
mod probe;
mod replica;
mod retention;
pub(super) mod row_versions;
pub(super) mod server;
pub(super) mod swap;
mod table_options;
pub(super) mod triggers;
mod unique_keys;
pub(super) mod views;

use super::mapping::Ways;
use super::rehearsal::Rehearsed;
use super::{CopyPlan, Finding};
use crate::error::Result;
use crate::mysql::Session;
use crate::request::Request;
use crate::schema::Table;

pub(super) use new_columns::fills;

/// Everything that speaks against a copy.
pub(super) async fn of_copy(
    session: &mut Session,
    request: &Request,
    original: &Table,
    rehearsed: &Rehearsed,
    copy: &CopyPlan,
    ways: &Ways<'_>,
) -> Result<Vec<Finding>> {
    let pairs = &copy.mapping.columns;
    let mut findings = foreign_keys::check(session, original, &copy.target).await?;
    findings.extend(triggers::check(session, original, &rehearsed.refused_triggers).await?);
    findings.extend(swap::check(session, &original.name, copy.swap).await?);
    findings.extend(table_options::check(original, &rehearsed.before)?);
    findings.extend(helper_names::check(session, &original.name, request.drop_kept).await?);
    findings.extend(conversions::check(pairs));
    findings.extend(enum_members::check(pairs));
    findings.extend(generated::check(ways));
    findings.extend(new_columns::check(session, ways).await?);
    findings.extend(not_null::check(session, original, pairs).await?);
    findings.extend(unique_keys::check(session, original, &copy.target, ways).await?);
    findings.extend(check_names::check(session.flavour(), original));
    findings.extend(durability::check(session).await?);
    findings.extend(retention::check(session, copy.capture).await?);
    Ok(findings)
}
