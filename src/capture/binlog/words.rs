//! The words of a statement, and how they mention the tables.

use super::statement::{Meaning, Names};
use crate::sql::lex::{Kind, lex, name};

/// A piece of a statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a bare name.
    Word(String),
    /// A name in backticks, or anything in double quotes: a name under `ANSI_QUOTES`, else text,
    /// and taken for a name to be on the safe side.
    Quoted(String),
    /// Text, or a character of punctuation other than a dot.
    Other,
    /// The dot of a qualified name.
    Dot,
}

/// Statements on these are of no concern to the rows of a table, whatever they mention.
pub(super) const OTHER_OBJECTS: &[&str] = &[
    "VIEW",
    "PROCEDURE",
    "FUNCTION",
    "EVENT",
    "USER",
    "ROLE",
    "SERVER",
    "INSTANCE",
    "TABLESPACE",
    "LOGFILE",
    "RESOURCE",
    "LIBRARY",
    "REFERENCE",
];

/// What may follow `CREATE`, `ALTER`, `DROP` as the kind of object.
const OBJECTS: &[&str] = &["TABLE", "TABLES", "TRIGGER", "INDEX", "DATABASE", "SCHEMA"];

/// A statement's tokens beside the names to look for.
#[derive(Debug)]
pub(super) struct Words<'a> {
    tokens: Vec<Token>,
    names: &'a Names,
    /// Whether bare names are in the original's schema.
    pub(super) at_home: bool,
}

impl Token {
    /// Whether it is this keyword; `keyword` is in capitals.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// What it names, if it may be a name.
    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            Self::Other | Self::Dot => None,
        }
    }
}

impl<'a> Words<'a> {
    /// `None` when the text cannot be lexed.
    pub(super) fn read(text: &str, names: &'a Names, at_home: bool) -> Option<Self> {
        let tokens = lex(text).ok()?;
        let tokens = tokens.iter().filter_map(|token| {
            let name = name(text, token);
            Some(match (token.kind, name) {
                (Kind::Bound, _) => return None,
                (Kind::Word, Some(word)) => Token::Word(word),
                (_, Some(name)) => Token::Quoted(name),
                (Kind::Punctuation(b'.'), None) => Token::Dot,
                (_, None) => Token::Other,
            })
        });
        let mut words = Self { tokens: tokens.collect(), names, at_home };
        words.drop_settings();
        Some(words)
    }

    /// MariaDB logs a statement with the settings that it ran under: `SET STATEMENT x = y FOR …`.
    fn drop_settings(&mut self) {
        let starts = |words: &[&str]| {
            words
                .iter()
                .enumerate()
                .all(|(nth, word)| self.tokens.get(nth).is_some_and(|token| token.is(word)))
        };
        if starts(&["SET", "STATEMENT"])
            && let Some(last) = self.tokens.iter().position(|token| token.is("FOR"))
        {
            self.tokens.drain(..=last);
        }
    }

    /// The verb, in capitals.
    pub(super) fn first(&self) -> Option<String> {
        self.tokens.iter().find_map(|token| match token {
            Token::Word(word) => Some(word.to_ascii_uppercase()),
            _ => None,
        })
    }

    /// Whether an `ANALYZE` is that of tables.
    pub(super) fn analyzes_tables(&self) -> bool {
        let what = self.tokens.get(1);
        let tables = ["TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG"];
        tables.iter().any(|word| what.is_some_and(|token| token.is(word)))
    }

    pub(super) fn has(&self, keyword: &str) -> bool {
        self.tokens.iter().any(|token| token.is(keyword))
    }

    /// Where the kind of object stands behind `CREATE`, `ALTER` or `DROP`.
    fn object_index(&self) -> Option<usize> {
        let known = OBJECTS.iter().chain(OTHER_OBJECTS);
        self.tokens.iter().position(|token| known.clone().any(|object| token.is(object)))
    }

    pub(super) fn object(&self) -> Option<String> {
        self.tokens.get(self.object_index()?)?.name().map(str::to_ascii_uppercase)
    }

    pub(super) fn has_before_object(&self, keyword: &str) -> bool {
        let end = self.object_index().unwrap_or(0);
        self.tokens[..end].iter().any(|token| token.is(keyword))
    }

    /// Whether the first name behind `TABLE` is the original or the shadow.
    pub(super) fn target_is_ours(&self) -> bool {
        let behind = self.object_index().map_or(0, |index| index + 1);
        let skipped = ["IF", "NOT", "EXISTS"];
        let is_skipped = |token: &&Token| skipped.iter().any(|word| token.is(word));
        let start = behind + self.tokens[behind..].iter().take_while(is_skipped).count();
        let qualified = matches!(self.tokens.get(start + 1), Some(Token::Dot));
        let index = if qualified { start + 2 } else { start };
        [&self.names.original, &self.names.shadow].iter().any(|name| self.mentions_at(index, name))
    }

    /// [`Meaning::Touches`] if the original or the shadow is mentioned behind such a token.
    pub(super) fn touching(&self, behind: impl Fn(&Token) -> bool) -> Meaning {
        let ours = [&self.names.original, &self.names.shadow];
        if ours.iter().any(|name| self.mention(name, &behind)) {
            Meaning::Touches
        } else {
            Meaning::Harmless
        }
    }

    /// Whether the table is mentioned, and the token before it (and its schema) is such a one.
    pub(super) fn mention(&self, table: &str, behind: impl Fn(&Token) -> bool) -> bool {
        (1..self.tokens.len()).any(|index| {
            let before =
                if self.is_qualified(index) { index.checked_sub(3) } else { Some(index - 1) };
            self.mentions_at(index, table)
                && before.and_then(|before| self.tokens.get(before)).is_none_or(&behind)
        })
    }

    fn mentions_at(&self, index: usize, table: &str) -> bool {
        let name = self.tokens.get(index).and_then(Token::name);
        name.is_some_and(|name| self.names.same(name, table)) && self.is_in_schema(index)
    }

    /// Whether a name, qualified or bare, is one in the original's schema.
    fn is_in_schema(&self, index: usize) -> bool {
        if !self.is_qualified(index) {
            return self.at_home;
        }
        let schema = index.checked_sub(2).and_then(|index| self.tokens[index].name());
        schema.is_some_and(|schema| self.names.same(schema, &self.names.schema))
    }

    fn is_qualified(&self, index: usize) -> bool {
        index > 0 && self.tokens[index - 1] == Token::Dot
    }

    pub(super) fn names_schema(&self) -> bool {
        let mut names = self.tokens.iter().filter_map(Token::name);
        names.any(|name| self.names.same(name, &self.names.schema))
    }

    /// Whether a trigger of the original is mentioned. Their names are compared without case.
    pub(super) fn names_trigger(&self) -> bool {
        let is_trigger = |name: &str| {
            let name = name.to_lowercase();
            self.names.triggers.iter().any(|known| known.to_lowercase() == name)
        };
        let mut tokens = self.tokens.iter().enumerate();
        tokens.any(|(at, token)| token.name().is_some_and(is_trigger) && self.is_in_schema(at))
    }
}
