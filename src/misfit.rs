//! A row of the original that the new shape does not take: too long, NULL, a CHECK, no partition.

use crate::error::{Error, Kind};
use crate::mysql::{Fault, right_missing};
use crate::schema::Pair;

/// The end of a run by `error`, which the server raised for the rows called `which` (a key such as
/// `id=7`, or a range). The original is as it was. An error that is not about the rows stays what it
/// is.
pub fn misfit(pair: &Pair, which: &str, error: &Error) -> Error {
    let said = error.message.clone();
    let what = format!("carrying rows of `{}` over", pair.original.plain());
    if Fault::is_denied(error) {
        return right_missing(error.clone().during(what));
    }
    // It may also be a table of the journal.
    if error.errno() == Some(NO_SUCH_TABLE) && said.contains(&pair.original.table) {
        return gone(pair, &said);
    }
    if !is_about_rows(error) {
        return error.clone().during(what);
    }
    let message = format!(
        "a row of `{}` does not fit the new shape ({which}): {said}",
        pair.original.plain()
    );
    let mut misfit = Error::new(Kind::Failed, slug(error.errno()), message);
    misfit.server.clone_from(&error.server);
    misfit.hint(way_out(error.errno()))
}

/// `ER_NO_SUCH_TABLE`.
const NO_SUCH_TABLE: u16 = 1146;
/// `ER_TOO_BIG_ROWSIZE`, the one error about a row that has the state of a statement that is wrong.
const ROW_TOO_LARGE: u16 = 1118;

/// Whether the server means the rows, and not the statement or the tables.
fn is_about_rows(error: &Error) -> bool {
    error.server.as_ref().is_some_and(|code| {
        code.errno == ROW_TOO_LARGE
            || Fault::of(error) == Fault::Duplicate
            || (Fault::reason(error).is_none() && !code.sqlstate.starts_with("42"))
    })
}

fn gone(pair: &Pair, said: &str) -> Error {
    let message = format!(
        "another session has renamed or dropped `{}` or `{}`: {said}",
        pair.original.plain(),
        pair.shadow.plain()
    );
    Error::failed("touched_by_ddl", message)
        .hint("start afresh; keep other schema changes away until the swap is done")
}

fn slug(errno: Option<u16>) -> &'static str {
    match errno {
        Some(1062) => "duplicate_key",
        Some(1048) => "null_not_allowed",
        Some(1264 | 1265 | 1292 | 1366 | 1406 | 1411) => "value_does_not_fit",
        Some(3819 | 4025) => "check_violated",
        Some(1526) => "no_partition",
        Some(1364) => "no_default",
        _ => "row_does_not_fit",
    }
}

fn way_out(errno: Option<u16>) -> &'static str {
    match errno {
        Some(1062) => "remove one of the rows, or leave the unique key out of the change",
        Some(1048) => "give the rows a value first, or keep the column nullable",
        Some(1364) => "give the new column a DEFAULT",
        Some(3819 | 4025) => "mend the rows first, or change the CHECK",
        Some(1526) => "add a partition that takes the value",
        _ => "mend the rows first, or choose a type that holds their values",
    }
}
