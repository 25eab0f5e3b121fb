//! Tables as a server describes them, from its catalogue.
//!
//! The case of the catalogue's column names differs between versions, so every column gets a name of
//! ours. Names of schemas and tables are compared by the catalogue, so by the server's own rules.

mod columns;
mod default;
mod kind;
mod relations;
mod triggers;

use mysql_async::Row;
use mysql_async::prelude::FromValue;

use super::{Table, TableName, with_option};
use crate::error::{Error, Result};
use crate::mysql::{Session, text};

pub use relations::referenced_by;
pub use triggers::{trigger_definition, triggers};

/// Reads a table; `None` if there is none of that name. The name in the answer is spelled as the
/// server spells it. What is no plain table is refused: a view or sequence (`not_a_base_table`), a
/// table with system versioning (`system_versioned`) or periods (`application_period`).
pub async fn table(session: &mut Session, name: &TableName) -> Result<Option<Table>> {
    let Some(mut facts) = session
        .first::<Row>(format!(
            "SELECT table_schema AS s, table_name AS t, table_type AS kind, \
             COALESCE(engine, '') AS engine, \
             COALESCE(create_options, '') LIKE '%partitioned%' AS partitioned, \
             COALESCE(table_comment, '') AS comment, COALESCE(table_rows, 0) AS row_count, \
             COALESCE(data_length, 0) + COALESCE(index_length, 0) AS bytes \
             FROM information_schema.tables WHERE {}",
            is_table("table_schema", "table_name", name)
        ))
        .await?
    else {
        return Ok(None);
    };
    let name = TableName::new(field::<String>(&mut facts, "s")?, field::<String>(&mut facts, "t")?);
    kind::check(&name, &field::<String>(&mut facts, "kind")?)?;
    let definition = definition(session, &name).await?;
    kind::check_periods(&name, &definition)?;
    Ok(Some(Table {
        engine: field(&mut facts, "engine")?,
        partitioned: field(&mut facts, "partitioned")?,
        comment: field(&mut facts, "comment")?,
        rows_estimate: field(&mut facts, "row_count")?,
        bytes_estimate: field(&mut facts, "bytes")?,
        columns: columns::columns(session, &name).await?,
        indexes: columns::indexes(session, &name).await?,
        foreign_keys: relations::foreign_keys(session, &name).await?,
        referenced_by: relations::referenced_by(session, &name).await?,
        triggers: triggers(session, &name).await?,
        checks: relations::checks(session, &name).await?,
        definition,
        name,
    }))
}

/// The next `AUTO_INCREMENT` value; `None` if the table has no such column or does not exist.
pub async fn auto_increment(session: &mut Session, name: &TableName) -> Result<Option<u64>> {
    let value: Option<Option<u64>> = session
        .first(format!(
            "SELECT auto_increment AS v FROM information_schema.tables WHERE {}",
            is_table("table_schema", "table_name", name)
        ))
        .await?;
    Ok(value.flatten())
}

/// `SHOW CREATE TABLE` without the `AUTO_INCREMENT=` option. To be had under locks, too.
pub async fn definition(session: &mut Session, name: &TableName) -> Result<String> {
    let (_, definition): (String, String) =
        session.one(format!("SHOW CREATE TABLE {name}")).await?;
    with_option(&definition, "AUTO_INCREMENT", None)
}

/// The predicate that names a table in the catalogue.
fn is_table(schema_column: &str, table_column: &str, name: &TableName) -> String {
    format!("{schema_column} = {} AND {table_column} = {}", text(&name.schema), text(&name.table))
}

/// The value of a named column of a catalogue row.
fn field<T: FromValue>(row: &mut Row, name: &str) -> Result<T> {
    row.take_opt(name).and_then(std::result::Result::ok).ok_or_else(|| {
        Error::failed(
            "catalogue_not_read",
            format!("the server's catalogue gave an unexpected value for `{name}`"),
        )
    })
}
