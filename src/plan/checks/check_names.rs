//! CHECK constraints are named per schema, so the shadow's cannot have the original's names.

use crate::plan::Finding;
use crate::schema::Table;

pub(super) fn check(original: &Table) -> Option<Finding> {
    // What the server named itself is named after the table, and is named anew by every rename.
    let own = format!("{}_chk_", original.name.table);
    let named: Vec<String> = original
        .checks
        .iter()
        .filter(|check| !check.name.starts_with(&own))
        .map(|check| format!("`{}`", check.name))
        .collect();
    if named.is_empty() {
        return None;
    }
    Some(Finding::warn(
        "check-names",
        format!(
            "CHECK constraints of `{}` will be named `{own}1` and so on: {}",
            original.name.plain(),
            named.join(", ")
        ),
        "if the names matter: first `DROP CHECK`, which takes a moment, and put `ADD CONSTRAINT name CHECK (…)` into this change",
    ))
}
