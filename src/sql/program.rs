//! Where a statement ends: at its `;`, but that of a stored program has some inside.

use super::lex::{Kind, Token, is_word};

/// The tokens of each statement, without the `;` behind it.
pub(super) fn statements<'t>(sql: &str, tokens: &'t [Token]) -> Vec<&'t [Token]> {
    let mut found = Vec::new();
    let mut rest = tokens;
    while !rest.is_empty() {
        let end = end(sql, rest);
        if end > 0 {
            found.push(&rest[..end]);
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    found
}

/// The number of tokens of the first statement.
fn end(sql: &str, tokens: &[Token]) -> usize {
    let is_program = is_program(sql, tokens);
    let mut blocks = Blocks { sql, tokens, open: 0 };
    for (at, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Punctuation(b';') && blocks.open == 0 {
            return at;
        }
        if is_program {
            blocks.meet(at);
        }
    }
    tokens.len()
}

/// Whether it may have a body: `CREATE PROCEDURE` and its like, or a block without a name.
fn is_program(sql: &str, tokens: &[Token]) -> bool {
    const PROGRAMS: [&str; 5] = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"];
    const OTHERS: [&str; 9] =
        ["TABLE", "INDEX", "VIEW", "DATABASE", "SCHEMA", "USER", "ROLE", "SERVER", "SEQUENCE"];
    let mut spoken = tokens.iter().filter(|token| token.kind != Kind::Bound);
    let (first, second) = (spoken.next(), spoken.next());
    let is = |token: Option<&Token>, word| token.is_some_and(|token| is_word(sql, token, word));
    if is(first, "BEGIN") {
        return is(second, "NOT");
    }
    let any = |token: &Token, words: &[&str]| words.iter().any(|word| is_word(sql, token, word));
    (is(first, "CREATE") || is(first, "ALTER"))
        && second
            .into_iter()
            .chain(spoken)
            .find(|token| any(token, &PROGRAMS) || any(token, &OTHERS))
            .is_some_and(|token| any(token, &PROGRAMS))
}

/// The blocks of a program that are open.
struct Blocks<'s> {
    sql: &'s str,
    tokens: &'s [Token],
    open: usize,
}

impl Blocks<'_> {
    fn meet(&mut self, at: usize) {
        let follows = |words: &[&str]| at > 0 && words.iter().any(|word| self.is(at - 1, word));
        if self.is(at, "END") {
            self.open = self.open.saturating_sub(1);
        } else if follows(&["END"]) {
            // `END IF` and so on: one word in two.
        } else if self.is(at, "BEGIN")
            || self.is(at, "CASE")
            || self.is(at, "LOOP")
            || self.is(at, "WHILE")
            || (self.is(at, "REPEAT") && !self.opens_parenthesis(at + 1))
            || (self.is(at, "IF") && self.begins_statement(at) && !self.tests_existence(at + 1))
            || (self.is(at, "FOR") && self.begins_statement(at) && !self.is(at + 1, "EACH"))
        {
            self.open += 1;
        }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| is_word(self.sql, token, word))
    }

    fn opens_parenthesis(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Punctuation(b'('))
    }

    fn tests_existence(&self, at: usize) -> bool {
        self.is(at, "EXISTS") || (self.is(at, "NOT") && self.is(at + 1, "EXISTS"))
    }

    /// Whether what comes before lets a statement begin here: `IF` is a function, too.
    fn begins_statement(&self, at: usize) -> bool {
        const BEFORE: [&str; 9] =
            ["BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ROW", "DETERMINISTIC", "DATA"];
        let Some(before) = at.checked_sub(1) else { return true };
        let mark = |mark| self.tokens[before].kind == Kind::Punctuation(mark);
        mark(b';') || mark(b')') || mark(b':') || BEFORE.iter().any(|word| self.is(before, word))
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        let tokens = lex(sql).unwrap();
        let text = |statement: &[Token]| {
            let (first, last) = (statement.first().unwrap(), statement.last().unwrap());
            first.span.start..last.span.end
        };
        statements(sql, &tokens).into_iter().map(|statement| &sql[text(statement)]).collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement() {
        assert_eq!(texts(" a; ;b ';' -- c;\n; /* ; */ d"), ["a", "b ';'", "d"]);
        assert_eq!(texts("BEGIN; UPDATE t SET a = IF(b, 1, 2); COMMIT;").len(), 3);
        assert_eq!(texts("CREATE TABLE event (a INT); DROP TABLE b;").len(), 2);
        assert_eq!(
            texts("ALTER TABLE t ADD `begin` INT; SELECT CASE a WHEN 1 THEN 2 END; x").len(),
            3
        );
    }

    #[test]
    fn a_program_keeps_its_own() {
        for program in [
            "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1",
            "CREATE DEFINER = root@localhost TRIGGER a BEFORE INSERT ON t FOR EACH ROW BEGIN \
             IF NEW.a THEN SET NEW.b = IF(1, 2, 3); END IF; SET NEW.c = CASE 1 WHEN 1 THEN 2 END; END",
            "CREATE PROCEDURE IF NOT EXISTS p() IF 1 THEN SELECT 1; ELSE SELECT REPEAT('a', 2); END IF",
            "CREATE OR REPLACE FUNCTION f() RETURNS INT DETERMINISTIC BEGIN DECLARE i INT; \
             w: WHILE i < 3 DO SET i = i + 1; END WHILE w; l: LOOP LEAVE l; END LOOP; \
             REPEAT SET i = 1; UNTIL 1 END REPEAT; DROP TABLE IF EXISTS x; RETURN 1; END",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; CASE 1 WHEN 1 THEN \
             SELECT 1; END CASE; END",
            "BEGIN NOT ATOMIC SELECT 1; FOR i IN 1 .. 3 DO SELECT i; END FOR; END",
        ] {
            let sql = format!("{program}; ALTER TABLE t ADD a INT;");
            assert_eq!(texts(&sql), [program, "ALTER TABLE t ADD a INT"]);
        }
    }
}
