//! Which table a name means now: a rename changes the name, not the table's id.

use super::TableName;
use crate::error::Result;
use crate::mysql::{Session, text};

/// InnoDB's id of the table of this name. `None` when there is no such table, or when its name has
/// characters that InnoDB's dictionary encodes in its own way: then names alone must decide.
pub async fn table_id(session: &mut Session, name: &TableName) -> Result<Option<u64>> {
    in_engine(session, "MIN(table_id)", name).await
}

/// How many times the table's rows have changed shape at once since it was last rebuilt. `None` as
/// for [`table_id`].
pub async fn row_versions(session: &mut Session, name: &TableName) -> Result<Option<u64>> {
    in_engine(session, "MAX(total_row_versions)", name).await
}

/// What InnoDB's dictionary has of a table.
async fn in_engine(session: &mut Session, value: &str, name: &TableName) -> Result<Option<u64>> {
    if !is_plain(&name.schema) || !is_plain(&name.table) {
        return Ok(None);
    }
    // A partitioned table has a row for each partition, `schema/table#p#partition`.
    let query = format!(
        "SELECT {value} AS v FROM information_schema.innodb_tables \
         WHERE name = {whole} OR LEFT(name, CHAR_LENGTH({whole}) + 3) = CONCAT({whole}, '#p#')",
        whole = text(&format!("{}/{}", name.schema, name.table))
    );
    session.one(query).await
}

/// Whether a base table of this name exists.
pub async fn exists(session: &mut Session, name: &TableName) -> Result<bool> {
    let count: u64 = session
        .one(format!(
            "SELECT COUNT(*) FROM information_schema.tables \
             WHERE table_schema = {} AND table_name = {}",
            text(&name.schema),
            text(&name.table)
        ))
        .await?;
    Ok(count > 0)
}

/// The table's comment, if there is such a table.
pub async fn comment(session: &mut Session, name: &TableName) -> Result<Option<String>> {
    session
        .first(format!(
            "SELECT table_comment AS comment FROM information_schema.tables \
             WHERE table_schema = {} AND table_name = {}",
            text(&name.schema),
            text(&name.table)
        ))
        .await
}

/// InnoDB writes letters, digits and `_` as they are.
fn is_plain(identifier: &str) -> bool {
    identifier.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
