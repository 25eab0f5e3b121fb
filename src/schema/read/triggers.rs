//! Triggers.

use mysql_async::Row;

use super::{field, is_table};
use crate::error::{Error, Result};
use crate::mysql::Session;
use crate::schema::{TableName, Trigger};

/// The table's triggers, in the order in which the server runs those of one event. To be had under
/// locks, too. Hidden from accounts without the right TRIGGER.
pub async fn triggers(session: &mut Session, name: &TableName) -> Result<Vec<Trigger>> {
    let rows: Vec<Row> = session
        .rows(format!(
            "SELECT trigger_name AS name, action_timing AS timing, event_manipulation AS event, \
             action_order AS place, action_statement AS body, definer AS definer, \
             sql_mode AS mode, character_set_client AS cs, collation_connection AS coll, \
             database_collation AS schema_coll, COALESCE(CAST(created AS CHAR), '') AS created \
             FROM information_schema.triggers WHERE {} \
             ORDER BY event_manipulation, action_timing, action_order",
            is_table("event_object_schema", "event_object_table", name)
        ))
        .await?;
    rows.into_iter().map(trigger).collect()
}

fn trigger(mut row: Row) -> Result<Trigger> {
    let row = &mut row;
    Ok(Trigger {
        name: field(row, "name")?,
        timing: field(row, "timing")?,
        event: field(row, "event")?,
        order: field(row, "place")?,
        body: field(row, "body")?,
        definer: field(row, "definer")?,
        sql_mode: field(row, "mode")?,
        charset: field(row, "cs")?,
        collation: field(row, "coll")?,
        schema_collation: field(row, "schema_coll")?,
        created: field(row, "created")?,
    })
}

/// `SHOW CREATE TRIGGER` of a trigger in this schema, in the character set that it was written in.
pub async fn trigger_definition(
    session: &mut Session,
    schema: &str,
    name: &str,
) -> Result<Vec<u8>> {
    session.run("SET SESSION character_set_results = NULL").await?;
    let row: Option<Row> =
        session.first(format!("SHOW CREATE TRIGGER {}", TableName::new(schema, name))).await?;
    session.run("SET SESSION character_set_results = utf8mb4").await?;
    row.and_then(|mut row| row.take_opt(2).and_then(std::result::Result::ok)).ok_or_else(|| {
        Error::failed(
            "trigger_not_read",
            format!("the server does not show how trigger `{name}` is made"),
        )
        .hint("grant the account the right TRIGGER")
    })
}
