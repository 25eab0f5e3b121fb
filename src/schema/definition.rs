//! `SHOW CREATE TABLE`, read with care: a table's comment may look like anything.

use crate::error::{Error, Result};
use crate::sql::lex::{Kind, Token, is_word, lex};

/// The definition with a table option given another literal, or without that option.
pub(crate) fn with_option(definition: &str, option: &str, literal: Option<&str>) -> Result<String> {
    let tokens = read(definition)?;
    let mut options = options(definition, &tokens);
    let found = options.find(|(_, token)| is_word(definition, token, option));
    let Some((index, name)) = found else { return Ok(definition.to_owned()) };
    let is_equals = |token: &Token| token.kind == Kind::Punctuation(b'=');
    let value = tokens[index + 1..].iter().find(|token| !is_equals(token));
    let end = value.map_or(name.span.end, |token| token.span.end);
    let (before, after) = (&definition[..name.span.start], &definition[end..]);
    Ok(match literal {
        Some(literal) => format!("{before}{option}={literal}{after}"),
        None => format!("{}{after}", before.trim_end_matches(' ')),
    })
}

/// What stands behind the list of columns: the table's options and its partitions.
pub(crate) fn behind_columns(definition: &str) -> Result<&str> {
    let tokens = read(definition)?;
    let start = options(definition, &tokens).next().map_or(0, |(_, token)| token.span.end);
    Ok(&definition[start..])
}

/// Whether the table has a period of validity, `PERIOD FOR …`: no column is called so, because the
/// server quotes every name.
pub(crate) fn has_period(definition: &str) -> Result<bool> {
    let tokens = read(definition)?;
    Ok(tokens.windows(2).any(|pair| {
        pair[0].depth == 1
            && is_word(definition, &pair[0], "PERIOD")
            && is_word(definition, &pair[1], "FOR")
    }))
}

fn read(definition: &str) -> Result<Vec<Token>> {
    lex(definition).map_err(|error| {
        Error::failed("definition_not_read", error.message)
            .during("the server's `SHOW CREATE TABLE`")
    })
}

/// The tokens of the table's options with their indexes, from the parenthesis that closes the
/// columns to the partitions.
fn options<'t>(
    definition: &'t str,
    tokens: &'t [Token],
) -> impl Iterator<Item = (usize, &'t Token)> {
    tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.depth == 0)
        .skip_while(|(_, token)| token.kind != Kind::Punctuation(b')'))
        .take_while(|(_, token)| !is_word(definition, token, "PARTITION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = "CREATE TABLE `t` (\n  `AUTO_INCREMENT` int NOT NULL AUTO_INCREMENT COMMENT ') AUTO_INCREMENT=3',\n  PRIMARY KEY (`AUTO_INCREMENT`)\n) /*!50100 TABLESPACE `x` */ ENGINE=InnoDB AUTO_INCREMENT=7 COMMENT=') it''s AUTO_INCREMENT=9'\n/*!50100 PARTITION BY RANGE (`AUTO_INCREMENT`)\n(PARTITION p0 VALUES LESS THAN (3) COMMENT = 'x' ENGINE = InnoDB) */";

    #[test]
    fn only_the_option_goes() {
        assert_eq!(
            with_option(DEFINITION, "AUTO_INCREMENT", None).unwrap(),
            DEFINITION.replace(" AUTO_INCREMENT=7", "")
        );
        assert_eq!(
            with_option(DEFINITION, "COMMENT", None).unwrap(),
            DEFINITION.replace(" COMMENT=') it''s AUTO_INCREMENT=9'", "")
        );
        assert_eq!(
            with_option(DEFINITION, "COMMENT", Some("'y'")).unwrap(),
            DEFINITION.replace("') it''s AUTO_INCREMENT=9'", "'y'")
        );
        assert_eq!(with_option(DEFINITION, "ROW_FORMAT", None).unwrap(), DEFINITION);
    }

    #[test]
    fn a_period_is_seen_and_a_column_of_that_name_is_not() {
        let with = |line: &str| {
            format!("CREATE TABLE `t` (\n  `s` date COMMENT 'PERIOD FOR',\n  {line}\n)")
        };
        assert!(has_period(&with("PERIOD FOR `p` (`s`, `e`)")).unwrap());
        assert!(!has_period(&with("`PERIOD` int, `FOR` int")).unwrap());
    }

    #[test]
    fn what_is_behind_the_columns() {
        let behind = behind_columns(DEFINITION).unwrap();
        assert!(behind.starts_with(" /*!50100 TABLESPACE"), "{behind}");
        assert!(behind.ends_with("ENGINE = InnoDB) */"), "{behind}");
    }
}
