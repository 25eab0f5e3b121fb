//! The rules of the ledger, tested against a model of a server. Everything is a single thread
//! stepped by a random schedule, so a counterexample is a list of steps that can be read.
#![allow(unreachable_pub)] // a test binary exports nothing

mod cases;
mod copy;
mod rounds;
mod rules;
mod server;
mod shadow;
mod stories;
mod verify;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use cases::{About, cases};
use rules::{Rule, Rules};
use world::{Case, Wrong};

/// The same cases in every run of the tests.
fn runner(cases: u32, max_shrink_iters: u32) -> TestRunner {
    let config = Config { cases, max_shrink_iters, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Nothing may go wrong but what is `allowed`. Otherwise shows the smallest case that does.
fn holds(rules: Rules, about: About, allowed: fn(&Wrong) -> bool) {
    let result = runner(3000, 100_000).run(&cases(about), |case| match world::run(rules, &case) {
        Err(wrong) if !allowed(&wrong) => Err(TestCaseError::fail(format!("{wrong:?}"))),
        _ => Ok(()),
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(wrong, case)) => panic!("{wrong} in {case:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// Something goes wrong, in this `way`.
fn breaks(rules: Rules, about: About, way: fn(&Wrong) -> bool) {
    let goes_wrong = |case: Case| match world::run(rules, &case) {
        Err(wrong) if way(&wrong) => Err(TestCaseError::fail("as expected")),
        _ => Ok(()),
    };
    let result = runner(20_000, 0).run(&cases(about), goes_wrong);
    assert!(matches!(result, Err(TestError::Fail(..))), "the model cannot tell: {result:?}");
}

fn never(_: &Wrong) -> bool {
    false
}

fn loses_a_row(wrong: &Wrong) -> bool {
    matches!(wrong, Wrong::Different(_))
}

fn hangs(wrong: &Wrong) -> bool {
    matches!(wrong, Wrong::Hang)
}

fn piles_up(wrong: &Wrong) -> bool {
    matches!(wrong, Wrong::PilesUp(_))
}

fn names_a_violation(wrong: &Wrong) -> bool {
    matches!(wrong, Wrong::Violation(..))
}

#[test]
fn the_shadow_becomes_the_original() {
    holds(Rules::ALL, About::Writes, never);
}

#[test]
fn a_crash_changes_nothing() {
    holds(Rules::ALL, About::Crashes, never);
}

#[test]
fn a_stray_write_is_found() {
    holds(Rules::ALL, About::Tampering, never);
}

#[test]
fn triggers_need_no_fence() {
    holds(Rules::without(Rule::Fence), About::Triggers, never);
}

#[test]
fn a_new_unique_key_is_obeyed_or_its_violation_is_named() {
    holds(Rules::ALL, About::Violations, names_a_violation);
    breaks(Rules::ALL, About::Violations, names_a_violation);
}

#[test]
fn without_the_fence_a_row_is_lost() {
    breaks(Rules::without(Rule::Fence), About::Writes, loses_a_row);
}

#[test]
fn without_the_order_of_start_and_fence_a_row_is_lost() {
    breaks(Rules::without(Rule::StartBeforeFence), About::Writes, loses_a_row);
}

#[test]
fn without_due_a_row_is_lost() {
    breaks(Rules::without(Rule::Due), About::Writes, loses_a_row);
}

#[test]
fn without_covered_a_row_is_lost() {
    breaks(Rules::without(Rule::Covered), About::Writes, loses_a_row);
}

#[test]
fn without_the_barrier_a_row_is_lost() {
    breaks(Rules::without(Rule::Barrier), About::Writes, loses_a_row);
}

#[test]
fn without_the_safe_position_a_crash_loses_a_row() {
    breaks(Rules::without(Rule::SafePosition), About::Crashes, loses_a_row);
}

#[test]
fn without_beyond_keys_pile_up() {
    breaks(Rules::without(Rule::Beyond), About::Writes, piles_up);
    holds(Rules::without(Rule::Beyond), About::Writes, piles_up);
}

#[test]
fn without_covered_islands_it_hangs() {
    breaks(Rules::without(Rule::Islands), About::Writes, hangs);
}

#[test]
fn without_covered_parts_it_hangs() {
    breaks(Rules::without(Rule::Parts), About::Writes, hangs);
}

#[test]
fn without_the_conflict_protocol_it_hangs() {
    breaks(Rules::without(Rule::ConflictProtocol), About::Writes, hangs);
}

#[test]
fn without_removing_what_failed_it_hangs() {
    breaks(Rules::without(Rule::RemovedFirst), About::Writes, hangs);
}
