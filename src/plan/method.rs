//! How the change will be made, and why so.

use super::engine::allowed;
use super::rehearsal::{Rehearsed, Taken};
use super::{Finding, checks};
use crate::error::{Error, Result};
use crate::mysql::{Facts, Flavour, Session};
use crate::request::Request;
use crate::schema::{
    Index, IndexColumn, Table, TableName, constraint_name, row_versions, same_name,
};
use crate::sql::Clause;

/// The ways that need no copy, and the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Nothing,
    Instant,
    InPlace,
    Copy,
}

/// Constraints have other names on a clone, or it lacks them, so a statement about them cannot be
/// rehearsed. Those that change only metadata need no rehearsal; `None` for every other statement.
pub(super) fn without_rehearsal(
    flavour: Flavour,
    original: &Table,
    request: &Request,
) -> Result<Option<(Way, String)>> {
    let clauses = request.statement.clauses();
    let kinds: Vec<Constraint> = clauses
        .iter()
        .map(|clause| constraint(flavour, original, clause))
        .collect::<Result<_>>()?;
    if kinds.iter().all(|kind| *kind == Constraint::None) {
        return Ok(None);
    }
    let message = "constraints keep their names only when they are changed in place";
    if request.copy {
        return Err(Error::refused("constraint_by_name", message)
            .hint("leave out `--copy`: this change needs none"));
    }
    if kinds.iter().all(|kind| *kind == Constraint::Check) {
        return Ok(Some((Way::Instant, "only CHECK constraints change".to_owned())));
    }
    if kinds.iter().all(|kind| *kind == Constraint::ForeignKey) {
        return Ok(Some((Way::InPlace, "only foreign keys go, which is metadata".to_owned())));
    }
    Err(Error::refused(
        "constraint_by_name",
        format!("the statement mixes constraints with other changes, and {message}"),
    )
    .hint("first drop the constraints in a statement of their own, which takes a moment; then make the other changes"))
}

/// The original's definition as it will be when the clauses, all of them about constraints, have been
/// followed.
pub(super) fn without_constraints(original: &Table, clauses: &[Clause]) -> String {
    let change = |name: &str| {
        clauses.iter().find(|clause| match clause {
            Clause::DropCheck { name: other }
            | Clause::AlterCheck { name: other, .. }
            | Clause::DropForeignKey { name: other }
            | Clause::DropConstraint { name: other } => same_name(name, other),
            _ => false,
        })
    };
    let lines = original.definition.lines().filter_map(|line| {
        match constraint_name(line.trim()).as_deref().and_then(change) {
            None => Some(line.to_owned()),
            Some(Clause::AlterCheck { .. }) => Some(not_enforced(line)),
            Some(_) => None,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn not_enforced(check: &str) -> String {
    const WORDS: &str = " /*!80016 NOT ENFORCED */";
    let check = check.trim_end_matches(',');
    if check.ends_with(WORDS) { check.to_owned() } else { format!("{check}{WORDS}") }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Constraint {
    None,
    Check,
    ForeignKey,
}

fn constraint(flavour: Flavour, original: &Table, clause: &Clause) -> Result<Constraint> {
    let is_check = |name: &str| original.checks.iter().any(|check| same_name(&check.name, name));
    let is_key = |name: &str| original.foreign_keys.iter().any(|key| same_name(&key.name, name));
    let missing = |name: &str| {
        let table = original.name.plain();
        Error::refused("alter_refused", format!("`{table}` has no constraint `{name}`"))
            .hint(format!("see the names with `SHOW CREATE TABLE {}`", original.name))
    };
    match clause {
        // There a clone keeps the names.
        Clause::DropCheck { .. } | Clause::AlterCheck { .. } if flavour == Flavour::Mariadb => {
            Ok(Constraint::None)
        }
        Clause::DropConstraint { name } if flavour == Flavour::Mariadb && is_check(name) => {
            Ok(Constraint::None)
        }
        Clause::AlterCheck { name, enforced: true } => Err(Error::refused(
            "constraint_by_name",
            format!("CHECK `{name}` cannot be enforced online by its name"),
        )
        .hint(format!("`DROP CHECK {name}`, then add it anew: `ADD CONSTRAINT {name} CHECK (…)`"))),
        Clause::DropCheck { name } | Clause::AlterCheck { name, .. } => {
            if is_check(name) {
                Ok(Constraint::Check)
            } else {
                Err(missing(name))
            }
        }
        Clause::DropForeignKey { name } => {
            if is_key(name) {
                Ok(Constraint::ForeignKey)
            } else {
                Err(missing(name))
            }
        }
        Clause::DropConstraint { name } if is_check(name) => Ok(Constraint::Check),
        Clause::DropConstraint { name } if is_key(name) => Ok(Constraint::ForeignKey),
        _ => Ok(Constraint::None),
    }
}

/// Whether the original may still take column changes at once, which an empty clone cannot tell.
#[derive(Debug)]
pub(super) enum Budget {
    /// As far as is known.
    Open,
    /// So many changes will have been used, of so many.
    Counted { used: u64, most: u64 },
    /// Never, with the reason.
    Closed(String),
}

/// Reads the budget for this change.
pub(super) async fn budget(
    session: &mut Session,
    facts: &Facts,
    original: &Table,
    request: &Request,
) -> Result<Budget> {
    let makes_version =
        |clause: &Clause| matches!(clause, Clause::AddColumn { .. } | Clause::DropColumn { .. });
    if !request.statement.clauses().iter().any(makes_version) {
        return Ok(Budget::Open);
    }
    // MariaDB and older servers keep no versions.
    if facts.flavour == Flavour::Mariadb || facts.version < (8, 0, 29) {
        return Ok(Budget::Open);
    }
    if facts.version <= (8, 0, 31) {
        let version = &facts.version_text;
        return Ok(Budget::Closed(format!(
            "ALGORITHM=INSTANT for columns may corrupt tables on MySQL {version}"
        )));
    }
    let most = if facts.version >= (9, 1, 0) { 255 } else { 64 };
    Ok(match allowed(row_versions(session, &original.name).await)? {
        None => Budget::Open,
        Some(used) if used >= most => {
            Budget::Closed(format!("the table has used all of its {most} instant column changes"))
        }
        Some(used) => Budget::Counted { used: used + 1, most },
    })
}

impl Budget {
    /// Whether trying is sound.
    pub(super) fn allows_instant(&self) -> bool {
        !matches!(self, Self::Closed(_))
    }

    /// A warning when little is left.
    pub(super) fn finding(&self, original: &TableName) -> Option<Finding> {
        match self {
            Self::Counted { used, most } => checks::row_versions::check(original, *used, *most),
            Self::Open | Self::Closed(_) => None,
        }
    }
}

/// Decides by what the rehearsal showed.
pub(super) fn decide(request: &Request, rehearsed: &Rehearsed, budget: &Budget) -> (Way, String) {
    let why = |way, reason: &str| (way, reason.to_owned());
    let clauses = request.statement.clauses();
    if request.copy {
        return why(Way::Copy, "a copy was asked for");
    }
    let Rehearsed { before, after, taken, .. } = rehearsed;
    if before.definition == after.definition && !clauses.iter().any(Clause::acts_on_rows) {
        return why(Way::Nothing, "the table already is as asked");
    }
    match (taken, budget) {
        (Taken::Instant, _) => why(Way::Instant, "the server can do it with ALGORITHM=INSTANT"),
        (Taken::InPlace, _) if !builds_index(clauses, before, after) => {
            why(Way::InPlace, "only metadata changes, which the server does in place")
        }
        (_, Budget::Closed(reason)) => why(Way::Copy, reason),
        (Taken::InPlace, _) => why(
            Way::Copy,
            "the server would build an index in place, and every replica would stand still as long",
        ),
        (Taken::Rebuilt, _) => {
            why(Way::Copy, "the server cannot do it at once: all rows must be written anew")
        }
    }
}

/// Whether an index is made, be it under a name that exists already.
fn builds_index(clauses: &[Clause], before: &Table, after: &Table) -> bool {
    let made = |clause: &Clause| matches!(clause, Clause::AddIndex { .. } | Clause::AddPrimaryKey);
    clauses.iter().any(made)
        || after.indexes.iter().any(|new| !before.indexes.iter().any(|old| same_index(old, new)))
}

/// Whether two indexes hold the same, whatever they are called.
fn same_index(old: &Index, new: &Index) -> bool {
    let parts: fn(&Index) -> &[IndexColumn] = |index| &index.columns;
    old.unique == new.unique && old.index_type == new.index_type && parts(old) == parts(new)
}
