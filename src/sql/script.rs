//! A script of several statements: which of them change the shape of a table that is in use, and what
//! its comments say about that.

use std::collections::BTreeSet;
use std::ops::Range;

use super::lex::{Kind, Token, is_word, lex};
use super::program::statements;
use super::table_name;
use crate::error::{Error, Result};
use crate::schema::TableName;

/// How a comment speaks to us.
const NOTE: &str = "-- zosc:";

/// A part of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<'s> {
    /// Statements for the script's own connection.
    Plain(&'s str),
    /// A change of a table that is in use.
    Online {
        /// The statement.
        sql: &'s str,
        /// The findings that the script allows for it.
        allow: BTreeSet<String>,
    },
}

/// The steps of a script, in order; `default_schema` is that of tables that are named without one.
/// Tables that the script itself makes are not in use yet.
pub(crate) fn steps<'s>(sql: &'s str, default_schema: Option<&str>) -> Result<Vec<Step<'s>>> {
    if notes(&sql[..start_of_code(sql)])?.last() == Some(&Note::Off) && !sql.contains("zosc: on") {
        return Ok(vec![Step::Plain(sql)]);
    }
    let tokens = lex(sql)?;
    let mut reader =
        Reader { sql, default_schema, made: Vec::new(), steps: Vec::new(), plain: None };
    let (mut is_on, mut read_to) = (true, 0);
    for statement in statements(sql, &tokens) {
        let span = span(statement);
        let mut allow = BTreeSet::new();
        for note in notes(&sql[read_to..span.start])? {
            match note {
                Note::On => is_on = true,
                Note::Off => is_on = false,
                Note::Allow(rules) => allow.extend(rules),
            }
        }
        reader.take(statement, span.clone(), is_on, allow);
        read_to = span.end;
    }
    reader.end_plain();
    Ok(reader.steps)
}

struct Reader<'s, 'd> {
    sql: &'s str,
    default_schema: Option<&'d str>,
    made: Vec<TableName>,
    steps: Vec<Step<'s>>,
    /// What is to be run plainly next.
    plain: Option<Range<usize>>,
}

impl Reader<'_, '_> {
    fn take(
        &mut self,
        statement: &[Token],
        span: Range<usize>,
        is_on: bool,
        allow: BTreeSet<String>,
    ) {
        let spoken: Vec<Token> =
            statement.iter().filter(|token| token.kind != Kind::Bound).cloned().collect();
        let deed = deed(self.sql, &spoken);
        let table = |at| self.table(&spoken, at);
        match deed {
            Deed::Creates(at) => self.made.extend(table(at)),
            Deed::Drops(at) => {
                let gone = table(at);
                self.made.retain(|made| Some(made) != gone.as_ref());
            }
            Deed::Changes(at) if is_on => {
                let is_new = at.and_then(table).is_some_and(|table| self.made.contains(&table));
                if !is_new {
                    self.end_plain();
                    return self.steps.push(Step::Online { sql: &self.sql[span], allow });
                }
            }
            Deed::Changes(_) | Deed::Other => {}
        }
        let start = self.plain.as_ref().map_or(span.start, |plain| plain.start);
        self.plain = Some(start..span.end);
    }

    fn end_plain(&mut self) {
        self.steps.extend(self.plain.take().map(|plain| Step::Plain(&self.sql[plain])));
    }

    fn table(&self, spoken: &[Token], at: usize) -> Option<TableName> {
        let (named, _) = table_name(self.sql, spoken, at).ok()?;
        TableName::said(named.schema, named.table, self.default_schema).ok()
    }
}

/// What a statement does to a table, with the token at which its name begins, where it has one.
enum Deed {
    Creates(usize),
    Drops(usize),
    Changes(Option<usize>),
    Other,
}

fn deed(sql: &str, tokens: &[Token]) -> Deed {
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| is_word(sql, token, word));
    let any = |at: usize, words: &[&str]| words.iter().any(|word| is(at, word));
    let on = || {
        let is_on = |token: &Token| token.depth == 0 && is_word(sql, token, "ON");
        tokens.iter().position(is_on).map(|on| on + 1)
    };
    if is(0, "ALTER") {
        let table = 1 + usize::from(any(1, &["ONLINE", "IGNORE"]));
        return if is(table, "TABLE") { Deed::Changes(Some(table + 1)) } else { Deed::Other };
    }
    if is(0, "CREATE") {
        let at = if is(1, "OR") { 3 } else { 1 };
        if is(at + usize::from(any(at, &["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"])), "INDEX") {
            return Deed::Changes(on());
        }
        let at = at + usize::from(is(at, "TEMPORARY"));
        // One that may be there already may be in use.
        return if is(at, "TABLE") && !is(at + 1, "IF") {
            Deed::Creates(at + 1)
        } else {
            Deed::Other
        };
    }
    match (is(0, "DROP"), is(1, "INDEX"), is(1, "TABLE")) {
        (true, true, _) => Deed::Changes(on()),
        (true, _, true) => Deed::Drops(if is(2, "IF") { 4 } else { 2 }),
        _ => Deed::Other,
    }
}

/// What a comment says.
#[derive(Debug, PartialEq, Eq)]
enum Note {
    /// From here on, changes go online.
    On,
    /// From here on, everything is run plainly.
    Off,
    /// For the next statement.
    Allow(Vec<String>),
}

/// The notes in a text without code.
fn notes(comments: &str) -> Result<Vec<Note>> {
    let said = comments.lines().filter_map(|line| line.trim().strip_prefix(NOTE));
    said.map(|said| {
        let said = said.trim();
        match said.split_once(char::is_whitespace) {
            None if said == "on" => Ok(Note::On),
            None if said == "off" => Ok(Note::Off),
            Some(("allow", rules)) => {
                let rules = rules.split([',', ' ']).filter(|rule| !rule.is_empty());
                Ok(Note::Allow(rules.map(str::to_owned).collect()))
            }
            _ => Err(Error::usage("bad_note", format!("`{NOTE} {said}` is not understood"))
                .hint(format!("write `{NOTE} off`, `{NOTE} on` or `{NOTE} allow RULE`"))),
        }
    })
    .collect()
}

/// Where the lines of comments at the beginning end.
fn start_of_code(sql: &str) -> usize {
    let is_comment = |line: &&str| {
        let line = line.trim();
        line.is_empty() || line == "--" || line.starts_with("-- ") || line.starts_with('#')
    };
    sql.split_inclusive('\n').take_while(is_comment).map(str::len).sum()
}

fn span(statement: &[Token]) -> Range<usize> {
    let start = statement.first().map_or(0, |token| token.span.start);
    start..statement.last().map_or(start, |token| token.span.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plain steps as they are, online ones behind `>`, with what they allow.
    fn read(sql: &str) -> Vec<String> {
        let word = |step: &Step| match step {
            Step::Plain(sql) => (*sql).to_owned(),
            Step::Online { sql, allow } if allow.is_empty() => format!("> {sql}"),
            Step::Online { sql, allow } => {
                format!("> {sql} | {}", allow.iter().cloned().collect::<Vec<_>>().join(","))
            }
        };
        steps(sql, Some("shop")).unwrap().iter().map(word).collect()
    }

    #[test]
    fn changes_of_tables_go_online() {
        assert_eq!(
            read(
                "UPDATE t SET a = ';'; -- x\nINSERT INTO t VALUES (1);\nalter table t add b int; DROP TABLE u"
            ),
            [
                "UPDATE t SET a = ';'; -- x\nINSERT INTO t VALUES (1)",
                "> alter table t add b int",
                "DROP TABLE u"
            ]
        );
        for sql in [
            "ALTER IGNORE TABLE t ADD b INT",
            "CREATE UNIQUE INDEX i ON t (b)",
            "CREATE OR REPLACE INDEX i ON t (b)",
            "DROP INDEX i ON t",
        ] {
            assert_eq!(read(&format!("{sql};\n-- the end\n")), [format!("> {sql}")]);
        }
        for sql in [
            "ALTER DATABASE shop CHARACTER SET utf8mb4",
            "CREATE VIEW v AS SELECT 1",
            "RENAME TABLE a TO b",
        ] {
            assert_eq!(read(sql), [sql]);
        }
        assert!(read(" -- nothing\n").is_empty());
    }

    #[test]
    fn what_the_script_makes_is_not_in_use() {
        let plain = |sql: &str| assert_eq!(read(sql).len(), 1, "{sql}");
        plain("CREATE TABLE t (a INT); ALTER TABLE t ADD b INT; CREATE INDEX i ON `shop`.`t` (b)");
        plain("CREATE TEMPORARY TABLE t (a INT); ALTER TABLE t ADD b INT");
        let online = |sql: &str| assert!(read(sql).last().unwrap().starts_with('>'), "{sql}");
        online("CREATE TABLE IF NOT EXISTS t (a INT); ALTER TABLE t ADD b INT");
        online("CREATE TABLE t (a INT); ALTER TABLE other.t ADD b INT");
        online("CREATE TEMPORARY TABLE t (a INT); DROP TABLE IF EXISTS t; ALTER TABLE t ADD b INT");
    }

    #[test]
    fn comments_switch() {
        let (a, b) = ("ALTER TABLE t ADD a INT", "ALTER TABLE t ADD b INT");
        assert_eq!(read(&format!("{a};\n-- zosc: off\n{b};")), [format!("> {a}"), b.to_owned()]);
        let both =
            format!("-- why: zosc: off\n# -- zosc: of\n-- zosc: off\n{a};\n  -- zosc: on\n{b}");
        assert_eq!(read(&both), [a.to_owned(), format!("> {b}")]);
        let allowed = format!("-- zosc: allow views, not-null\n{a};\n{b}");
        assert_eq!(read(&allowed), [format!("> {a} | not-null,views"), format!("> {b}")]);
        assert_eq!(steps("-- zosc: of\nSELECT 1", None).unwrap_err().code, "bad_note");
    }

    #[test]
    fn what_is_off_is_not_even_read() {
        let sql = "-- zosc: off\nINSERT INTO t VALUES ('\\');";
        assert_eq!(read(sql), [sql]);
        assert_eq!(steps(&sql[13..], None).unwrap_err().code, "bad_statement");
    }
}
