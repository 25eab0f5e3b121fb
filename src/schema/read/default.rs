//! A column's default, which the families of servers spell otherwise.

use crate::mysql::Flavour;

/// A default in one spelling: the value of a literal without quotes, an expression as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Default {
    /// `None` is no default or NULL.
    pub(super) value: Option<String>,
    /// Whether it is computed anew for each row.
    pub(super) computed: bool,
}

/// From `COLUMN_DEFAULT` and `EXTRA`.
pub(super) fn read(flavour: Flavour, value: Option<String>, extra: &str) -> Default {
    match flavour {
        Flavour::Mysql => {
            Default { value, computed: extra.to_ascii_uppercase().contains("DEFAULT_GENERATED") }
        }
        Flavour::Mariadb => of_sql(value),
    }
}

/// MariaDB gives the default as SQL text.
fn of_sql(sql: Option<String>) -> Default {
    let Some(sql) = sql.filter(|sql| sql != "NULL") else {
        return Default { value: None, computed: false };
    };
    let quoted = sql.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(quoted) = quoted {
        let value = quoted.replace("''", "'").replace("\\\\", "\\");
        return Default { value: Some(value), computed: false };
    }
    let is_number = sql.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let is_bits = sql.starts_with("b'") || sql.starts_with("x'") || sql.starts_with("X'");
    Default { computed: !is_number && !is_bits, value: Some(sql) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_expressions_are_told_apart() {
        let sql = |text: &str| {
            let default = read(Flavour::Mariadb, Some(text.to_owned()), "");
            (default.value, default.computed)
        };
        assert_eq!(sql("NULL"), (None, false));
        assert_eq!(sql("'NULL'"), (Some("NULL".into()), false));
        assert_eq!(sql("'it''s'"), (Some("it's".into()), false));
        assert_eq!(sql("-1.50"), (Some("-1.50".into()), false));
        assert_eq!(sql("b'101'"), (Some("b'101'".into()), false));
        assert_eq!(sql("(1 + 1)"), (Some("(1 + 1)".into()), true));
        assert_eq!(sql("current_timestamp(3)"), (Some("current_timestamp(3)".into()), true));
        let mysql = read(Flavour::Mysql, Some("uuid()".into()), "DEFAULT_GENERATED");
        assert_eq!(mysql, Default { value: Some("uuid()".into()), computed: true });
    }
}
