//! Walks a table in the order of one of its keys, a range of rows at a time.
//!
//! Copy and verify share it: `Walker::new(table, key, after)`, then
//! `next(session, rows) -> Option<Range>` until `None`. The ranges join without gaps, the first has
//! no lower bound (unless it starts after a given key) and the last no upper bound, so that rows
//! which appear anywhere meanwhile lie in one of them.

use crate::error::Result;
use crate::mysql::Session;
use crate::schema::{Key, KeyShape, Side, TableName, forced};

/// The rows with `after < key <= upto`; an open end has no bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The bound below, which is not in the range.
    pub after: Option<Key>,
    /// The bound above, which is in the range.
    pub upto: Option<Key>,
}

/// Finds the bounds of the ranges, by the key's index alone.
#[derive(Debug)]
pub struct Walker {
    table: TableName,
    key: KeyShape,
    after: Option<Key>,
    done: bool,
}

impl Walker {
    /// Walks `table` in the order of `key`, whose names are read as the original's
    /// ([`Side::Original`]); beyond `after`, if given.
    pub fn new(table: TableName, key: KeyShape, after: Option<Key>) -> Self {
        Self { table, key, after, done: false }
    }

    /// The next range, with `rows` rows (at least 1) at this moment, or with all that are left and
    /// without an upper bound; `None` after that one.
    pub async fn next(&mut self, session: &mut Session, rows: u64) -> Result<Option<Range>> {
        if self.done {
            return Ok(None);
        }
        let upto = match session.bytes(self.bound(rows)).await?.into_iter().next() {
            Some(returned) => Some(self.key.parse(&returned)?),
            None => None,
        };
        self.done = upto.is_none();
        let after = std::mem::replace(&mut self.after, upto.clone());
        Ok(Some(Range { after, upto }))
    }

    fn bound(&self, rows: u64) -> String {
        format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1 OFFSET {}",
            self.key.select(None),
            forced(&self.table, &self.key.index),
            self.key.range(Side::Original, self.after.as_ref(), None),
            self.key.columns_on(Side::Original),
            rows.saturating_sub(1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{KeyColumn, KeyPart, PartType};

    #[test]
    fn a_bound_is_found_in_the_index() {
        let columns = vec![KeyColumn {
            name: "id".into(),
            shadow_name: "id".into(),
            position: 0,
            part: PartType::Integer { unsigned: false, bytes: 4 },
        }];
        let key = KeyShape { index: "PRIMARY".into(), shadow_index: "PRIMARY".into(), columns };
        let after = Some(Key(Box::new([KeyPart::Int(7)])));
        let walker = Walker::new(TableName::new("d", "t"), key, after);
        assert_eq!(
            walker.bound(100),
            "SELECT `id` FROM `d`.`t` FORCE INDEX (`PRIMARY`) WHERE `id` > 7 ORDER BY `id` \
             LIMIT 1 OFFSET 99"
        );
    }
}
