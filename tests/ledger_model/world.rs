//! The server and the simulated zosc side by side, stepped by a schedule.
//!
//! Left out: prepared XA transactions, reconnects of capture, a crash of the server, and how the
//! server compares keys. A commit to the shadow is one moment, since nobody reads the shadow in
//! its log order.

use std::collections::BTreeSet;

use zosc::ledger::{Ledger, Tick};

use crate::copy::{self, Copy, Range};
use crate::rounds::{self, Rounds};
use crate::rules::{Rule, Rules};
use crate::server::{KEYS, Key, Row, Server, Statement};
use crate::shadow::Shadow;
use crate::verify::{Verify, differences};

/// Everybody's turns after the last writer, before it counts as hanging. No case needs forty.
const PATIENCE: usize = 120;

/// One step of one actor. A step that cannot be taken now is none.
#[derive(Debug, Clone)]
pub enum Step {
    /// The application commits.
    Write(Vec<Statement>),
    /// The next commit becomes visible.
    Show,
    /// Capture enters the next changed key, or ends the transaction.
    Capture,
    /// A copy worker. A chunk that starts has so many keys; a statement may be cut to half of what
    /// is left of its chunk, which is done after conflicts but is right at any time.
    Copy {
        worker: usize,
        keys: Key,
        cuts: bool,
    },
    /// A round is taken.
    Take,
    /// A batch of the round.
    Refresh(usize),
    /// The position is written to the journal.
    Record,
    /// The client dies and starts again from the journal. The bits say which commits under way
    /// arrive.
    Crash(u8),
    Verify,
    /// Somebody writes to the shadow; only in the cases that are about that.
    Tamper(Key, Option<Row>),
}

/// All that is random about a run.
#[derive(Debug, Clone)]
pub struct Case {
    pub original_has_unique_key: bool,
    /// Capture reads what triggers wrote, so it sees a change when everybody does. Otherwise it
    /// reads the log, which is ahead of that.
    pub captures_by_triggers: bool,
    /// Transactions before capture starts, of which the last may not be visible yet.
    pub before: Vec<Vec<Statement>>,
    pub visible_before: usize,
    pub workers: usize,
    /// Keys in a batch of a round.
    pub batch: usize,
    /// Keys in a round.
    pub round: usize,
    pub steps: Vec<Step>,
}

/// What the client finds again after a crash.
#[derive(Debug, Default)]
pub struct Journal {
    pub complete: Vec<Range>,
    pub position: Tick,
}

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The shadow is not the original at these keys.
    Different(BTreeSet<Key>),
    /// It does not come to an end.
    Hang,
    /// The position is ahead of a change of this key.
    Unsafe(Key),
    /// It stopped because these rows of the original break the shadow's unique key.
    Violation(Key, Key),
    /// This key is kept though the copy is yet to come to it.
    PilesUp(Key),
    /// Verification blames these keys, wrongly, or misses them.
    FalseAlarm(BTreeSet<Key>),
    Missed(BTreeSet<Key>),
}

#[derive(Debug)]
struct World {
    rules: Rules,
    server: Server,
    shadow: Shadow,
    journal: Journal,
    captures_by_triggers: bool,
    workers: usize,
    batch: usize,
    round: usize,
    tampered: BTreeSet<Key>,
    /// The position was once ahead of a change of this key.
    unsafe_key: Option<Key>,
    /// A key that was kept without being in flight.
    piled_up: Option<Key>,
    run: Run,
}

/// What dies with the client.
#[derive(Debug)]
struct Run {
    ledger: Ledger<Key>,
    /// The transaction that capture reads, and how many of its keys it has entered.
    captured: Tick,
    entered: usize,
    copy: Copy,
    rounds: Rounds,
    verify: Verify,
}

/// Carries the case out, stops the writers, lets everything settle, and compares.
pub fn run(rules: Rules, case: &Case) -> Result<(), Wrong> {
    let mut world = World::new(rules, case);
    for step in &case.steps {
        world.step(step)?;
        world.check_position();
    }
    world.settle()?;
    world.judge()
}

impl Run {
    fn resume(workers: usize, rounds: Rounds, journal: &Journal) -> Self {
        let mut ledger = Ledger::new();
        let copy = Copy::resume(workers, journal, &mut ledger);
        ledger.deliver(journal.position);
        Self { ledger, captured: journal.position, entered: 0, copy, rounds, verify: Verify::new() }
    }
}

impl World {
    fn new(rules: Rules, case: &Case) -> Self {
        let mut server = Server::new(case.original_has_unique_key);
        for (n, transaction) in case.before.iter().enumerate() {
            server.commit(transaction);
            if n < case.visible_before {
                server.show();
            }
        }
        let journal = Journal { complete: Vec::new(), position: server.log_end() };
        let rounds = Rounds::new(case.batch, case.round);
        Self {
            rules,
            server,
            shadow: Shadow::default(),
            run: Run::resume(case.workers, rounds, &journal),
            journal,
            captures_by_triggers: case.captures_by_triggers,
            workers: case.workers,
            batch: case.batch,
            round: case.round,
            tampered: BTreeSet::new(),
            unsafe_key: None,
            piled_up: None,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Wrong> {
        match step {
            Step::Write(transaction) => self.server.commit(transaction),
            Step::Show => self.server.show(),
            Step::Capture => self.capture(),
            Step::Copy { worker, keys, cuts } => self.copy(*worker, *keys, *cuts)?,
            Step::Take
                if !self.rules.has(Rule::ConflictProtocol)
                    && self.run.copy.retries_a_duplicate() => {}
            Step::Take => self.take(),
            Step::Refresh(lane) => self.refresh(|rounds, scene| rounds.step(*lane, scene))?,
            Step::Record => self.record(),
            Step::Crash(commits) => self.crash(*commits),
            Step::Verify => self.verify(),
            Step::Tamper(key, row) => self.tamper(*key, *row),
        }
        Ok(())
    }

    fn capture(&mut self) {
        let run = &mut self.run;
        let tick = run.captured + 1;
        if self.captures_by_triggers && !self.server.has_acknowledged(tick) {
            return;
        }
        match self.server.events(tick) {
            Some(keys) if run.entered < keys.len() => {
                run.ledger.enter(keys[run.entered], tick);
                run.entered += 1;
            }
            Some(_) => {
                run.ledger.deliver(tick);
                run.captured = tick;
                run.entered = 0;
            }
            None => {}
        }
    }

    fn copy(&mut self, worker: usize, keys: Key, cuts: bool) -> Result<(), Wrong> {
        let mut scene = copy::Scene {
            rules: self.rules,
            server: &mut self.server,
            shadow: &mut self.shadow,
            journal: &mut self.journal,
            ledger: &mut self.run.ledger,
            captured: self.run.captured,
        };
        self.run.copy.step(worker, keys, cuts, &mut scene)
    }

    /// What a round keeps must lie in a chunk in flight: else it has no bound.
    fn take(&mut self) {
        let kept = self.refresh(Rounds::take);
        let copy = &self.run.copy;
        let beyond = kept.into_iter().find(|key| !copy.is_in_flight(*key));
        self.piled_up = self.piled_up.or(beyond);
    }

    fn refresh<T>(&mut self, what: impl FnOnce(&mut Rounds, &mut rounds::Scene<'_>) -> T) -> T {
        let mut scene = rounds::Scene {
            rules: self.rules,
            server: &mut self.server,
            shadow: &mut self.shadow,
            ledger: &mut self.run.ledger,
        };
        what(&mut self.run.rounds, &mut scene)
    }

    fn record(&mut self) {
        let ledger = &self.run.ledger;
        let position =
            if self.rules.has(Rule::SafePosition) { ledger.safe() } else { self.run.captured };
        self.journal.position = self.journal.position.max(position);
    }

    fn crash(&mut self, commits: u8) {
        self.run.copy.die(commits, &mut self.shadow, &mut self.journal);
        self.run.rounds.die(commits.rotate_left(4), &mut self.shadow);
        let rounds = Rounds::new(self.batch, self.round);
        self.run = Run::resume(self.workers, rounds, &self.journal);
    }

    fn verify(&mut self) {
        let run = &mut self.run;
        run.verify.step(&mut self.server, &self.shadow, &mut run.ledger, run.captured);
    }

    /// Only a row that the copy has brought, and before verification looks at it.
    fn tamper(&mut self, key: Key, row: Option<Row>) {
        if self.run.ledger.copy_is_complete() && self.run.verify.will_look_at(key) {
            self.shadow.tamper(key, row);
            self.tampered.insert(key);
        }
    }

    /// A position may be written at any moment, so it must be right at every moment: all changes
    /// up to it are in the shadow, or their chunk is yet to come.
    fn check_position(&mut self) {
        let safe = self.run.ledger.safe();
        let is_copied = |key| self.journal.complete.iter().any(|range| range.contains(key));
        let lags = |key| self.shadow.read_at(key) < self.server.last_change(key, safe);
        let ahead_of = (0..KEYS).find(|key| is_copied(*key) && lags(*key));
        self.unsafe_key = self.unsafe_key.or(ahead_of);
    }

    /// Everybody but the writers takes turns until nothing is left to do.
    fn settle(&mut self) -> Result<(), Wrong> {
        for turn in 0..PATIENCE {
            if self.is_settled() {
                return Ok(());
            }
            for worker in 0..self.workers {
                self.step(&Step::Copy { worker, keys: 3, cuts: turn % 4 == 3 })?;
            }
            for _ in 0..3 {
                self.step(&Step::Show)?;
                self.step(&Step::Capture)?;
                self.step(&Step::Refresh(turn))?;
            }
            if self.run.rounds.is_idle() {
                self.step(&Step::Take)?;
            }
            self.step(&Step::Verify)?;
            self.check_position();
        }
        Err(Wrong::Hang)
    }

    fn is_settled(&self) -> bool {
        let run = &self.run;
        run.captured == self.server.log_end()
            && self.server.has_acknowledged(run.captured)
            && run.ledger.copy_is_complete()
            && run.ledger.backlog() == 0
            && run.rounds.is_idle()
            && run.verify.is_done()
            && !self.shadow.has_open_transactions()
    }

    fn judge(mut self) -> Result<(), Wrong> {
        assert_eq!(self.run.ledger.safe(), self.run.captured, "nothing is pending");
        let different = differences(&self.server.snapshot().rows, self.shadow.rows());
        let early = self.run.verify.diverged.clone();
        let blamed = self.run.verify.finish(&self.server, &self.shadow, &mut self.run.ledger);
        if !different.is_subset(&self.tampered) {
            Err(Wrong::Different(different))
        } else if !different.is_subset(&blamed) {
            Err(Wrong::Missed(&different - &blamed))
        } else if !early.is_subset(&self.tampered) {
            Err(Wrong::FalseAlarm(early))
        } else {
            let piled_up = self.piled_up.map_or(Ok(()), |key| Err(Wrong::PilesUp(key)));
            self.unsafe_key.map_or(piled_up, |key| Err(Wrong::Unsafe(key)))
        }
    }
}
