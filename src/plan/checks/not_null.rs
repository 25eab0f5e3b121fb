//! Columns that no longer allow NULL: a row that has one stops the copy.

use super::probe;
use crate::error::Result;
use crate::mysql::Session;
use crate::plan::{Finding, Rule};
use crate::schema::{ColumnPair, Table, quote};

pub(super) async fn check(
    session: &mut Session,
    original: &Table,
    pairs: &[ColumnPair],
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.original.nullable && !pair.shadow.nullable) {
        let column = &pair.original.name;
        let null = format!("FROM {} WHERE {} IS NULL LIMIT 1", original.name, quote(column));
        let answer = if probe::is_cheap(original, &[column]) {
            probe::finds(session, &null).await?
        } else {
            None
        };
        let hint = format!("give these rows a value first; find them with: SELECT * {null}");
        findings.extend(match answer {
            Some(false) => None,
            Some(true) => Some(Finding::refuse(
                Rule::NotNull,
                format!("column `{column}` becomes NOT NULL, and there are rows where it is NULL"),
                hint,
            )),
            None => Some(Finding::warn(
                Rule::NotNull,
                format!("column `{column}` becomes NOT NULL; a row where it is NULL would stop the change"),
                hint,
            )),
        });
    }
    Ok(findings)
}
