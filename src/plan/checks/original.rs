//! The table itself: it must exist, hold rows of its own, and be the server's to change online.

use crate::capture::triggers::any_body_mark;
use crate::error::{Error, Result};
use crate::mysql::Session;
use crate::request::Request;
use crate::schema::{Table, TableName, read};

const SYSTEM_SCHEMAS: [&str; 4] = ["mysql", "information_schema", "performance_schema", "sys"];

/// Reads the original with the application's triggers, or says why it cannot be changed.
pub(crate) async fn find(session: &mut Session, request: &Request) -> Result<Table> {
    let name = &request.table;
    if SYSTEM_SCHEMAS.iter().any(|system| system.eq_ignore_ascii_case(&name.schema)) {
        return Err(Error::refused(
            "system_schema",
            format!("`{}` belongs to the server", name.plain()),
        )
        .hint("zosc changes tables of applications only"));
    }
    if let Some((schema, table)) = request.statement.table()
        && (table != name.table || schema.is_some_and(|schema| schema != name.schema))
    {
        return Err(Error::usage(
            "other_table",
            format!("the statement names table `{table}`, but `{}` is to be changed", name.plain()),
        )
        .hint("name the same table in both places, or give only the clauses"));
    }
    let mut original = read::table(session, name).await?.ok_or_else(|| {
        Error::refused("no_such_table", format!("there is no table `{}`", name.plain())).hint(
            "see the name's spelling; an account without any right on a table does not see it",
        )
    })?;
    on_innodb(&original.name, &original)?;
    // Those of a run that goes on are not the application's.
    let mark = any_body_mark();
    original.triggers.retain(|trigger| !trigger.body.starts_with(&mark));
    Ok(original)
}

/// Refuses (`not_innodb`) a table, before or after the change, that the engine does not hold.
pub(crate) fn on_innodb(name: &TableName, table: &Table) -> Result<()> {
    if table.engine.eq_ignore_ascii_case("InnoDB") {
        return Ok(());
    }
    Err(Error::refused(
        "not_innodb",
        format!("engine {} of `{}` has no transactions to build on", table.engine, name.plain()),
    )
    .hint("zosc changes InnoDB tables only; use a plain `ALTER TABLE` in a quiet hour"))
}
