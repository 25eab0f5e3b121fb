//! Views that read a column which goes or gets another name will fail when they are used.

use crate::error::Result;
use crate::mysql::{Flavour, Session, text};
use crate::plan::{Finding, Rule};
use crate::schema::{TableName, quote};

/// `gone` are the columns' names in the original.
pub(crate) async fn check(
    session: &mut Session,
    table: &TableName,
    gone: &[&str],
) -> Result<Option<Finding>> {
    if gone.is_empty() {
        return Ok(None);
    }
    let views: Vec<(String, String, String)> = session.rows(over(session.flavour(), table)).await?;
    // A definition that the account may not see counts as one that reads the column.
    let reads = |body: &str| body.is_empty() || gone.iter().any(|name| body.contains(&quote(name)));
    let broken: Vec<String> = views
        .iter()
        .filter(|(_, _, body)| reads(body))
        .map(|(schema, view, _)| format!("`{schema}.{view}`"))
        .collect();
    if broken.is_empty() {
        return Ok(None);
    }
    Ok(Some(Finding::warn(
        Rule::Views,
        format!("views read a column that goes or gets another name: {}", broken.join(", ")),
        "change the views first, or at the same time",
    )))
}

/// The query for the views that read the table, with their definitions.
fn over(flavour: Flavour, table: &TableName) -> String {
    match flavour {
        Flavour::Mysql => format!(
            "SELECT u.view_schema AS s, u.view_name AS v, COALESCE(d.view_definition, '') AS body \
             FROM information_schema.view_table_usage u JOIN information_schema.views d \
             ON d.table_schema = u.view_schema AND d.table_name = u.view_name \
             WHERE u.table_schema = {} AND u.table_name = {}",
            text(&table.schema),
            text(&table.table)
        ),
        // It has no list of what a view reads, but names each table in full in the definition. To
        // look into other schemas it would have to open every table that there is.
        Flavour::Mariadb => format!(
            "SELECT table_schema AS s, table_name AS v, view_definition AS body \
             FROM information_schema.views \
             WHERE table_schema = {} AND LOCATE({}, view_definition) > 0",
            text(&table.schema),
            text(&table.to_string())
        ),
    }
}
