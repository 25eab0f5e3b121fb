//! Random cases. Every transaction and every step is decoded from one number, which is fast to
//! draw and shrinks well. How often each actor has its turn is drawn once for each case: in one
//! the writers are far ahead, in another the copy is.

use proptest::array::uniform6;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::server::{KEYS, Key, Row, Statement};
use crate::world::{Case, Step};

/// Few, so that rows compete for them.
const UNIQUE_VALUES: u64 = 5;

/// What is special about the cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nothing: writers, copy, refresh, verification.
    Writes,
    /// The client dies now and then.
    Crashes,
    /// Capture by triggers.
    Triggers,
    /// Somebody writes to the shadow.
    Tampering,
    /// The unique key is new, so two rows of the original may break it.
    Violations,
}

pub fn cases(about: About) -> impl Strategy<Value = Case> {
    let before = vec(any::<u64>(), 4..16);
    let shares = uniform6(1_u8..8);
    let steps = vec(any::<u64>(), 0..250);
    (before, 0_usize..16, 1_usize..4, 1_usize..4, 1_usize..6, shares, steps).prop_map(
        move |(before, visible_before, workers, batch, round, shares, steps)| Case {
            original_has_unique_key: about != About::Violations,
            captures_by_triggers: about == About::Triggers,
            // Triggers are there only when all earlier transactions have ended.
            visible_before: if about == About::Triggers { before.len() } else { visible_before },
            before: before.into_iter().map(|n| transaction(&mut Dice(n))).collect(),
            workers,
            batch,
            round,
            steps: steps.into_iter().map(|n| step(about, shares, &mut Dice(n))).collect(),
        },
    )
}

/// A number as a row of dice.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        let face = self.0 % bound;
        self.0 /= bound;
        face
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == bound - 1
    }

    fn key(&mut self) -> Key {
        Key::try_from(self.below(KEYS.unsigned_abs())).expect("there are few keys")
    }

    fn small(&mut self, bound: u64) -> usize {
        usize::try_from(self.below(bound)).expect("it is small")
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).expect("it is a byte")
    }

    /// An index, by the share that each has.
    fn share(&mut self, shares: &[u8]) -> usize {
        let mut face = self.below(shares.iter().map(|share| u64::from(*share)).sum());
        let is_hit = |share: &u8| {
            let share = u64::from(*share);
            let hit = face < share;
            face = face.saturating_sub(share);
            hit
        };
        shares.iter().position(is_hit).expect("the face is below the sum")
    }
}

fn step(about: About, shares: [u8; 6], dice: &mut Dice) -> Step {
    match about {
        About::Crashes if dice.one_in(40) => return Step::Crash(dice.byte()),
        About::Crashes if dice.one_in(20) => return Step::Record,
        About::Tampering if dice.one_in(20) => {
            let row = Row { value: dice.byte(), unique: None };
            return Step::Tamper(dice.key(), dice.one_in(2).then_some(row));
        }
        _ => {}
    }
    match dice.share(&shares) {
        0 => Step::Write(transaction(dice)),
        1 => Step::Show,
        2 => Step::Capture,
        3 => Step::Copy { worker: dice.small(3), keys: 1 + dice.key() / 2, cuts: dice.one_in(4) },
        4 if dice.one_in(3) => Step::Take,
        4 => Step::Refresh(dice.small(4)),
        _ if dice.one_in(4) => Step::Verify,
        _ => Step::Refresh(dice.small(4)),
    }
}

fn transaction(dice: &mut Dice) -> Vec<Statement> {
    (0..=dice.small(3)).map(|_| statement(dice)).collect()
}

fn statement(dice: &mut Dice) -> Statement {
    match dice.below(10) {
        0..=2 => {
            let unique = u8::try_from(dice.below(UNIQUE_VALUES + 1)).expect("there are few");
            let unique = (u64::from(unique) < UNIQUE_VALUES).then_some(unique);
            Statement::Put(dice.key(), Row { unique, value: dice.byte() })
        }
        3..=4 => Statement::Delete(dice.key()),
        5 => Statement::Move(dice.key(), dice.key()),
        6..=8 => Statement::Swap(dice.key(), dice.key()),
        _ => Statement::Flash(dice.key()),
    }
}
