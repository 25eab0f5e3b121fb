//! A row of the original that the new shape does not take: too long, NULL, a CHECK, no partition.

use crate::error::{Error, Kind};
use crate::schema::Pair;

/// The end of a run by `error`, which the server raised for the rows called `which` (a key such as
/// `id=7`, or a range). The original is as it was.
pub fn misfit(pair: &Pair, which: &str, error: &Error) -> Error {
    let said = error.message.clone();
    let message = format!(
        "a row of `{}` does not fit the new shape ({which}): {said}",
        pair.original.plain()
    );
    let mut misfit = Error::new(Kind::Failed, slug(error.errno()), message);
    misfit.server.clone_from(&error.server);
    misfit.hint(way_out(error.errno()))
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
