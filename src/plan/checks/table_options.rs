//! Options of the table that an empty clone does not get from it, such as `DATA DIRECTORY`.

use crate::error::Result;
use crate::plan::{Finding, Rule};
use crate::schema::{Table, behind_columns};

/// `clone` is the original's clone before the statement.
pub(super) fn check(original: &Table, clone: &Table) -> Result<Option<Finding>> {
    let had = behind_columns(&original.definition)?.trim();
    let has = behind_columns(&clone.definition)?.trim();
    if had == has {
        return Ok(None);
    }
    let message = format!(
        "the new table would have the options `{has}`, where `{}` has `{had}`",
        original.name.plain()
    );
    let hint = "put the options that matter into the statement and `--allow table-options`";
    Ok(Some(Finding::refuse(Rule::TableOptions, message, hint)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::table;

    #[test]
    fn a_lost_option_is_found() {
        let with = |definition: &str| Table { definition: definition.into(), ..table(&["a"]) };
        let plain = with("CREATE TABLE `t` (`a` int) ENGINE=InnoDB");
        let named = with("CREATE TABLE `t__zosc_plan` (`a` int) ENGINE=InnoDB");
        let placed = with("CREATE TABLE `t` (`a` int) ENGINE=InnoDB DATA DIRECTORY='/fast/'");
        assert_eq!(check(&plain, &named).unwrap(), None);
        assert!(check(&placed, &named).unwrap().unwrap().message.contains("/fast/"));
    }
}
