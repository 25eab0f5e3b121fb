//! A lexer for the server's SQL: just enough to tell words, names, strings and nesting apart.

use std::ops::Range;

use crate::error::{Error, Result};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An unquoted word: keyword, name, number.
    Word,
    /// A name in backticks.
    Quoted,
    /// `'…'`.
    Text,
    /// `"…"`: text, or a name under `ANSI_QUOTES`.
    DoubleQuoted,
    /// One character of punctuation.
    Punctuation(u8),
    /// `/*!80000` or `*/`: the bounds of text that the server runs though it looks like a comment.
    Bound,
}

/// A token of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it is, in bytes.
    pub(crate) span: Range<usize>,
    /// How many parentheses are open around it; a parenthesis itself is outside of its own pair.
    pub(crate) depth: usize,
}

/// All tokens of `sql`; comments and spaces are left out.
pub(crate) fn lex(sql: &str) -> Result<Vec<Token>> {
    let mut lexer = Lexer { bytes: sql.as_bytes(), at: 0, in_code_comment: false };
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    while let Some((kind, span)) = lexer.next()? {
        if kind == Kind::Punctuation(b')') {
            depth = depth.checked_sub(1).ok_or_else(|| broken("a `)` closes nothing"))?;
        }
        tokens.push(Token { kind, span, depth });
        if kind == Kind::Punctuation(b'(') {
            depth += 1;
        }
    }
    if depth > 0 {
        return Err(broken("a `(` is never closed"));
    }
    Ok(tokens)
}

/// The name that a token spells, if it can be one.
pub(crate) fn name(sql: &str, token: &Token) -> Option<String> {
    let text = &sql[token.span.clone()];
    let inner = || &text[1..text.len() - 1];
    match token.kind {
        Kind::Word => Some(text.to_owned()),
        Kind::Quoted => Some(inner().replace("``", "`")),
        Kind::DoubleQuoted => Some(inner().replace("\"\"", "\"")),
        Kind::Text | Kind::Punctuation(_) | Kind::Bound => None,
    }
}

/// Whether the token is this unquoted word, without regard to case.
pub(crate) fn is_word(sql: &str, token: &Token, word: &str) -> bool {
    token.kind == Kind::Word && sql[token.span.clone()].eq_ignore_ascii_case(word)
}

struct Lexer<'s> {
    bytes: &'s [u8],
    at: usize,
    in_code_comment: bool,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<(Kind, Range<usize>)>> {
        loop {
            let start = self.at;
            let Some(&byte) = self.bytes.get(start) else {
                return if self.in_code_comment {
                    Err(broken("a comment is never closed"))
                } else {
                    Ok(None)
                };
            };
            let kind = match byte {
                b'#' => {
                    self.skip_line();
                    continue;
                }
                b'-' if self.starts_line_comment() => {
                    self.skip_line();
                    continue;
                }
                b'/' if self.looks_at(b"/*!") || self.looks_at(b"/*M!") => self.open_code(),
                b'/' if self.looks_at(b"/*") => {
                    self.skip_comment()?;
                    continue;
                }
                b'*' if self.in_code_comment && self.looks_at(b"*/") => {
                    self.in_code_comment = false;
                    self.at += 2;
                    Kind::Bound
                }
                b'`' => self.quoted(Kind::Quoted)?,
                b'\'' => self.quoted(Kind::Text)?,
                b'"' => self.quoted(Kind::DoubleQuoted)?,
                byte if is_word_byte(byte) => {
                    self.skip_while(is_word_byte);
                    Kind::Word
                }
                byte if byte.is_ascii_whitespace() || byte.is_ascii_control() => {
                    self.at += 1;
                    continue;
                }
                byte => {
                    self.at += 1;
                    Kind::Punctuation(byte)
                }
            };
            return Ok(Some((kind, start..self.at)));
        }
    }

    fn looks_at(&self, expected: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(expected)
    }

    /// `--` is a comment only when a space or the end follows: `a--1` is arithmetic.
    fn starts_line_comment(&self) -> bool {
        self.looks_at(b"--")
            && self
                .bytes
                .get(self.at + 2)
                .is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| keep(*byte)) {
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        self.skip_while(|byte| byte != b'\n');
    }

    fn skip_comment(&mut self) -> Result<()> {
        let inside = self.at + 2;
        let length = self.bytes[inside..]
            .windows(2)
            .position(|pair| pair == b"*/")
            .ok_or_else(|| broken("a comment is never closed"))?;
        self.at = inside + length + 2;
        Ok(())
    }

    /// What stands inside may be run by the server, so it is read as if it always were.
    fn open_code(&mut self) -> Kind {
        self.in_code_comment = true;
        self.skip_while(|byte| matches!(byte, b'/' | b'*' | b'M' | b'!'));
        self.skip_while(|byte| byte.is_ascii_digit());
        Kind::Bound
    }

    fn quoted(&mut self, kind: Kind) -> Result<Kind> {
        let quote = self.bytes[self.at];
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(broken("a quoted text is never closed")),
                Some(b'\\') if kind != Kind::Quoted => self.at += 2,
                Some(byte) if *byte == quote => {
                    self.at += 1;
                    if self.bytes.get(self.at) != Some(&quote) {
                        return Ok(kind);
                    }
                    self.at += 1;
                }
                Some(_) => self.at += 1,
            }
        }
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn broken(what: &str) -> Error {
    Error::usage("bad_statement", format!("the statement cannot be read: {what}"))
        .hint("quote the whole statement for your shell, in single quotes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        lex(sql).unwrap().into_iter().map(|token| &sql[token.span]).collect()
    }

    #[test]
    fn comments_are_left_out() {
        assert_eq!(texts("a -- b\n# c\n/* d */ e--1"), ["a", "e", "-", "-", "1"]);
        assert_eq!(texts("a --"), ["a"]);
    }

    #[test]
    fn code_in_comments_is_read() {
        assert_eq!(texts("a /*!80023 INVISIBLE */ b"), ["a", "/*!80023", "INVISIBLE", "*/", "b"]);
        assert_eq!(texts("/*M!100203 x*/"), ["/*M!100203", "x", "*/"]);
    }

    #[test]
    fn quotes_hide_everything() {
        assert_eq!(texts(r"'it''s \' ,(' `a``,` "), [r"'it''s \' ,('", "`a``,`"]);
        assert_eq!(texts(r#""a"",(" x"#), [r#""a"",(""#, "x"]);
    }

    #[test]
    fn what_is_never_closed_is_an_error() {
        for sql in ["'a", "`a", "\"a", "/* a", "/*! a", "(a", "a)", "'a\\"] {
            assert_eq!(lex(sql).unwrap_err().code, "bad_statement", "{sql}");
        }
    }

    #[test]
    fn names_are_unquoted() {
        let sql = "a `b``c` \"d\"\"e\"";
        let names: Vec<_> = lex(sql).unwrap().iter().map(|token| name(sql, token)).collect();
        assert_eq!(names, [Some("a".into()), Some("b`c".into()), Some("d\"e".into())]);
    }
}
