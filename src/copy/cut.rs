//! Cuts a range of the original in two.

use crate::error::Result;
use crate::mysql::Session;
use crate::schema::{Pair, Side, forced};
use crate::walk::Range;

/// The halves of `range` by rows, the first half last; or the range itself when it has one row.
pub(super) async fn in_two(session: &mut Session, pair: &Pair, range: Range) -> Result<Vec<Range>> {
    let key = &pair.mapping.key;
    let table = forced(&pair.original, &key.index);
    // Bounded above too: a middle beyond the range would copy another chunk's rows.
    let within = key.range(Side::Original, range.after.as_ref(), range.upto.as_ref());
    let rows: u64 = session.one(format!("SELECT COUNT(*) FROM {table} WHERE {within}")).await?;
    if rows < 2 {
        return Ok(vec![range]);
    }
    let middle = format!(
        "SELECT {} FROM {table} WHERE {within} ORDER BY {} LIMIT 1 OFFSET {}",
        key.select(None),
        key.columns_on(Side::Original),
        rows / 2 - 1,
    );
    let Some(returned) = session.bytes(middle).await?.into_iter().next() else {
        return Ok(vec![range]);
    };
    let middle = key.parse(&returned)?;
    Ok(vec![
        Range { after: Some(middle.clone()), upto: range.upto },
        Range { after: range.after, upto: Some(middle) },
    ])
}
