//! The user's SQL: classified, never re-assembled.

mod clause;
pub(crate) mod lex;
#[cfg(feature = "diesel")]
mod program;
#[cfg(feature = "diesel")]
pub(crate) mod script;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::error::{Error, Result};
use crate::schema::{TableName, quote};

pub use clause::Clause;
use clause::{Words, classify, index_options, split};
use lex::{Kind, Token, is_word, lex, name};

/// How the server is told to change a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `ALGORITHM=INSTANT`.
    Instant,
    /// `ALGORITHM=INPLACE`, while others read and write.
    InPlace,
}

/// One schema change in the user's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Without what surrounds it: spaces, comments, semicolons.
    text: String,
    form: Form,
    clauses: Vec<Clause>,
    backslashes: bool,
}

/// What was given.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// The clauses alone.
    Clauses,
    /// `ALTER TABLE name …`.
    Alter(Named),
    /// `CREATE INDEX … ON name …` or `DROP INDEX … ON name …`.
    Index(Named),
}

/// The table's name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    span: Range<usize>,
    schema: Option<String>,
    table: String,
}

impl Statement {
    /// Understands a clause list (`ADD COLUMN a int, DROP b`), an `ALTER TABLE`, a `CREATE INDEX`
    /// or a `DROP INDEX`. Errors are of kind usage, code `bad_statement`.
    pub fn parse(sql: &str) -> Result<Self> {
        let text = body(sql)?;
        let tokens = lex(text)?;
        let backslashes = tokens.iter().any(|token| {
            matches!(token.kind, Kind::Text | Kind::DoubleQuoted)
                && text[token.span.clone()].contains('\\')
        });
        let spoken: Vec<Token> =
            tokens.into_iter().filter(|token| token.kind != Kind::Bound).collect();
        let (form, clauses) = understand(text, &spoken)?;
        if clauses.is_empty() {
            return Err(bad("the statement changes nothing: it has no clause"));
        }
        Ok(Self { text: text.to_owned(), form, clauses, backslashes })
    }

    /// The user's words, without what surrounds them.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The table that the statement itself names: its schema, if given, and its name.
    pub fn table(&self) -> Option<(Option<String>, String)> {
        self.named().map(|named| (named.schema.clone(), named.table.clone()))
    }

    /// What it changes.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Whether a quoted text holds a backslash: under `NO_BACKSLASH_ESCAPES` the server reads it
    /// otherwise than we did.
    pub fn has_backslashes(&self) -> bool {
        self.backslashes
    }

    /// The statement for this table: the user's words, only the table's name is another.
    pub fn on(&self, table: &TableName) -> String {
        match self.named() {
            None => format!("ALTER TABLE {table} {}", self.text),
            Some(Named { span, .. }) => {
                format!("{}{table}{}", &self.text[..span.start], &self.text[span.end..])
            }
        }
    }

    /// As [`Self::on`], for this algorithm only. Of no use with [`Clause::Partitioning`], which
    /// must come last.
    ///
    /// A `DROP INDEX` becomes the `ALTER TABLE` that it is: as a statement of its own it takes no
    /// algorithm on MariaDB.
    pub fn with_algorithm(&self, table: &TableName, algorithm: Algorithm) -> String {
        if let (Form::Index(_), [Clause::DropIndex { name }]) = (&self.form, &self.clauses[..]) {
            let alter = Self {
                text: format!("DROP INDEX {}", quote(name)),
                form: Form::Clauses,
                ..self.clone()
            };
            return alter.with_algorithm(table, algorithm);
        }
        let comma = if matches!(self.form, Form::Index(_)) { "" } else { "," };
        let algorithm = match algorithm {
            Algorithm::Instant => "ALGORITHM=INSTANT".to_owned(),
            Algorithm::InPlace => format!("ALGORITHM=INPLACE{comma} LOCK=NONE"),
        };
        format!("{}{comma} {algorithm}", self.on(table))
    }

    fn named(&self) -> Option<&Named> {
        match &self.form {
            Form::Clauses => None,
            Form::Alter(named) | Form::Index(named) => Some(named),
        }
    }
}

/// The one statement in `sql`, from its first token to its last.
fn body(sql: &str) -> Result<&str> {
    let tokens = lex(sql)?;
    let is_end = |token: &Token| token.kind == Kind::Punctuation(b';');
    let mut statements = tokens.split(is_end).filter(|statement| !statement.is_empty());
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return Err(bad("give exactly one statement"));
    };
    let start = statement.first().map_or(0, |token| token.span.start);
    let end = statement.last().map_or(0, |token| token.span.end);
    Ok(&sql[start..end])
}

fn understand(text: &str, tokens: &[Token]) -> Result<(Form, Vec<Clause>)> {
    let is = |index: usize, word: &str| {
        tokens.get(index).is_some_and(|token| is_word(text, token, word))
    };
    let index_word = 1 + usize::from(is(1, "UNIQUE") || is(1, "FULLTEXT") || is(1, "SPATIAL"));
    if is(0, "ALTER") && (is(1, "TABLE") || is(2, "TABLE")) {
        let at = if is(1, "TABLE") { 2 } else { 3 };
        let (named, used) = table_name(text, tokens, at)?;
        Ok((Form::Alter(named), clause_list(text, &tokens[at + used..])))
    } else if is(0, "CREATE") && is(index_word, "INDEX") {
        let on = tokens
            .iter()
            .position(|token| token.depth == 0 && is_word(text, token, "ON"))
            .ok_or_else(|| bad("`CREATE INDEX` needs `ON table`"))?;
        let (named, used) = table_name(text, tokens, on + 1)?;
        let clause = Clause::AddIndex {
            unique: is(1, "UNIQUE"),
            name: tokens.get(index_word + 1).and_then(|token| name(text, token)),
        };
        Ok((Form::Index(named), with_options(text, clause, &tokens[on + 1 + used..])))
    } else if is(0, "DROP") && is(1, "INDEX") && is(3, "ON") {
        let (named, used) = table_name(text, tokens, 4)?;
        let index = tokens.get(2).and_then(|token| name(text, token));
        let clause = Clause::DropIndex { name: index.ok_or_else(|| bad("which index?"))? };
        Ok((Form::Index(named), with_options(text, clause, &tokens[4 + used..])))
    } else if is(0, "CREATE") {
        Err(bad("of the `CREATE` statements only `CREATE INDEX` is understood"))
    } else {
        Ok((Form::Clauses, clause_list(text, tokens)))
    }
}

fn with_options(text: &str, clause: Clause, options: &[Token]) -> Vec<Clause> {
    let mut clauses = vec![clause];
    clauses.extend(index_options(Words::new(text, options)));
    clauses
}

fn clause_list(text: &str, tokens: &[Token]) -> Vec<Clause> {
    if tokens.is_empty() {
        return Vec::new();
    }
    split(tokens, 0).flat_map(|clause| classify(Words::new(text, clause))).collect()
}

/// The name at token `at`, and how many tokens it takes.
fn table_name(text: &str, tokens: &[Token], at: usize) -> Result<(Named, usize)> {
    let part = |index: usize| {
        tokens
            .get(index)
            .and_then(|token| Some((name(text, token)?, token.span.clone())))
            .ok_or_else(|| bad("a table's name is missing"))
    };
    let (first, first_span) = part(at)?;
    let dotted = tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Punctuation(b'.'));
    if !dotted {
        return Ok((Named { span: first_span, schema: None, table: first }, 1));
    }
    let (table, last_span) = part(at + 2)?;
    Ok((Named { span: first_span.start..last_span.end, schema: Some(first), table }, 3))
}

fn bad(what: &str) -> Error {
    Error::usage("bad_statement", format!("the statement is not understood: {what}")).hint(
        "give clauses (`ADD COLUMN a int, DROP b`), or one whole `ALTER TABLE`, `CREATE INDEX` or `DROP INDEX`",
    )
}
