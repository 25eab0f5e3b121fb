//! A column that becomes a generated one loses the values that it has.

use crate::plan::mapping::Ways;
use crate::plan::{Finding, Rule};
use crate::schema::Generated;

pub(super) fn check(ways: &Ways<'_>) -> Vec<Finding> {
    ways.all()
        .filter(|(old, new)| old.generated == Generated::No && new.generated != Generated::No)
        .map(|(old, new)| {
            Finding::warn(
                Rule::GeneratedColumn,
                format!(
                    "the values of column `{}` are replaced by those of `{}`",
                    old.name, new.expression
                ),
                "a plain `ALTER TABLE` does the same; copy the column first if its values matter",
            )
        })
        .collect()
}
