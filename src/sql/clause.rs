//! The clauses of an ALTER: what planning must tell apart, and nothing more.

use super::lex::{Kind, Token, is_word, name};

/// One clause, or one part of a clause that names several things.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum Clause {
    /// `ADD [COLUMN] name …`.
    AddColumn {
        /// The new column.
        name: String,
    },
    /// `DROP [COLUMN] name`.
    DropColumn {
        /// The column that goes.
        name: String,
    },
    /// `CHANGE [COLUMN] from to …`.
    ChangeColumn {
        /// Its name in the original.
        from: String,
        /// Its name afterwards.
        to: String,
    },
    /// `MODIFY [COLUMN] name …`.
    ModifyColumn {
        /// The column.
        name: String,
    },
    /// `RENAME COLUMN from TO to`.
    RenameColumn {
        /// Its name in the original.
        from: String,
        /// Its name afterwards.
        to: String,
    },
    /// `ALTER [COLUMN] name SET …` or `DROP DEFAULT`.
    AlterColumn {
        /// The column.
        name: String,
    },
    /// `ADD [UNIQUE|FULLTEXT|SPATIAL] INDEX` and `CREATE INDEX`.
    AddIndex {
        /// Whether it is unique.
        unique: bool,
        /// Its name, if given.
        name: Option<String>,
    },
    /// `ADD PRIMARY KEY`.
    AddPrimaryKey,
    /// `DROP INDEX`.
    DropIndex {
        /// The index.
        name: String,
    },
    /// `DROP PRIMARY KEY`.
    DropPrimaryKey,
    /// `RENAME INDEX from TO to`.
    RenameIndex {
        /// Its name in the original.
        from: String,
        /// Its name afterwards.
        to: String,
    },
    /// `ALTER INDEX name VISIBLE|INVISIBLE`.
    AlterIndexVisibility {
        /// The index.
        name: String,
    },
    /// `ADD FOREIGN KEY`, or `REFERENCES` in a column's definition.
    AddForeignKey,
    /// `DROP FOREIGN KEY name`.
    DropForeignKey {
        /// The constraint.
        name: String,
    },
    /// `ADD CHECK`.
    AddCheck,
    /// `DROP CHECK name`.
    DropCheck {
        /// The constraint.
        name: String,
    },
    /// `DROP CONSTRAINT name`: of any kind.
    DropConstraint {
        /// The constraint.
        name: String,
    },
    /// `ALTER CHECK name [NOT] ENFORCED`.
    AlterCheck {
        /// The constraint.
        name: String,
        /// Whether it is to be enforced.
        enforced: bool,
    },
    /// `RENAME TO`.
    RenameTable,
    /// `PARTITION BY …` or `REMOVE PARTITIONING`: a new shape.
    Partitioning,
    /// `DROP PARTITION`, `EXCHANGE PARTITION` and the like: work on rows, not on the shape.
    PartitionManagement,
    /// `DISCARD TABLESPACE`, `IMPORT TABLESPACE`.
    Tablespace,
    /// `DISABLE KEYS`, `ENABLE KEYS`.
    Keys,
    /// `ORDER BY`.
    OrderBy,
    /// `ALGORITHM=`.
    Algorithm,
    /// `LOCK=`.
    Lock,
    /// `FORCE` or `ENGINE=`: rebuilds the table even when nothing else changes.
    Rebuild,
    /// `AUTO_INCREMENT=`.
    AutoIncrement,
    /// `CONVERT TO CHARACTER SET`.
    ConvertCharset,
    /// Anything else, in the user's words.
    Other(String),
}

impl Clause {
    /// Whether equal definitions before and after still do not mean that nothing is to be done.
    pub fn acts_on_rows(&self) -> bool {
        matches!(
            self,
            Self::AddColumn { .. }
                | Self::DropColumn { .. }
                | Self::RenameColumn { .. }
                | Self::ChangeColumn { .. }
                | Self::Rebuild
                | Self::AutoIncrement
        )
    }
}

/// The tokens of a clause, read as words.
#[derive(Clone, Copy)]
pub(super) struct Words<'s> {
    sql: &'s str,
    tokens: &'s [Token],
}

impl<'s> Words<'s> {
    /// `tokens` of `sql`, which hold no [`Kind::Bound`].
    pub(super) fn new(sql: &'s str, tokens: &'s [Token]) -> Self {
        Self { sql, tokens }
    }

    fn is(&self, index: usize, word: &str) -> bool {
        self.tokens.get(index).is_some_and(|token| is_word(self.sql, token, word))
    }

    /// The unquoted word in capitals; empty for anything else.
    fn keyword(&self, index: usize) -> String {
        let word = self.tokens.get(index).filter(|token| token.kind == Kind::Word);
        word.map(|token| self.sql[token.span.clone()].to_ascii_uppercase()).unwrap_or_default()
    }

    fn is_any(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(index, word))
    }

    fn opens(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == Kind::Punctuation(b'('))
    }

    fn name(&self, index: usize) -> Option<String> {
        self.tokens.get(index).and_then(|token| name(self.sql, token))
    }

    fn from(&self, index: usize) -> Self {
        Self { tokens: self.tokens.get(index..).unwrap_or_default(), ..*self }
    }

    fn has(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| is_word(self.sql, token, word))
    }

    fn text(&self) -> String {
        match (self.tokens.first(), self.tokens.last()) {
            (Some(first), Some(last)) => self.sql[first.span.start..last.span.end].to_owned(),
            _ => String::new(),
        }
    }

    /// Where the depth of the first token has these words in a row.
    fn position_at_depth(&self, words: &[&str]) -> Option<usize> {
        let depth = self.tokens.first()?.depth;
        (0..self.tokens.len()).find(|&index| {
            self.tokens[index].depth == depth
                && words.iter().enumerate().all(|(offset, word)| self.is(index + offset, word))
        })
    }
}

/// Splits tokens at the commas of the given depth.
pub(super) fn split(tokens: &[Token], depth: usize) -> impl Iterator<Item = &[Token]> {
    tokens.split(move |token| token.kind == Kind::Punctuation(b',') && token.depth == depth)
}

/// What one comma-separated clause says. What lacks a name where one must be is left to the server,
/// which will refuse it.
pub(super) fn classify(words: Words<'_>) -> Vec<Clause> {
    if words.is(1, "PARTITION") {
        return vec![Clause::PartitionManagement];
    }
    // The partition clause follows the last alteration without a comma.
    let partitioning = words
        .position_at_depth(&["PARTITION", "BY"])
        .or_else(|| words.position_at_depth(&["REMOVE", "PARTITIONING"]));
    if let Some(index) = partitioning {
        let before = Words { tokens: &words.tokens[..index], ..words };
        let mut clauses = if index == 0 { Vec::new() } else { classify(before) };
        clauses.push(Clause::Partitioning);
        return clauses;
    }
    let rest = words.from(1);
    let clauses = match words.keyword(0).as_str() {
        "ADD" => add(rest),
        "DROP" => drop(rest).map(|clause| vec![clause]),
        "CHANGE" => change(rest),
        "MODIFY" => modify(rest),
        "RENAME" => rename(rest).map(|clause| vec![clause]),
        "ALTER" => alter(rest).map(|clause| vec![clause]),
        "CONVERT" => Some(vec![Clause::ConvertCharset]),
        "ORDER" => Some(vec![Clause::OrderBy]),
        "DISABLE" | "ENABLE" => Some(vec![Clause::Keys]),
        "DISCARD" | "IMPORT" => Some(vec![Clause::Tablespace]),
        _ => options(words),
    };
    clauses.unwrap_or_else(|| vec![Clause::Other(words.text())])
}

/// `ALGORITHM` and `LOCK` after the column list of `CREATE INDEX` and the name of `DROP INDEX`.
pub(super) fn index_options(words: Words<'_>) -> Vec<Clause> {
    let outer = |word| words.position_at_depth(&[word]).is_some();
    let found = [(outer("ALGORITHM"), Clause::Algorithm), (outer("LOCK"), Clause::Lock)];
    found.into_iter().filter_map(|(found, clause)| found.then_some(clause)).collect()
}

fn skip<'s>(words: Words<'s>, noise: &[&str]) -> Words<'s> {
    if words.is_any(0, noise) { words.from(1) } else { words }
}

fn add(words: Words<'_>) -> Option<Vec<Clause>> {
    let words = skip(words, &["COLUMN"]);
    if words.opens(0) {
        return add_each(words);
    }
    let index_name = |words: Words<'_>| {
        let words = skip(words, &["INDEX", "KEY"]);
        words.name(0).filter(|_| !words.is(0, "USING"))
    };
    let clause = match words.keyword(0).as_str() {
        "CONSTRAINT" => {
            let kinds = ["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"];
            let named = !words.is_any(1, &kinds);
            return add(words.from(if named { 2 } else { 1 }));
        }
        "INDEX" | "KEY" => Clause::AddIndex { unique: false, name: index_name(words) },
        "FULLTEXT" | "SPATIAL" => {
            Clause::AddIndex { unique: false, name: index_name(words.from(1)) }
        }
        "UNIQUE" => Clause::AddIndex { unique: true, name: index_name(words.from(1)) },
        "PRIMARY" => Clause::AddPrimaryKey,
        "FOREIGN" => Clause::AddForeignKey,
        "CHECK" => Clause::AddCheck,
        _ => return Some(with_reference(Clause::AddColumn { name: words.name(0)? }, words)),
    };
    Some(vec![clause])
}

/// `ADD (a int, b int, KEY (a))`.
fn add_each(words: Words<'_>) -> Option<Vec<Clause>> {
    let depth = words.tokens.first()?.depth;
    let length = words.tokens.iter().skip(1).position(|token| token.depth == depth)?;
    let elements = split(&words.tokens[1..=length], depth + 1);
    let added = elements.map(|tokens| add(Words { tokens, ..words }));
    Some(added.collect::<Option<Vec<_>>>()?.concat())
}

fn change(words: Words<'_>) -> Option<Vec<Clause>> {
    let words = skip(words, &["COLUMN"]);
    let clause = Clause::ChangeColumn { from: words.name(0)?, to: words.name(1)? };
    Some(with_reference(clause, words))
}

fn modify(words: Words<'_>) -> Option<Vec<Clause>> {
    let words = skip(words, &["COLUMN"]);
    Some(with_reference(Clause::ModifyColumn { name: words.name(0)? }, words))
}

/// A column's definition may hold a foreign key, which newer servers honour.
fn with_reference(clause: Clause, definition: Words<'_>) -> Vec<Clause> {
    let mut clauses = vec![clause];
    if definition.has("REFERENCES") {
        clauses.push(Clause::AddForeignKey);
    }
    clauses
}

fn drop(words: Words<'_>) -> Option<Clause> {
    let second = words.name(1);
    Some(match words.keyword(0).as_str() {
        "PRIMARY" => Clause::DropPrimaryKey,
        "INDEX" | "KEY" => Clause::DropIndex { name: second? },
        "FOREIGN" => Clause::DropForeignKey { name: words.name(2)? },
        "CHECK" => Clause::DropCheck { name: second? },
        "CONSTRAINT" => Clause::DropConstraint { name: second? },
        _ => Clause::DropColumn { name: skip(words, &["COLUMN"]).name(0)? },
    })
}

fn rename(words: Words<'_>) -> Option<Clause> {
    let (from, to) = (words.name(1), words.name(3));
    Some(match words.keyword(0).as_str() {
        "COLUMN" => Clause::RenameColumn { from: from?, to: to? },
        "INDEX" | "KEY" => Clause::RenameIndex { from: from?, to: to? },
        _ => Clause::RenameTable,
    })
}

fn alter(words: Words<'_>) -> Option<Clause> {
    let second = words.name(1);
    Some(match words.keyword(0).as_str() {
        "INDEX" => Clause::AlterIndexVisibility { name: second? },
        "CHECK" | "CONSTRAINT" => {
            Clause::AlterCheck { name: second?, enforced: !words.is(2, "NOT") }
        }
        _ => Clause::AlterColumn { name: skip(words, &["COLUMN"]).name(0)? },
    })
}

/// Table options may follow each other without commas.
fn options(words: Words<'_>) -> Option<Vec<Clause>> {
    let known = [
        ("ALGORITHM", Clause::Algorithm),
        ("LOCK", Clause::Lock),
        ("FORCE", Clause::Rebuild),
        ("ENGINE", Clause::Rebuild),
        ("AUTO_INCREMENT", Clause::AutoIncrement),
    ];
    let found = known.into_iter().filter(|(word, _)| words.position_at_depth(&[word]).is_some());
    let found: Vec<Clause> = found.map(|(_, clause)| clause).collect();
    (!found.is_empty()).then_some(found)
}
