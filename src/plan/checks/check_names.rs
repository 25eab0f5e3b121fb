//! On MySQL CHECK constraints are named per schema, so the shadow's cannot have the original's names.
//! On MariaDB each table has its own, and a clone keeps them.

use crate::mysql::Flavour;
use crate::plan::{Finding, Rule};
use crate::schema::Table;

pub(super) fn check(flavour: Flavour, original: &Table) -> Option<Finding> {
    if flavour == Flavour::Mariadb {
        return None;
    }
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
        Rule::CheckNames,
        format!(
            "CHECK constraints of `{}` will be named `{own}1` and so on: {}",
            original.name.plain(),
            named.join(", ")
        ),
        "if the names matter: first `DROP CHECK`, which takes a moment, and put `ADD CONSTRAINT name CHECK (…)` into this change",
    ))
}
