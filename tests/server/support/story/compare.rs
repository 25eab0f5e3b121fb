//! Whether two tables are the same, byte for byte.

use std::collections::BTreeMap;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};

/// Rows by key; every value as the bytes that the server holds.
type Rows = BTreeMap<Vec<Shown>, Vec<Shown>>;

/// A value as bytes; `None` is NULL.
type Shown = Option<Vec<u8>>;

/// Compares definitions, triggers, counters and rows; what differs, for people.
pub async fn same(
    conn: &mut Conn,
    table: &Table,
    twin: &Table,
    key: &[&str],
) -> Result<(), String> {
    let (definition, expected) = (table.definition(conn).await, twin.definition(conn).await);
    if definition != expected {
        return Err(format!(
            "the definitions differ\n--- table\n{definition}\n--- twin\n{expected}"
        ));
    }
    let (triggers, expected) = (table.triggers(conn).await, twin.triggers(conn).await);
    if triggers != expected {
        return Err(format!("the triggers are {triggers:?}, but {expected:?} in the twin"));
    }
    let (counter, expected) = (table.counter(conn).await, twin.counter(conn).await);
    if counter != expected {
        return Err(format!("AUTO_INCREMENT is {counter:?}, but {expected:?} in the twin"));
    }
    let columns = table.columns(conn).await;
    let rows = table.rows(conn, &columns, key).await;
    let expected = twin.rows(conn, &columns, key).await;
    let mut told = Vec::new();
    let mut keys: Vec<&Vec<Shown>> = rows.keys().chain(expected.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (row, expected) = (rows.get(key), expected.get(key));
        if row != expected {
            told.push(format!(
                "row {}\n  table {}\n  twin  {}",
                show(key),
                row.map_or("has none".into(), |row| show(row)),
                expected.map_or("has none".into(), |row| show(row))
            ));
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let count = told.len();
    told.truncate(5);
    Err(format!(
        "{count} rows differ ({} in the table, {} in the twin), columns {}\n{}",
        rows.len(),
        expected.len(),
        names.join(", "),
        told.join("\n")
    ))
}

/// A table by its unquoted names.
#[derive(Debug, Clone)]
pub struct Table {
    pub schema: String,
    pub name: String,
}

impl Table {
    /// Quoted, for SQL.
    pub fn sql(&self) -> String {
        format!("`{}`.`{}`", self.schema, self.name.replace('`', "``"))
    }

    /// `SHOW CREATE TABLE` without the counter, which may lag behind in the definition's text.
    async fn definition(&self, conn: &mut Conn) -> String {
        let (_, text): (String, String) =
            conn.query_first(format!("SHOW CREATE TABLE {}", self.sql())).await.unwrap().unwrap();
        let Some((head, tail)) = text.split_once(" AUTO_INCREMENT=") else { return text };
        format!("{head}{}", tail.trim_start_matches(|c: char| c.is_ascii_digit()))
    }

    /// A statement about a table: `{t}` is its name, `{s}` its schema's.
    pub fn named_in(&self, sql: &str) -> String {
        sql.replace("{t}", &self.sql()).replace("{s}", &self.schema)
    }

    /// Every trigger of its schema with all that makes it.
    async fn triggers(&self, conn: &mut Conn) -> Vec<String> {
        let sql = "SELECT CONCAT_WS(' ', trigger_name, action_timing, event_manipulation, \
                   event_object_table, action_order, action_statement, sql_mode, definer, \
                   character_set_client, collation_connection, database_collation) \
                   FROM information_schema.triggers WHERE trigger_schema = ? ORDER BY 1";
        conn.exec(sql, (&self.schema,)).await.unwrap()
    }

    async fn counter(&self, conn: &mut Conn) -> Option<u64> {
        let sql = "SELECT AUTO_INCREMENT FROM information_schema.tables \
                   WHERE table_schema = ? AND table_name = ?";
        conn.exec_first(sql, (&self.schema, &self.name)).await.unwrap().unwrap()
    }

    /// Every column with an expression that shows all of its value.
    async fn columns(&self, conn: &mut Conn) -> Vec<(String, String)> {
        let sql = "SELECT column_name, data_type FROM information_schema.columns \
                   WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position";
        let columns: Vec<(String, String)> =
            conn.exec(sql, (&self.schema, &self.name)).await.unwrap();
        columns
            .into_iter()
            .map(|(name, data_type)| {
                let quoted = format!("`{}`", name.replace('`', "``"));
                let shown = match data_type.as_str() {
                    // As text a FLOAT has six digits; as a double it has all of them.
                    "float" => format!("{quoted} + 0e0"),
                    // The text does not tell a decimal from a double, a date from a string.
                    "json" => format!(
                        "CONCAT_WS(' ', {quoted}, JSON_STORAGE_SIZE({quoted}), JSON_TYPE({quoted}), \
                         JSON_TYPE({quoted}->'$[1]'), JSON_TYPE({quoted}->'$.d'), \
                         JSON_TYPE({quoted}->'$.t'), JSON_TYPE({quoted}->'$.b'))"
                    ),
                    _ => quoted,
                };
                (name, shown)
            })
            .collect()
    }

    async fn rows(&self, conn: &mut Conn, columns: &[(String, String)], key: &[&str]) -> Rows {
        let expressions: Vec<&str> = columns.iter().map(|(_, shown)| shown.as_str()).collect();
        let at: Vec<usize> = key
            .iter()
            .map(|name| columns.iter().position(|(column, _)| column == *name).unwrap())
            .collect();
        conn.query_drop("SET character_set_results = NULL").await.unwrap();
        let rows: Vec<Row> = conn
            .query(format!("SELECT {} FROM {}", expressions.join(", "), self.sql()))
            .await
            .unwrap();
        conn.query_drop("SET NAMES utf8mb4").await.unwrap();
        rows.into_iter()
            .map(|row| {
                let row: Vec<Shown> = row.unwrap().into_iter().map(bytes).collect();
                (at.iter().map(|index| row[*index].clone()).collect(), row)
            })
            .collect()
    }
}

fn bytes(value: Value) -> Shown {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(bytes),
        other => panic!("the text protocol gave {other:?}"),
    }
}

fn show(values: &[Shown]) -> String {
    let shown: Vec<String> = values
        .iter()
        .map(|value| match value {
            None => "NULL".to_owned(),
            Some(bytes) => format!("{:?}", bytes.escape_ascii().to_string()),
        })
        .collect();
    shown.join(", ")
}
