//! Names of tables as people type them.

use zosc::error::{Error, Result};
use zosc::schema::TableName;

/// A table named `table`, `schema.table`, or with any part in backticks as in SQL. A name without
/// a schema gets `default_schema`.
pub(crate) fn table(text: &str, default_schema: Option<&str>) -> Result<TableName> {
    let text = text.trim();
    let (first, rest) = identifier(text).ok_or_else(|| unclear(text))?;
    let Some(rest) = rest.strip_prefix('.') else {
        return if rest.is_empty() {
            TableName::said(None, first, default_schema)
        } else {
            Err(unclear(text))
        };
    };
    match identifier(rest) {
        Some((second, "")) => TableName::said(Some(first), second, default_schema),
        _ => Err(unclear(text)),
    }
}

/// A schema's name, for clap: something that needs no quotes.
pub(crate) fn schema(text: &str) -> Result<String, String> {
    match identifier(text) {
        Some((name, "")) => Ok(name),
        _ => Err("it is not the name of a schema".to_owned()),
    }
}

/// The identifier at the start, unquoted, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('`') else {
        let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii();
        let end = text.find(|c| !bare(c)).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('`')?;
        name.push_str(part);
        let Some(after_doubled) = after.strip_prefix('`') else {
            return (!name.is_empty()).then_some((name, after));
        };
        name.push('`');
        rest = after_doubled;
    }
}

fn unclear(text: &str) -> Error {
    Error::usage("bad_table_name", format!("{text} is not the name of a table")).hint(
        "write `shop.orders`; names with other characters than letters, digits, _ and $ in backticks",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, schema, name) in [
            ("shop.orders", "shop", "orders"),
            (" shop.orders ", "shop", "orders"),
            ("orders", "default", "orders"),
            ("`d.b`.`ta``ble`", "d.b", "ta`ble"),
            ("`shop`.orders", "shop", "orders"),
            ("shop.`my table`", "shop", "my table"),
            ("`my table`", "default", "my table"),
            ("größe.1a$", "größe", "1a$"),
            ("````.t", "`", "t"),
        ] {
            assert_eq!(
                table(text, Some("default")).unwrap(),
                TableName::new(schema, name),
                "{text}"
            );
        }
    }

    #[test]
    fn no_names() {
        for text in ["", "a.", ".b", "a.b.c", "my-db.t", "`a", "`a`b", "``.t", "a b", "a. b", "a;b"]
        {
            assert_eq!(table(text, Some("default")).unwrap_err().code, "bad_table_name", "{text}");
        }
        assert_eq!(table("orders", None).unwrap_err().code, "no_schema");
    }
}
