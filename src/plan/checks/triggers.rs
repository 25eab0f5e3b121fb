//! Triggers would stay with the old table when tables are renamed, so they are made again on the new
//! one: the server must take them there.

use crate::error::{Error, Result};
use crate::mysql::{Session, text};
use crate::plan::{Finding, Rule};
use crate::schema::{Table, TableName};

/// Makes the original's triggers on a clone of the new shape, under other names. Gives those that
/// the server does not take, with its words. The session keeps the last trigger's settings.
pub(crate) async fn rehearse(
    session: &mut Session,
    original: &Table,
    clone: &TableName,
) -> Result<Vec<(String, Error)>> {
    let mut refused = Vec::new();
    for (number, trigger) in original.triggers.iter().enumerate() {
        session.run(trigger.settings("utf8mb4")).await?;
        match session.run(trigger.create_on(clone, &clone.stand_in(0, number))).await {
            Err(error) if error.errno().is_some() => refused.push((trigger.name.clone(), error)),
            made => drop(made?),
        }
    }
    Ok(refused)
}

/// `refused` is what [`rehearse`] gave.
pub(super) async fn check(
    session: &mut Session,
    original: &Table,
    refused: &[(String, Error)],
) -> Result<Vec<Finding>> {
    let table = original.name.plain();
    let mut findings: Vec<Finding> = refused
        .iter()
        .map(|(name, error)| {
            let message =
                format!("trigger `{name}` of `{table}` cannot be made on the new table: {error}");
            Finding::refuse(Rule::Triggers, message, way_out(error))
        })
        .collect();
    if original.triggers.is_empty() {
        return Ok(findings);
    }
    let collation: String = session
        .one(format!(
            "SELECT default_collation_name AS c FROM information_schema.schemata \
             WHERE schema_name = {}",
            text(&original.name.schema)
        ))
        .await?;
    let others = original.triggers.iter().filter(|trigger| trigger.schema_collation != collation);
    findings.extend(others.map(|trigger| {
        let message = format!(
            "the variables of trigger `{}` have the collation {}, and would get the schema's present one, {collation}",
            trigger.name, trigger.schema_collation
        );
        Finding::refuse(Rule::TriggerCollation, message, "if it has no text variables it does not matter")
    }));
    Ok(findings)
}

fn way_out(error: &Error) -> &'static str {
    match error.errno() {
        Some(1054) => {
            "change or drop the trigger first: after a plain `ALTER TABLE` it would fail, too"
        }
        Some(1227) => {
            "the trigger has the rights of another account: grant SET_ANY_DEFINER (MySQL before 8.2: SET_USER_ID; MariaDB: SET USER)"
        }
        Some(1419) => "set `log_bin_trust_function_creators` on, or grant SUPER",
        Some(1449 | 4006) => {
            "the account whose rights the trigger has is gone: make the trigger anew"
        }
        _ => "change or drop the trigger, or grant what the server asks for",
    }
}
