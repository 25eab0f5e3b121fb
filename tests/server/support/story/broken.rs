//! zosc dies, again and again, and the same command is given anew.

use std::time::Duration;

use super::play::PATIENCE;
use super::storm::Storm;
use super::values::Rng;
use crate::support::address::Address;
use crate::support::pulse::Pulse;
use crate::support::zosc::{self, Ran};

/// How it dies.
#[derive(Debug, Clone)]
pub enum Broken {
    /// By `kill -9` at a moment within this time, at most so often.
    AtRandom { within: Duration, deaths: usize, seed: u64 },
    /// At these places of its code, one after the other.
    At(Vec<&'static str>),
    /// At random moments, and much else happens to it.
    InAStorm(Storm),
}

impl Broken {
    /// Runs the command until it comes to an end; that end, and how often it died before.
    pub(super) fn run(self, address: &Address, args: &[&str], pulse: &Pulse) -> (Ran, usize) {
        match self {
            Self::InAStorm(storm) => storm.run(address, args, pulse),
            Self::AtRandom { within, deaths, seed } => {
                let mut random = Rng::with_seed(seed);
                for died in 0..deaths {
                    let moment = within.mul_f64(random.f64());
                    if let Some(ran) = zosc::start(address, args).kill_after(moment) {
                        return (ran, died);
                    }
                }
                (zosc::start(address, args).wait(PATIENCE), deaths)
            }
            Self::At(places) => {
                for place in &places {
                    let ran = zosc::start_doomed(address, place, args).wait(PATIENCE);
                    assert_eq!(ran.code, -1, "it did not die at {place}: {ran:#?}");
                }
                (zosc::start(address, args).wait(PATIENCE), places.len())
            }
        }
    }
}
