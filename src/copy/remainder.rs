//! What is left of a copy that was stopped: pure, from what the journal has of it.
//!
//! The journal has the bounds of every piece that was committed, in the order of keys. What lies
//! between two of them was in flight and is not in the shadow: nothing but a committed piece, or a
//! refresh within one, has ever put rows there.

use crate::journal::Piece;
use crate::ledger::{ChunkNo, Ledger};
use crate::schema::Key;
use crate::walk::Range;

/// What is to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remainder {
    /// Chunks that the ledger knows as started, in the order of keys.
    pub(super) begun: Vec<(ChunkNo, Range)>,
    /// What no chunk has been started of.
    pub(super) tail: Tail,
    /// Rows that are there already.
    pub(super) rows: u64,
}

/// The end of the table of which no chunk has been started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tail {
    /// The rows beyond this key, or all.
    After(Option<Key>),
    /// All chunks were started.
    Nothing,
}

/// A stopped copy, taken up again.
#[derive(Debug)]
pub struct TakenUp {
    /// What is left to do.
    pub remainder: Remainder,
    /// Knows what is done, and what is left in between as started.
    pub ledger: Ledger<Key>,
    /// What is done, under the ledger's numbers: what the journal shall have from now on.
    pub pieces: Vec<Piece>,
}

impl Remainder {
    /// The whole table.
    pub fn whole() -> Self {
        Self { begun: Vec::new(), tail: Tail::After(None), rows: 0 }
    }

    /// What is left when `pieces`, in the order of keys, are done.
    pub fn after(pieces: &[Piece]) -> TakenUp {
        let mut ledger = Ledger::weighing(Key::weight);
        let mut done: Vec<Piece> = Vec::new();
        let mut begun = Vec::new();
        let mut reached: Option<&Key> = None;
        for (index, piece) in pieces.iter().enumerate() {
            let Range { after, upto } = &piece.range;
            let joins = after.as_ref() == reached;
            if !joins {
                let number = ledger.start_chunk(after.clone());
                begun.push((number, Range { after: reached.cloned(), upto: after.clone() }));
            }
            reached = upto.as_ref();
            match done.last_mut() {
                Some(last) if joins => {
                    last.range.upto.clone_from(upto);
                    last.rows += piece.rows;
                }
                _ => done.push(Piece { chunk: 0, number: 0, ..piece.clone() }),
            }
            let goes_on = pieces.get(index + 1).is_some_and(|next| next.range.after == *upto);
            if let Some(last) = done.last_mut().filter(|_| !goes_on) {
                last.chunk = ledger.start_chunk(upto.clone());
                ledger.finish_chunk(last.chunk);
            }
        }
        let tail = match (pieces.is_empty(), reached) {
            (false, None) => Tail::Nothing,
            (_, reached) => Tail::After(reached.cloned()),
        };
        let rows = done.iter().map(|piece| piece.rows).sum();
        TakenUp { remainder: Self { begun, tail, rows }, ledger, pieces: done }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::KeyPart;

    fn key(number: i64) -> Key {
        Key(Box::new([KeyPart::Int(number)]))
    }

    fn piece(chunk: ChunkNo, number: u32, after: Option<i64>, upto: Option<i64>) -> Piece {
        Piece { chunk, number, range: range(after, upto), rows: 1 }
    }

    fn range(after: Option<i64>, upto: Option<i64>) -> Range {
        Range { after: after.map(key), upto: upto.map(key) }
    }

    #[test]
    fn nothing_done_is_the_whole_table() {
        let taken = Remainder::after(&[]);
        assert_eq!(taken.remainder, Remainder::whole());
        assert!(taken.pieces.is_empty());
    }

    #[test]
    fn what_was_in_flight_is_started_again_and_nothing_else() {
        let taken = Remainder::after(&[
            piece(2, 0, Some(10), Some(20)),
            piece(3, 0, Some(20), Some(25)),
            piece(5, 0, Some(40), Some(50)),
        ]);
        let begun = vec![(1, range(None, Some(10))), (3, range(Some(25), Some(40)))];
        let tail = Tail::After(Some(key(50)));
        assert_eq!(taken.remainder, Remainder { begun, tail, rows: 3 });
        let done = [(2, Some(10), Some(25), 2), (4, Some(40), Some(50), 1)];
        let done =
            done.map(|(chunk, after, upto, rows)| Piece { rows, ..piece(chunk, 0, after, upto) });
        assert_eq!(taken.pieces, done);
    }

    #[test]
    fn a_copy_that_was_done_stays_done() {
        let taken = Remainder::after(&[piece(1, 0, None, Some(1)), piece(2, 0, Some(1), None)]);
        assert_eq!(taken.remainder, Remainder { begun: vec![], tail: Tail::Nothing, rows: 2 });
        assert!(taken.ledger.copy_is_complete());
    }

    proptest! {
        /// Whatever was committed, every key is either done or left, and once.
        #[test]
        fn every_key_is_done_or_left(committed in prop::collection::vec(any::<bool>(), 1..40)) {
            let last = committed.len() - 1;
            let bound = |index: usize| (index <= last).then(|| i64::try_from(index).unwrap() * 10);
            let pieces: Vec<Piece> = committed.iter().enumerate().filter(|(_, done)| **done).map(
                |(index, _)| {
                    let after = index.checked_sub(1).map(|before| bound(before + 1).unwrap());
                    let upto = (index < last).then(|| bound(index + 1).unwrap());
                    piece(index as u64 + 1, 0, after, upto)
                },
            ).collect();
            let TakenUp { remainder, ledger, pieces } = Remainder::after(&pieces);
            for (index, committed) in committed.iter().enumerate() {
                let probe = key(i64::try_from(index).unwrap() * 10 + 5);
                let holds = |range: &Range| {
                    range.after.as_ref().is_none_or(|after| probe > *after)
                        && range.upto.as_ref().is_none_or(|upto| probe <= *upto)
                };
                let done = pieces.iter().filter(|piece| holds(&piece.range)).count();
                let begun = remainder.begun.iter().filter(|(_, range)| holds(range)).count();
                let tail = match &remainder.tail {
                    Tail::After(after) => after.as_ref().is_none_or(|after| probe > *after),
                    Tail::Nothing => false,
                };
                prop_assert_eq!(done, usize::from(*committed));
                prop_assert_eq!(begun + usize::from(tail), usize::from(!committed));
            }
            let again = Remainder::after(&pieces);
            prop_assert_eq!(again.remainder, remainder);
            drop(ledger);
        }
    }
}
