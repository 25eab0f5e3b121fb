//! Foreign keys on the table, or of other tables to it: after a rename they would point to the old
//! table.

use crate::error::Result;
use crate::mysql::Session;
use crate::plan::{Finding, Rule};
use crate::schema::{ForeignKey, Table, referred_to};

const HINT: &str = "drop the foreign keys first and add them afterwards, or use a plain `ALTER TABLE` in a quiet hour";

pub(super) async fn check(
    session: &mut Session,
    original: &Table,
    target: &Table,
) -> Result<Vec<Finding>> {
    let table = original.name.plain();
    let mut findings = Vec::new();
    let own: Vec<&ForeignKey> = original.foreign_keys.iter().chain(&target.foreign_keys).collect();
    if !own.is_empty() {
        let message =
            format!("`{table}` has foreign keys, which are not supported yet: {}", names(&own));
        findings.push(Finding::refuse(Rule::ForeignKeys, message, HINT));
    }
    let others: Vec<&ForeignKey> =
        original.referenced_by.iter().filter(|key| key.child != original.name).collect();
    if !others.is_empty() {
        let message = format!(
            "foreign keys refer to `{table}`, which is not supported yet: {}",
            names(&others)
        );
        findings.push(Finding::refuse(Rule::ForeignKeys, message, HINT));
    }
    if findings.is_empty() {
        findings.extend(hidden(session, original).await?);
    }
    Ok(findings)
}

fn names(keys: &[&ForeignKey]) -> String {
    let name = |key: &&ForeignKey| {
        format!("`{}` of `{}` to `{}`", key.name, key.child.plain(), key.parent.plain())
    };
    keys.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The catalogue hides tables on which the account has no right; the engine's own list does not.
async fn hidden(session: &mut Session, original: &Table) -> Result<Option<Finding>> {
    let referenced = referred_to(session, &original.name).await?;
    Ok((referenced > 0).then(|| {
        let table = original.name.plain();
        let message =
            format!("foreign keys of tables that this account cannot see refer to `{table}`");
        Finding::refuse(Rule::ForeignKeys, message, HINT)
    }))
}
