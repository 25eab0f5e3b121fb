//! Everything at once and at random: zosc is killed, frozen, cut off from the server, and the
//! writers rest.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;

use super::play::PATIENCE;
use super::values::Rng;
use crate::support::address::Address;
use crate::support::pulse::Pulse;
use crate::support::zosc::{self, Ran, Running};

/// Exit codes behind which the same command goes on: a fault that did not pass, a swap not granted.
const GOES_ON: [i32; 2] = [6, 8];

/// So often it may stop by itself before that counts as never coming to an end.
const STOPS: usize = 20;

/// A storm; what comes when is random, but the same for a seed.
#[derive(Debug, Clone)]
pub struct Storm {
    pub seed: u64,
    pub tally: Arc<Mutex<Tally>>,
}

/// What has been done.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// `kill -9` of zosc.
    pub killed: u64,
    /// `SIGSTOP`, and `SIGCONT` some seconds later.
    pub frozen: u64,
    /// Connections of zosc that were killed on the server.
    pub cut: usize,
    /// Pauses of all writers.
    pub rested: u64,
    /// Why and where zosc ended by itself so that the same command goes on.
    pub stopped: Vec<String>,
}

/// One of them.
enum Gust {
    Kill,
    Freeze(Duration),
    CutAll,
    CutSome,
    Rest(Duration),
}

impl Storm {
    /// Runs the command through the storm to its end; that end, and how often it was begun anew.
    pub(super) fn run(self, address: &Address, args: &[&str], pulse: &Pulse) -> (Ran, usize) {
        // Of this run alone, so that nobody else's connections are cut.
        let account = format!("zosc_storm_{}", self.seed);
        let zosc = Address { user: account.clone(), password: None, ..address.clone() };
        let runtime = Handle::current();
        runtime.block_on(address.run(&[
            &format!("CREATE USER IF NOT EXISTS {account}"),
            &format!("GRANT ALL ON *.* TO {account}"),
        ]));
        // Drawn beforehand: what comes must not depend on what is there to be killed.
        let mut random = Rng::with_seed(self.seed);
        let gusts: Vec<(Duration, Gust)> = (0..random.u64(3..12))
            .map(|_| (between(&mut random, 30, 1_200), gust(&mut random)))
            .collect();
        let mut cut = |one_in| {
            let killed = pulse.kill_others_of(&account, address, |_| random.usize(..one_in) == 0);
            self.counts(|tally| tally.cut += runtime.block_on(killed));
        };
        let mut begun = 0;
        let mut running = zosc::start(&zosc, args);
        for (pause, gust) in gusts {
            std::thread::sleep(pause);
            if !running.is_running() {
                match self.has_ended(running) {
                    Ok(ran) => return (ran, begun),
                    Err(()) => running = zosc::start(&zosc, args),
                }
                begun += 1;
            }
            match gust {
                Gust::Kill => {
                    self.counts(|tally| tally.killed += 1);
                    running.kill();
                    running = zosc::start(&zosc, args);
                    begun += 1;
                }
                Gust::Freeze(time) => {
                    self.counts(|tally| tally.frozen += 1);
                    running.signal("-STOP");
                    std::thread::sleep(time);
                    running.signal("-CONT");
                }
                Gust::CutAll => cut(1),
                Gust::CutSome => cut(3),
                Gust::Rest(time) => {
                    self.counts(|tally| tally.rested += 1);
                    pulse.rest(true);
                    std::thread::sleep(time);
                    pulse.rest(false);
                }
            }
        }
        loop {
            match self.has_ended(running) {
                Ok(ran) => return (ran, begun),
                Err(()) => running = zosc::start(&zosc, args),
            }
            begun += 1;
        }
    }

    /// How it ended; an error when the same command goes on.
    fn has_ended(&self, running: Running) -> Result<Ran, ()> {
        let ran = running.wait(PATIENCE);
        if !GOES_ON.contains(&ran.code) || self.tally.lock().unwrap().stopped.len() >= STOPS {
            return Ok(ran);
        }
        // Every end is tidy.
        let stages = ran.events_of("stage").map(|event| &event["stage"]);
        let stage = stages.filter(|stage| *stage != "tidy").last().unwrap_or(&Value::Null);
        let why = format!("{} in {stage}", ran.error()["code"]);
        self.counts(|tally| tally.stopped.push(why));
        Err(())
    }

    fn counts(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut self.tally.lock().unwrap());
    }
}

fn gust(random: &mut Rng) -> Gust {
    match random.u8(..10) {
        0..=3 => Gust::Kill,
        4..=5 => Gust::Freeze(between(random, 300, 6_000)),
        6 => Gust::CutAll,
        7..=8 => Gust::CutSome,
        _ => Gust::Rest(between(random, 200, 2_000)),
    }
}

fn between(random: &mut Rng, least: u64, most: u64) -> Duration {
    Duration::from_millis(random.u64(least..most))
}

impl Tally {
    /// Adds up.
    pub fn add(&mut self, other: &Self) {
        self.killed += other.killed;
        self.frozen += other.frozen;
        self.cut += other.cut;
        self.rested += other.rested;
        self.stopped.extend_from_slice(&other.stopped);
    }
}
