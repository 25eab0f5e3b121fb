//! How much may be pending, and what happens when it is more.
//!
//! Then capture waits, but never for good: one delivery is let in for each round that ends. A chunk in
//! flight may be waiting for capture to reach a fence, and the keys of its range wait for that chunk;
//! so if capture stood still, all three would.

use std::time::Instant;

use super::Carrier;
use crate::event::{Event, Events};

/// Bytes of keys (and of receipts) that may be pending: some 300,000 keys of one integer.
pub(super) const MOST: usize = 32 << 20;
/// So little must be pending before changes are said to be read freely again.
pub(super) const RELIEVED: usize = MOST / 2;
/// Bytes of keys in one round, which has copies of them and statements made of them.
pub(super) const OF_A_ROUND: usize = 4 << 20;

/// Of the room for what is pending, how much so many bytes take.
#[allow(clippy::cast_precision_loss)]
pub(super) fn filled(bytes: usize) -> f64 {
    bytes as f64 / MOST as f64
}

/// Holds capture back, and says so.
#[derive(Debug)]
pub(super) struct Brake {
    events: Events,
    on_since: Option<Instant>,
}

impl Brake {
    pub(super) fn new(events: Events) -> Self {
        Self { events, on_since: None }
    }

    /// Returns when the next keys may be entered: at once, or when a round has ended.
    pub(super) async fn hold(&mut self, carrier: &Carrier) {
        let pressure = carrier.pressure();
        if pressure > MOST {
            if self.on_since.is_none() {
                self.on_since = Some(Instant::now());
                let keys = carrier.ledger(|ledger| ledger.backlog());
                self.events.say(Event::Throttled {
                    reason: "backlog".into(),
                    detail: format!(
                        "reading of changes waits until some of {keys} keys are carried over"
                    ),
                });
            }
            carrier.relief().await;
        }
    }

    /// Returns when changes are read freely again, and says so; never when they have been all along.
    pub(super) async fn let_go(&mut self, carrier: &Carrier) {
        let Some(since) = self.on_since else { return std::future::pending().await };
        while carrier.pressure() >= RELIEVED {
            carrier.round_over().await;
        }
        self.on_since = None;
        self.events.say(Event::Unthrottled { seconds: since.elapsed().as_secs_f64() });
    }
}
