//! Columns that only the new shape has: what existing rows get in them.

use crate::error::Result;
use crate::mysql::Session;
use crate::plan::mapping::Ways;
use crate::plan::{Finding, Rule};
use crate::schema::{Column, Fill, Generated, Table, TypeName, quote};

/// The constants that a plain ALTER gives to columns which have no default and allow no NULL.
pub(crate) fn fills(ways: &Ways<'_>) -> Vec<Fill> {
    let fill = |column: &Column| {
        let expression = zero(ways.target(), column)?.to_owned();
        Some(Fill { column: column.name.clone(), expression })
    };
    ways.added().filter(|column| lacks_value(column)).filter_map(fill).collect()
}

fn lacks_value(column: &Column) -> bool {
    !column.nullable
        && column.default.is_none()
        && column.generated == Generated::No
        && !column.auto_increment
}

/// The server's own implicit default for a type; `None` where there is none that could be inserted.
#[allow(clippy::match_same_arms)] // a table, a line for each family of types
fn zero(target: &Table, column: &Column) -> Option<&'static str> {
    use TypeName as T;
    Some(match column.type_name {
        // The empty text is no JSON.
        T::Text if is_json(target, column) => return None,
        number if number.is_integer() => "0",
        T::Decimal | T::Float | T::Double | T::Bit | T::Year => "0",
        T::Date => "'0000-00-00'",
        T::Time => "'00:00:00'",
        T::DateTime | T::Timestamp => "'0000-00-00 00:00:00'",
        T::Char | T::VarChar | T::Text | T::Binary | T::VarBinary | T::Blob | T::Set => "''",
        // The first member, by its index.
        T::Enum => "1",
        T::Json => "CAST('null' AS JSON)",
        T::Other => match column.column_type.as_str() {
            "uuid" => "'00000000-0000-0000-0000-000000000000'",
            "inet4" => "'0.0.0.0'",
            "inet6" => "'::'",
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether it is what MariaDB calls JSON: a text with a CHECK.
fn is_json(table: &Table, column: &Column) -> bool {
    table.definition.contains(&format!("json_valid({})", quote(&column.name)))
}

pub(super) async fn check(session: &mut Session, ways: &Ways<'_>) -> Result<Vec<Finding>> {
    let mode: String = session.one("SELECT @@GLOBAL.sql_mode").await?;
    let no_zero_date = mode.contains("NO_ZERO_DATE") && mode.contains("STRICT_");
    let mut findings = Vec::new();
    for column in ways.added().filter(|column| column.generated == Generated::No) {
        let is_date = matches!(column.type_name, TypeName::Date | TypeName::DateTime);
        let name = &column.name;
        findings.extend(if column.auto_increment {
            Some(Finding::note(
                Rule::NewAutoIncrement,
                format!("existing rows get the numbers of column `{name}` in no particular order"),
                "if the order matters, add the column without AUTO_INCREMENT and number the rows yourself",
            ))
        } else if !lacks_value(column) {
            None
        } else if zero(ways.target(), column).is_none() || is_date && no_zero_date {
            Some(Finding::refuse(
                Rule::NoDefault,
                format!("new column `{name}` is NOT NULL, and `{}` has no value for existing rows", column.column_type),
                "give the column a DEFAULT, or let it be NULL",
            ))
        } else {
            Some(Finding::note(
                Rule::NoDefault,
                format!("existing rows get the zero of `{}` in new column `{name}`, as a plain `ALTER TABLE` would do", column.column_type),
                "give the column a DEFAULT if another value is meant",
            ))
        });
    }
    Ok(findings)
}
