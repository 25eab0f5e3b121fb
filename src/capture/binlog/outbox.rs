//! What is to be delivered, and which positions are told.

use std::collections::VecDeque;

use super::position::Position;
use crate::capture::{Delivery, Receipt, Token};
use crate::schema::Key;

/// At most so many keys are delivered at once.
const PART: usize = 1000;

/// At most so many bytes of keys wait for a part to be whole.
const HEAVY: usize = 256 << 10;

/// After so many transactions of no concern their end is told nevertheless, so that a run that
/// resumes need not read them again.
pub(super) const QUIET: u32 = 256;

/// Deliveries in their order.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Transactions that ended since an end was told; `None` before the first is told.
    untold: Option<u32>,
    out: VecDeque<Delivery>,
}

impl Outbox {
    /// Takes out what is to be delivered.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Delivery> + '_ {
        self.out.drain(..)
    }

    /// Delivers as many whole parts as there are, or all when they have so much `weight`; gives
    /// whether there were any.
    pub(super) fn whole_parts(&mut self, keys: &mut Vec<Key>, weight: usize) -> bool {
        let whole = if weight < HEAVY { keys.len() - keys.len() % PART } else { keys.len() };
        let rest = keys.split_off(whole);
        self.keys(std::mem::replace(keys, rest));
        whole > 0
    }

    /// Delivers keys.
    pub(super) fn keys(&mut self, mut keys: Vec<Key>) {
        while !keys.is_empty() {
            let later = if keys.len() > PART { keys.split_off(PART) } else { Vec::new() };
            self.out.push_back(Delivery::Keys(std::mem::replace(&mut keys, later)));
        }
    }

    /// Delivers fences.
    pub(super) fn fences(&mut self, fences: Vec<Token>) {
        self.out.extend(fences.into_iter().map(Delivery::Fence));
    }

    /// A transaction ended; whether it is time to tell so.
    pub(super) fn ended(&mut self) -> bool {
        self.untold.as_mut().is_none_or(|untold| {
            *untold += 1;
            *untold >= QUIET
        })
    }

    /// Whether nothing was told yet.
    pub(super) fn is_mute(&self) -> bool {
        self.untold.is_none()
    }

    /// Whether transactions ended since an end was told.
    pub(super) fn owes(&self) -> bool {
        self.untold.is_some_and(|untold| untold > 0)
    }

    /// Tells that everything up to `position` is delivered.
    pub(super) fn tell(&mut self, position: Position) {
        self.untold = Some(0);
        self.out.push_back(Delivery::Commit(Receipt::Position(position)));
    }
}
