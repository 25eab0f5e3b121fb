//! Triggers stay with the old table when tables are renamed.

use crate::plan::Finding;
use crate::schema::Table;

pub(super) fn check(original: &Table) -> Option<Finding> {
    if original.triggers.is_empty() {
        return None;
    }
    let names: Vec<String> =
        original.triggers.iter().map(|trigger| format!("`{}`", trigger.name)).collect();
    Some(Finding::refuse(
        "triggers",
        format!(
            "`{}` has triggers, which zosc cannot carry over yet: {}",
            original.name.plain(),
            names.join(", ")
        ),
        "drop the triggers, make the change, create them again; or use a plain `ALTER TABLE`",
    ))
}
