//! What keys cost: bounds on memory and on the length of statements are kept in these bytes.

use super::{Key, KeyPart};

/// What the allocator adds to each piece of memory.
const PIECE: usize = 16;
/// A place in a hash table, with 16 bytes that are remembered of the key: at most seven of eight places
/// are used, and fewer than half when the table has just grown.
const PLACE: usize = 2 * size_of::<(Key, [u64; 2])>();
/// Bytes of keys that are named in one statement. As hexadecimal digits they are twice as long, and
/// no server takes less than a megabyte.
const ONE_STATEMENT: usize = 256 << 10;

impl Key {
    /// About how many bytes it takes while it is pending: 104 for an integer.
    pub fn weight(&self) -> usize {
        let of_part = |part: &KeyPart| match part {
            KeyPart::Int(_) | KeyPart::UInt(_) => 0,
            KeyPart::Bytes(bytes) => bytes.len() + PIECE,
        };
        PLACE + PIECE + size_of_val(&*self.0) + self.0.iter().map(of_part).sum::<usize>()
    }
}

/// Cuts keys into portions of at most `most` keys (at least 1) that one statement can name.
pub fn portions(keys: &[Key], most: usize) -> Vec<&[Key]> {
    let mut portions = Vec::new();
    let mut rest = keys;
    while !rest.is_empty() {
        let mut weight = 0;
        let fits = |key: &&Key| {
            let has_room = weight < ONE_STATEMENT;
            weight += key.weight();
            has_room
        };
        let count = rest.iter().take(most.max(1)).take_while(fits).count();
        let (portion, later) = rest.split_at(count);
        portions.push(portion);
        rest = later;
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(length: usize) -> Key {
        Key(Box::new([KeyPart::Bytes(vec![b'x'; length].into())]))
    }

    #[test]
    fn an_integer_weighs_what_is_told() {
        assert_eq!(Key(Box::new([KeyPart::Int(1)])).weight(), 104);
        assert_eq!(text(3000).weight(), 104 + 16 + 3000);
    }

    #[test]
    fn a_portion_has_few_keys_and_is_short() {
        let lengths = |keys: &[Key], most| {
            portions(keys, most).iter().map(|portion| portion.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(&vec![text(3); 5], 2), [2, 2, 1]);
        assert_eq!(lengths(&vec![text(3000); 100], 1000), [85, 15]);
        assert_eq!(lengths(&[text(ONE_STATEMENT), text(ONE_STATEMENT)], 1000), [1, 1]);
        assert!(portions(&[], 1000).is_empty());
    }
}
