//! Where a changed key lies in the original's order, compared with the chunks' bounds.
//!
//! For integers the client compares; for all others the server does, on typed literals with the
//! key's own collation, so that collations, padding and time zones never matter.

use crate::error::{Error, Result};
use crate::ledger::{Frontier, Round};
use crate::mysql::Session;
use crate::schema::{Key, KeyShape};

/// Keys for one question to the server: with a few bounds each, well under every limit.
const KEYS_PER_QUESTION: usize = 500;

/// The segment of each of the round's keys, in their order.
pub(super) async fn segments(
    session: &mut Session,
    shape: &KeyShape,
    round: &Round<Key>,
) -> Result<Vec<usize>> {
    let frontier = &round.frontier;
    let keys = round.entries.iter().map(|(key, _)| key);
    if frontier.is_all_covered() || frontier.is_none_covered() {
        // Every segment then has the same fate: the first answers for all.
        return Ok(vec![0; round.entries.len()]);
    }
    if shape.ordered_by_client() {
        return Ok(keys.map(|key| frontier.segment(key)).collect());
    }
    let keys: Vec<&Key> = keys.collect();
    let mut segments = Vec::with_capacity(keys.len());
    for keys in keys.chunks(KEYS_PER_QUESTION) {
        segments.extend(ask(session, shape, frontier, keys).await?);
    }
    Ok(segments)
}

async fn ask(
    session: &mut Session,
    shape: &KeyShape,
    frontier: &Frontier<Key>,
    keys: &[&Key],
) -> Result<Vec<usize>> {
    let answer: String = session.one(question(shape, frontier.uppers(), keys)).await?;
    let segments: Option<Vec<usize>> = answer.split(',').map(|text| text.parse().ok()).collect();
    segments.filter(|segments| segments.len() == keys.len()).ok_or_else(|| {
        Error::failed("keys_not_located", format!("the server placed the keys at: {answer}"))
    })
}

/// For each key the number of bounds below it.
fn question(shape: &KeyShape, uppers: &[Key], keys: &[&Key]) -> String {
    let bounds: Vec<String> = uppers.iter().map(|upper| shape.collated_tuple(upper)).collect();
    let places = keys.iter().map(|key| {
        let key = shape.collated_tuple(key);
        let below: Vec<String> = bounds.iter().map(|bound| format!("({key} > {bound})")).collect();
        below.join(" + ")
    });
    format!("SELECT CONCAT_WS(',', {})", places.collect::<Vec<_>>().join(", "))
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
        assert_eq!(
            question(&shape, &[key("a"), key("b")], &[&key("c")]),
            "SELECT CONCAT_WS(',', \
             (_latin1 X'63' COLLATE latin1_bin > _latin1 X'61' COLLATE latin1_bin) + \
             (_latin1 X'63' COLLATE latin1_bin > _latin1 X'62' COLLATE latin1_bin))"
        );
    }
}
