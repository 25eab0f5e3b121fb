//! What a name may stand for besides a plain table, and why that is refused.

use crate::error::{Error, Result};
use crate::schema::{TableName, has_period};

/// Refuses what `TABLE_TYPE` says is no plain table.
pub(super) fn check(name: &TableName, kind: &str) -> Result<()> {
    let table = name.plain();
    match kind {
        "BASE TABLE" => Ok(()),
        "SYSTEM VERSIONED" => Err(Error::refused(
            "system_versioned",
            format!(
                "`{table}` has system versioning: a copy would bring its rows but not their history"
            ),
        )
        .hint("use a plain `ALTER TABLE` in a quiet hour")
        .hint("`DROP SYSTEM VERSIONING` makes it a plain table, and forgets the history")),
        _ => Err(Error::refused(
            "not_a_base_table",
            format!("`{table}` is not a table but a {}", kind.to_lowercase()),
        )
        .hint("name the table that holds the rows")),
    }
}

/// Refuses a table whose rows have a period of validity: rows are then equal when they overlap, which
/// no key of theirs tells.
pub(super) fn check_periods(name: &TableName, definition: &str) -> Result<()> {
    if !has_period(definition)? {
        return Ok(());
    }
    Err(Error::refused(
        "application_period",
        format!(
            "`{}` has a period (`PERIOD FOR`), by which rows are in each other's way that share no key",
            name.plain()
        ),
    )
    .hint("use a plain `ALTER TABLE` in a quiet hour"))
}
