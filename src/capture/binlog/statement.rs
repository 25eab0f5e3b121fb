//! Which statements in the log matter: the frames of transactions, and what other sessions do to the
//! tables in a way that rows do not show. Errs on the side of stopping.

use super::cursor::Cursor;
use super::words::{OTHER_OBJECTS, Words};
use super::xa::Xid;
use crate::capture::Watched;
use crate::error::Result;

/// A statement as the log holds it.
#[derive(Debug, Clone)]
pub(super) struct Statement<'a> {
    /// Its text, in the client's character set.
    pub(super) text: &'a [u8],
    /// The default schema when it ran.
    pub(super) schema: &'a [u8],
    /// Whether a backslash escapes in its strings.
    pub(super) backslash: bool,
    /// The client's collation number, if the log says so.
    pub(super) client: Option<u16>,
}

/// Characters of a statement that are shown.
const SHOWN: usize = 200;

/// What a statement means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A transaction's events follow.
    Begin,
    /// The transaction is committed.
    Commit,
    /// The transaction is rolled back.
    Rollback,
    /// An XA transaction's events follow.
    XaStart(Xid),
    /// The prepared transaction is committed.
    XaCommit(Xid),
    /// The prepared transaction is rolled back.
    XaRollback(Xid),
    /// Within a transaction; says nothing.
    Inside,
    /// Touches neither table.
    Harmless,
    /// Changes the original or the shadow other than by rows.
    Touches,
    /// `RENAME TABLE` of the original: how the swap ends.
    Renames,
    /// A write in statement format that may touch the original.
    Writes,
}

/// The names that a statement must not touch.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) schema: String,
    pub(super) original: String,
    pub(super) shadow: String,
    pub(super) triggers: Vec<String>,
    /// Whether the server compares names of schemas and tables without case.
    fold: bool,
}

impl Names {
    pub(super) fn new(watched: &Watched, fold: bool) -> Self {
        Self {
            schema: watched.original.name.schema.clone(),
            original: watched.original.name.table.clone(),
            shadow: watched.shadow.table.clone(),
            triggers: watched.original.triggers.iter().map(|known| known.name.clone()).collect(),
            fold,
        }
    }

    /// Whether two names of a schema or a table are the same to the server.
    pub(super) fn same(&self, one: &str, other: &str) -> bool {
        one == other || self.fold && one.to_lowercase() == other.to_lowercase()
    }

    /// What the statement means.
    pub(super) fn meaning(&self, statement: &Statement<'_>) -> Meaning {
        match statement.text {
            b"BEGIN" => return Meaning::Begin,
            b"COMMIT" => return Meaning::Commit,
            _ => {}
        }
        let text = String::from_utf8_lossy(statement.text);
        let at_home = self.same(&String::from_utf8_lossy(statement.schema), &self.schema);
        match self.is_readable(&text, statement).then(|| Words::read(&text, self, at_home)) {
            Some(Some(words)) => self.decide(&text, &words),
            _ => self.suspect(&text, at_home),
        }
    }

    /// Whether the text's words can be told without knowing the client's character set.
    fn is_readable(&self, text: &str, statement: &Statement<'_>) -> bool {
        let client = statement.client.unwrap_or(0);
        let plain = text.is_ascii() || is_utf8(client);
        (plain || self.are_ascii() && !hides_quotes(client))
            && (statement.backslash || !text.contains('\\'))
    }

    /// What a statement may mean whose words cannot be told.
    fn suspect(&self, text: &str, at_home: bool) -> Meaning {
        let lower = text.to_lowercase();
        let mention = |name: &String| lower.contains(&name.to_lowercase());
        let names = [&self.schema, &self.original, &self.shadow];
        let verb = lower.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty());
        // These reach only what they name.
        let is_frank = matches!(
            verb,
            Some(
                "create"
                    | "alter"
                    | "drop"
                    | "rename"
                    | "truncate"
                    | "savepoint"
                    | "release"
                    | "rollback"
            )
        );
        if names.into_iter().chain(&self.triggers).any(mention)
            || at_home && !(is_frank && self.are_ascii())
        {
            Meaning::Touches
        } else {
            Meaning::Harmless
        }
    }

    fn are_ascii(&self) -> bool {
        [&self.schema, &self.original, &self.shadow].iter().all(|name| name.is_ascii())
    }

    fn decide(&self, text: &str, words: &Words<'_>) -> Meaning {
        let Some(verb) = words.first() else { return Meaning::Harmless };
        match verb.as_str() {
            "BEGIN" => Meaning::Begin,
            "COMMIT" => Meaning::Commit,
            "ROLLBACK" if words.has("TO") => Meaning::Inside,
            "ROLLBACK" => Meaning::Rollback,
            "SAVEPOINT" | "RELEASE" => Meaning::Inside,
            "XA" => xa(text),
            // MariaDB's `ANALYZE UPDATE …` runs what it analyzes.
            "ANALYZE" if !words.analyzes_tables() => Self::writes(words),
            "GRANT" | "REVOKE" | "SET" | "FLUSH" | "ANALYZE" => Meaning::Harmless,
            "CREATE" => on_create(words),
            "ALTER" => on_alter(words),
            "DROP" => on_drop(words),
            "RENAME" if words.mention(&self.original, |_| true) => Meaning::Renames,
            "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "LOAD" | "CALL" | "WITH" | "SELECT"
            | "DO" | "VALUES" | "TABLE" => Self::writes(words),
            _ => words.touching(|_| true),
        }
    }

    /// Views, triggers and routines may reach the original without its name.
    fn writes(words: &Words<'_>) -> Meaning {
        let near = words.at_home || words.names_schema();
        if near { Meaning::Writes } else { Meaning::Harmless }
    }
}

fn on_create(words: &Words<'_>) -> Meaning {
    match words.object().as_deref() {
        Some("TABLE") if words.has_before_object("TEMPORARY") => Meaning::Harmless,
        Some("TABLE") => {
            let replaces = words.has_before_object("REPLACE");
            let there_already = words.has("IF") && words.has("EXISTS") && !replaces;
            if !there_already && words.target_is_ours() {
                return Meaning::Touches;
            }
            words.touching(|before| before.is("REFERENCES"))
        }
        Some("DATABASE" | "SCHEMA") => Meaning::Harmless,
        Some(object) if OTHER_OBJECTS.contains(&object) => Meaning::Harmless,
        _ => words.touching(|_| true),
    }
}

fn on_alter(words: &Words<'_>) -> Meaning {
    match words.object().as_deref() {
        Some("TABLE") if words.target_is_ours() => Meaning::Touches,
        Some("TABLE") => words.touching(|before| {
            ["TABLE", "REFERENCES", "TO", "AS", "RENAME"].iter().any(|word| before.is(word))
        }),
        Some("DATABASE" | "SCHEMA") => Meaning::Harmless,
        Some(object) if OTHER_OBJECTS.contains(&object) => Meaning::Harmless,
        _ => words.touching(|_| true),
    }
}

fn on_drop(words: &Words<'_>) -> Meaning {
    match words.object().as_deref() {
        Some("DATABASE" | "SCHEMA") if words.names_schema() => Meaning::Touches,
        Some("TABLE" | "TABLES") if words.has_before_object("TEMPORARY") => Meaning::Harmless,
        Some("TRIGGER") if words.names_trigger() => Meaning::Touches,
        Some(object) if OTHER_OBJECTS.contains(&object) => Meaning::Harmless,
        _ => words.touching(|_| true),
    }
}

impl<'a> Statement<'a> {
    /// `status` holds the variables that the statement ran under, in the order of their codes, but
    /// for the catalogue's.
    pub(super) fn read(text: &'a [u8], schema: &'a [u8], status: &[u8]) -> Result<Self> {
        const NO_BACKSLASH_ESCAPES: u64 = 1 << 20;
        let mut read = Self { text, schema, backslash: true, client: None };
        let mut cursor = Cursor::new(status);
        while !cursor.is_empty() {
            match cursor.u8()? {
                0 | 3 => drop(cursor.take(4)?),
                1 => read.backslash = cursor.uint(8)? & NO_BACKSLASH_ESCAPES == 0,
                6 => {
                    let length = cursor.length(1)?;
                    cursor.take(length)?;
                }
                4 => {
                    read.client = u16::try_from(cursor.uint(2)?).ok();
                    break;
                }
                _ => break,
            }
        }
        Ok(read)
    }

    /// The statement for a message: on one line, cut.
    pub(super) fn shown(&self) -> String {
        let text = String::from_utf8_lossy(self.text);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// The server writes XA statements anew, always as `XA WORD X'…',X'…',N`.
fn xa(text: &str) -> Meaning {
    let Some(xid) = Xid::from_statement(text) else { return Meaning::Inside };
    match text.split_ascii_whitespace().nth(1) {
        Some("START" | "BEGIN") => Meaning::XaStart(xid),
        Some("COMMIT") => Meaning::XaCommit(xid),
        Some("ROLLBACK") => Meaning::XaRollback(xid),
        _ => Meaning::Inside,
    }
}

/// The numbers of the collations of `utf8mb3`, `utf8mb4`, `ascii` and `binary`; MariaDB has some of
/// its own.
fn is_utf8(collation: u16) -> bool {
    matches!(padded(collation), 11 | 33 | 45 | 46 | 63 | 65 | 76 | 83 | 192..=247 | 255..=323)
        || matches!(collation, 576..=639 | 2048..=2559)
}

/// The numbers of the collations of `big5`, `sjis`, `gbk`, `cp932` and `gb18030`, in which the second
/// byte of a character may look like a quote or a backslash.
fn hides_quotes(collation: u16) -> bool {
    matches!(padded(collation), 1 | 13 | 28 | 84 | 87 | 88 | 95 | 96 | 248..=250)
}

/// MariaDB numbers the collations that do not pad by those that do.
fn padded(collation: u16) -> u16 {
    if (1024..2048).contains(&collation) { collation - 1024 } else { collation }
}

#[cfg(test)]
mod tests;
