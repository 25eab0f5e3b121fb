//! The grammar of option files, line by line.

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Nothing,
    Group(&'a str),
    Include(&'a str),
    IncludeDir(&'a str),
    Option { name: String, value: Option<String> },
}

/// Reads a line, or says what is wrong with it.
pub(super) fn parse(line: &str) -> Result<Line<'_>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';']) {
        return Ok(Line::Nothing);
    }
    if let Some(rest) = line.strip_prefix('[') {
        let (name, _) = rest.split_once(']').ok_or("a group's name lacks its `]`")?;
        return Ok(Line::Group(name.trim()));
    }
    if let Some(folder) = line.strip_prefix("!includedir").filter(|rest| is_argument(rest)) {
        return Ok(Line::IncludeDir(folder.trim()));
    }
    if let Some(file) = line.strip_prefix("!include").filter(|rest| is_argument(rest)) {
        return Ok(Line::Include(file.trim()));
    }
    if line.starts_with('!') {
        return Err("only `!include` and `!includedir` may begin with `!`");
    }
    let line = without_comment(line);
    Ok(match line.split_once('=') {
        None => Line::Option { name: line.trim().to_owned(), value: None },
        Some((name, value)) => Line::Option {
            name: name.trim().to_owned(),
            value: Some(unescape(unquote(value.trim()))),
        },
    })
}

fn is_argument(rest: &str) -> bool {
    rest.starts_with(char::is_whitespace) && !rest.trim().is_empty()
}

/// The line up to a `#` outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut escaped = false;
    for (index, c) in line.char_indices() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open && !escaped => quote = None,
            ('#', None) => return &line[..index],
            _ => {}
        }
        escaped = quote.is_some() && c == '\\' && !escaped;
    }
    line
}

fn unquote(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

/// The escapes of option files; a backslash before anything else stands for itself.
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let meant = match (c, chars.peek()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('t')) => '\t',
            ('\\', Some('r')) => '\r',
            ('\\', Some('b')) => '\u{8}',
            ('\\', Some('s')) => ' ',
            ('\\', Some(quoted @ ('\\' | '"' | '\''))) => *quoted,
            _ => {
                text.push(c);
                continue;
            }
        };
        chars.next();
        text.push(meant);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> Option<String> {
        match parse(line).unwrap() {
            Line::Option { value, .. } => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values() {
        for (line, meant) in [
            ("password = secret", "secret"),
            ("password=\"with space # and ; \"", "with space # and ; "),
            ("password='quo\"te'", "quo\"te"),
            ("password=a#b", "a"),
            ("password=a;b", "a;b"),
            ("password=a=b", "a=b"),
            (r"password=a\sb\\c\td\x", "a b\\c\td\\x"),
            (r#"password="a\"b#c""#, "a\"b#c"),
            ("password=", ""),
            ("password=\"\"", ""),
            ("password=\"", "\""),
        ] {
            assert_eq!(value(line).as_deref(), Some(meant), "{line}");
        }
        assert_eq!(value("quick # go"), None);
    }

    #[test]
    fn lines_that_are_no_options() {
        for line in ["", "   ", "# x", "; x"] {
            assert_eq!(parse(line), Ok(Line::Nothing));
        }
        assert_eq!(parse(" [client] "), Ok(Line::Group("client")));
        assert_eq!(parse("!includedir /etc/my.d/ "), Ok(Line::IncludeDir("/etc/my.d/")));
        assert_eq!(parse("!include\t/etc/a.cnf"), Ok(Line::Include("/etc/a.cnf")));
        assert!(parse("!included x").is_err());
        assert!(parse("[client").is_err());
    }
}
