//! What is said when rows differ.

use super::compare::Comparison;
use crate::error::{Error, Kind, Result};
use crate::mysql::Session;
use crate::schema::Key;

/// Keys that an error names.
const NAMED: usize = 5;

/// The error that the rows of these keys (at least one) differ; for the first it says how.
pub(super) async fn differs(
    session: &mut Session,
    comparison: &Comparison,
    keys: &[Key],
) -> Result<Error> {
    let pair = comparison.pair();
    let row: Option<Option<String>> = session.first(comparison.explain(&keys[0])).await?;
    let how = match row {
        None => "the original has no such row".to_owned(),
        Some(None) => "the copy lacks it".to_owned(),
        Some(Some(columns)) if columns.is_empty() => {
            "the copy has another row beside it".to_owned()
        }
        Some(Some(columns)) => format!("not equal in {columns}"),
    };
    let named: Vec<_> = keys
        .iter()
        .take(NAMED)
        .map(|key| format!("({})", pair.mapping.key.describe(key)))
        .collect();
    let more = if keys.len() > NAMED { ", …" } else { "" };
    let message = format!(
        "{} row(s) of `{}` differ from the copy `{}`: {}{more}; for the first: {how}",
        keys.len(),
        pair.original.plain(),
        pair.shadow.plain(),
        named.join(", "),
    );
    Ok(Error::new(Kind::Differs, "rows_differ", message)
        .hint("the original is untouched: see that nobody else writes to the copy, and start anew"))
}
