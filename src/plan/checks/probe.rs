//! Questions to the original's rows, asked only where the answer is cheap: plain reads, without any
//! lock, ended by the server when they take long.

use crate::error::Result;
use crate::mysql::Session;
use crate::schema::{Table, same_name};

/// The most rows, by statistics, that are read without an index.
const FEW: u64 = 100_000;

/// How long the server may look.
const PATIENCE_SECONDS: u32 = 2;

/// Whether a question about these columns is cheap: the table is small, or an index starts with them.
pub(super) fn is_cheap(table: &Table, columns: &[&str]) -> bool {
    table.rows_estimate <= FEW
        || table.indexes.iter().filter(|index| index.visible).any(|index| {
            index.columns.len() >= columns.len()
                && index.columns.iter().zip(columns).all(|(part, column)| {
                    let name = part.column.as_deref();
                    part.prefix.is_none() && name.is_some_and(|name| same_name(name, column))
                })
        })
}

/// Whether `SELECT 1 rest` finds a row; `None` when the server ended it for taking too long.
pub(super) async fn finds(session: &mut Session, rest: &str) -> Result<Option<bool>> {
    let flavour = session.flavour();
    let found: Result<Option<i64>> =
        session.first(flavour.select_within(PATIENCE_SECONDS, &format!("1 {rest}"))).await;
    match found {
        Ok(row) => Ok(Some(row.is_some())),
        Err(error) if flavour.is_too_slow(error.errno()) => Ok(None),
        Err(error) => Err(error),
    }
}
