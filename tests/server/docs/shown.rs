//! What a page shows of what is printed.

/// Whether a line is as shown, where `…` stands for anything.
pub fn is_like(shown: &str, line: &str) -> bool {
    let mut pieces = shown.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    true
}

#[test]
fn lines_are_like_what_is_shown() {
    assert!(is_like("a … b…", "a 7 b c"));
    assert!(is_like("…done", "it is done"));
    assert!(!is_like("…done", "done it"));
    assert!(!is_like("a…b…c", "a c b"));
    assert!(is_like("same", "same") && !is_like("same", "same but longer"));
}
