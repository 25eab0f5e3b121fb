//! Where a changed key lies in the original's order, compared with the chunks' bounds.
//!
//! For integers the client compares; for all others the server does, on typed literals with the
//! key's own collation, so that collations, padding and time zones never matter.

use crate::error::{Error, Result};
use crate::ledger::{Entry, Round};
use crate::mysql::Session;
use crate::schema::{Key, KeyShape};

/// Keys for one question to the server.
const KEYS_PER_QUESTION: usize = 500;
/// Bytes of one question, well under every limit, unless a single key has more.
const LONGEST: usize = 512 << 10;

/// The segment of each of the round's keys, in their order.
pub(super) async fn segments(
    session: &mut Session,
    shape: &KeyShape,
    round: &Round<Key>,
) -> Result<Vec<usize>> {
    let frontier = &round.frontier;
    if frontier.is_all_covered() || frontier.uppers().is_empty() {
        // Every segment then has the same fate: the first answers for all.
        return Ok(vec![0; round.entries.len()]);
    }
    if shape.ordered_by_client() {
        return Ok(round.entries.iter().map(|(key, _)| frontier.segment(key)).collect());
    }
    let bounds: Vec<String> =
        frontier.uppers().iter().map(|upper| shape.collated_tuple(upper)).collect();
    let mut segments = Vec::with_capacity(round.entries.len());
    let mut rest = &*round.entries;
    while !rest.is_empty() {
        let (question, asked) = question(shape, &bounds, rest);
        segments.extend(ask(session, &question, asked).await?);
        rest = &rest[asked..];
    }
    Ok(segments)
}

async fn ask(session: &mut Session, question: &str, asked: usize) -> Result<Vec<usize>> {
    let answer: String = session.one(question).await?;
    let segments: Option<Vec<usize>> = answer.split(',').map(|text| text.parse().ok()).collect();
    segments.filter(|segments| segments.len() == asked).ok_or_else(|| {
        Error::failed("keys_not_located", format!("the server placed the keys at: {answer}"))
    })
}

/// For each of the first keys the number of bounds below it; and how many keys these are.
fn question(shape: &KeyShape, bounds: &[String], keys: &[(Key, Entry)]) -> (String, usize) {
    let mut places: Vec<String> = Vec::new();
    let mut length = 0;
    for (key, _) in keys.iter().take(KEYS_PER_QUESTION) {
        if length >= LONGEST {
            break;
        }
        let key = shape.collated_tuple(key);
        let below: Vec<String> = bounds.iter().map(|bound| format!("({key} > {bound})")).collect();
        places.push(below.join(" + "));
        length += places.last().map_or(0, String::len);
    }
    (format!("SELECT CONCAT_WS(',', {})", places.join(", ")), places.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{KeyColumn, KeyPart, PartType};

    #[test]
    fn the_server_is_asked_with_the_keys_collation() {
        let part = PartType::Text { charset: "latin1".into(), collation: "latin1_bin".into() };
        let column = KeyColumn { name: "n".into(), shadow_name: "n".into(), position: 0, part };
        let shape = KeyShape { index: "n".into(), shadow_index: "n".into(), columns: vec![column] };
        let key = |text: &str| Key(Box::new([KeyPart::Bytes(text.as_bytes().into())]));
        let bounds = ["a", "b"].map(|bound| shape.collated_tuple(&key(bound)));
        let (question, asked) =
            question(&shape, &bounds, &[(key("c"), Entry { due: 0, since: 0 })]);
        assert_eq!(asked, 1);
        assert_eq!(
            question,
            "SELECT CONCAT_WS(',', \
             (_latin1 X'63' COLLATE latin1_bin > _latin1 X'61' COLLATE latin1_bin) + \
             (_latin1 X'63' COLLATE latin1_bin > _latin1 X'62' COLLATE latin1_bin))"
        );
    }
}
