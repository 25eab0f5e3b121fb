//! The members of an `ENUM` or `SET`, from the type as the server writes it.

/// The members in order, from `enum('a','it''s')`: quotes are doubled, and some characters are
/// written with a backslash.
pub(super) fn members(column_type: &str) -> Vec<String> {
    let mut members = Vec::new();
    let mut rest = column_type.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '\'' {
            continue;
        }
        let mut member = String::new();
        while let Some(character) = rest.next() {
            match character {
                '\'' if rest.next_if_eq(&'\'').is_some() => member.push('\''),
                '\'' => break,
                '\\' => member.extend(rest.next().map(unescaped)),
                other => member.push(other),
            }
        }
        members.push(member);
    }
    members
}

fn unescaped(character: char) -> char {
    match character {
        '0' => '\0',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'Z' => '\u{1a}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::members;

    #[test]
    fn quotes_and_commas_are_part_of_members() {
        assert_eq!(members("enum('a','it''s','x,y','')"), ["a", "it's", "x,y", ""]);
        assert_eq!(members(r"set('b\\c','\n')"), [r"b\c", "\n"]);
    }
}
