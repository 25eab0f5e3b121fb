//! How often the server may still change the table at once before it must be rebuilt.

use crate::plan::{Finding, Rule};
use crate::schema::TableName;

/// Warns when a tenth of the changes or less is left. `used` counts this change.
pub(crate) fn check(table: &TableName, used: u64, most: u64) -> Option<Finding> {
    if used.saturating_mul(10) < most.saturating_mul(9) {
        return None;
    }
    Some(Finding::warn(
        Rule::RowVersions,
        format!("`{}` will have used {used} of its {most} instant column changes", table.plain()),
        "`zosc --alter FORCE` rebuilds the table online, which starts the count anew",
    ))
}
