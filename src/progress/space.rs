//! Where a key lies between the least and the greatest of a table: exact, unlike statistics. Only for
//! keys that begin with an integer.

use crate::error::Result;
use crate::mysql::Session;
use crate::schema::{Key, KeyPart, KeyShape, PartType, Side, TableName, forced, quote};

/// The first parts of the least and the greatest key, as they were when the stage began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeySpace {
    least: i128,
    greatest: i128,
}

impl KeySpace {
    /// Looks at both ends of the key's index; `None` where the key does not tell, or there is no row.
    pub(super) async fn of(
        session: &mut Session,
        table: &TableName,
        key: &KeyShape,
    ) -> Result<Option<Self>> {
        let first = key.columns.first();
        let Some(column) = first.filter(|it| matches!(it.part, PartType::Integer { .. })) else {
            return Ok(None);
        };
        let mut ends = [None; 2];
        for (end, order) in ends.iter_mut().zip(["ASC", "DESC"]) {
            let sql = format!(
                "SELECT {} FROM {} ORDER BY {} {order} LIMIT 1",
                key.select(None),
                forced(table, &key.index),
                quote(column.name_on(Side::Original)),
            );
            if let Some(row) = session.bytes(sql).await?.first() {
                *end = number(&key.parse(row)?);
            }
        }
        Ok(match ends {
            [Some(least), Some(greatest)] => Some(Self { least, greatest }),
            _ => None,
        })
    }

    /// How much of the keys is not beyond `mark`, from 0 to 1.
    #[allow(clippy::cast_precision_loss)] // people read it
    pub(super) fn upto(self, mark: &Key) -> Option<f64> {
        let done = number(mark)?.saturating_sub(self.least).saturating_add(1);
        let all = self.greatest.saturating_sub(self.least).saturating_add(1);
        Some((done as f64 / all as f64).clamp(0.0, 1.0))
    }
}

fn number(key: &Key) -> Option<i128> {
    match key.0.first()? {
        KeyPart::Int(number) => Some((*number).into()),
        KeyPart::UInt(number) => Some((*number).into()),
        KeyPart::Bytes(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(part: KeyPart) -> Key {
        Key(Box::new([part]))
    }

    #[test]
    fn a_key_lies_between_the_ends() {
        let space = KeySpace { least: -9, greatest: 10 };
        let upto = |number| format!("{:.2}", space.upto(&key(KeyPart::Int(number))).unwrap());
        assert_eq!([-9, 0, 10].map(upto), ["0.05", "0.50", "1.00"]);
        assert_eq!([-50, 99].map(upto), ["0.00", "1.00"], "rows that came later");
        assert_eq!(space.upto(&key(KeyPart::Bytes(Box::new(*b"7")))), None);
        let whole = KeySpace { least: 0, greatest: u64::MAX.into() };
        assert_eq!(whole.upto(&key(KeyPart::UInt(u64::MAX))), Some(1.0));
    }
}
