//! What ties a table to others: foreign keys in both directions, triggers, CHECK constraints.

use super::is_table;
use crate::error::Result;
use crate::mysql::Session;
use crate::schema::{Check, ForeignKey, TableName, Trigger};

/// Foreign keys that the table has.
pub(super) async fn foreign_keys(
    session: &mut Session,
    name: &TableName,
) -> Result<Vec<ForeignKey>> {
    constraints(session, &is_table("table_schema", "table_name", name)).await
}

/// Foreign keys that refer to the table, from every schema that the account may see.
pub(super) async fn referenced_by(
    session: &mut Session,
    name: &TableName,
) -> Result<Vec<ForeignKey>> {
    constraints(session, &is_table("referenced_table_schema", "referenced_table_name", name)).await
}

async fn constraints(session: &mut Session, predicate: &str) -> Result<Vec<ForeignKey>> {
    let rows: Vec<(String, String, String, String, String)> = session
        .rows(format!(
            "SELECT constraint_name AS name, table_schema AS s, table_name AS t, \
             referenced_table_schema AS rs, referenced_table_name AS rt \
             FROM information_schema.key_column_usage \
             WHERE referenced_table_name IS NOT NULL AND ordinal_position = 1 AND {predicate} \
             ORDER BY 2, 3, 1"
        ))
        .await?;
    let foreign_key = |(name, schema, table, parent_schema, parent_table)| ForeignKey {
        name,
        child: TableName { schema, table },
        parent: TableName { schema: parent_schema, table: parent_table },
    };
    Ok(rows.into_iter().map(foreign_key).collect())
}

pub(super) async fn triggers(session: &mut Session, name: &TableName) -> Result<Vec<Trigger>> {
    let names: Vec<String> = session
        .rows(format!(
            "SELECT trigger_name AS name FROM information_schema.triggers WHERE {} ORDER BY 1",
            is_table("event_object_schema", "event_object_table", name)
        ))
        .await?;
    Ok(names.into_iter().map(|name| Trigger { name }).collect())
}

pub(super) async fn checks(session: &mut Session, name: &TableName) -> Result<Vec<Check>> {
    let names: Vec<String> = session
        .rows(format!(
            "SELECT constraint_name AS name FROM information_schema.table_constraints \
             WHERE constraint_type = 'CHECK' AND {} ORDER BY 1",
            is_table("table_schema", "table_name", name)
        ))
        .await?;
    Ok(names.into_iter().map(|name| Check { name }).collect())
}
