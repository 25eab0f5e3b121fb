//! What ties a table to others: foreign keys in both directions, CHECK constraints.

use super::is_table;
use crate::error::Result;
use crate::mysql::{Flavour, Session, text};
use crate::schema::{Check, ForeignKey, TableName};

/// Foreign keys that the table has.
pub(super) async fn foreign_keys(
    session: &mut Session,
    name: &TableName,
) -> Result<Vec<ForeignKey>> {
    constraints(session, &is_table("table_schema", "table_name", name)).await
}

/// Foreign keys that refer to the table, from every schema: on MySQL those that the account may see.
pub async fn referenced_by(session: &mut Session, name: &TableName) -> Result<Vec<ForeignKey>> {
    match session.flavour() {
        Flavour::Mysql => {
            let referred = is_table("referenced_table_schema", "referenced_table_name", name);
            constraints(session, &referred).await
        }
        Flavour::Mariadb => in_engine(session, name).await,
    }
}

/// As the engine knows them. To find them in the server's catalogue MariaDB would open every table
/// and view of every schema: slow, and under load it was seen to crash the server (10.11.18).
///
/// None without the right `PROCESS`, which a copy needs; nothing else asks.
async fn in_engine(session: &mut Session, name: &TableName) -> Result<Vec<ForeignKey>> {
    let part = |column: &str, number: i8| {
        let encoded = format!("CAST(SUBSTRING_INDEX({column}, '/', {number}) AS BINARY)");
        format!("CONVERT(CAST({encoded} AS CHAR CHARACTER SET filename) USING utf8mb4)")
    };
    let rows: Result<Vec<(String, String, String)>> = session
        .rows(format!(
            "SELECT SUBSTRING_INDEX(id, '/', -1) AS name, {} AS s, {} AS t \
             FROM information_schema.innodb_sys_foreign WHERE ref_name = {} ORDER BY 2, 3, 1",
            part("for_name", 1),
            part("for_name", -1),
            engines_name(name),
        ))
        .await;
    let rows = match rows {
        Err(error) if error.errno() == Some(1227) => return Ok(Vec::new()),
        rows => rows?,
    };
    let foreign_key = |(constraint, schema, table)| ForeignKey {
        name: constraint,
        child: TableName { schema, table },
        parent: name.clone(),
    };
    Ok(rows.into_iter().map(foreign_key).collect())
}

/// The name as MariaDB's engine spells it: what is neither a letter nor a digit as the character set
/// `filename` has it.
fn engines_name(name: &TableName) -> String {
    let part = |name: &str| format!("CAST(CONVERT({} USING filename) AS BINARY)", text(name));
    let (schema, table) = (part(&name.schema), part(&name.table));
    format!("CONVERT(CONCAT({schema}, '/', {table}) USING utf8mb4)")
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
