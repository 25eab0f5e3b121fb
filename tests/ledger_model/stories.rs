//! The shortest ways in which it goes wrong without a rule, to be read. With all rules the same
//! steps do no harm.

use crate::rules::{Rule, Rules};
use crate::server::{KEYS, Row, Statement};
use crate::world::{Case, Step, Wrong, run};

const COPY: Step = Step::Copy { worker: 0, keys: KEYS, cuts: false };
const COPY_HALF: Step = Step::Copy { worker: 0, keys: KEYS, cuts: true };

/// One worker copies all in one chunk, which starts and is fenced by the first of these steps.
const COPY_ALL: [Step; 7] = [COPY, Step::Show, COPY, COPY, COPY, COPY, COPY];

fn put(key: i64, unique: u8) -> Statement {
    Statement::Put(key, Row { value: 0, unique: Some(unique) })
}

/// Two rows are there; a round has one key.
fn story(steps: impl IntoIterator<Item = Step>) -> Case {
    Case {
        original_has_unique_key: true,
        captures_by_triggers: false,
        before: vec![vec![put(1, 1)], vec![put(2, 2)]],
        visible_before: 2,
        workers: 1,
        batch: 1,
        round: 1,
        steps: steps.into_iter().collect(),
    }
}

#[test]
fn a_commit_is_in_the_log_before_it_is_seen() {
    let mut steps = vec![
        Step::Write(vec![put(3, 3)]),
        Step::Capture,
        Step::Capture,
        // No chunk has started, so the copy will bring it: the change is forgotten …
        Step::Take,
        Step::Refresh(0),
    ];
    // … but the chunk's snapshot does not have it.
    steps.extend([COPY, COPY, COPY, COPY, COPY]);
    let case = story(steps);
    let without = run(Rules::without(Rule::Fence), &case);
    assert_eq!(without, Err(Wrong::Different([3].into())));
    assert_eq!(run(Rules::ALL, &case), Ok(()));
}

#[test]
fn two_rows_exchange_a_unique_value_and_wait_for_each_other() {
    let mut steps = Vec::from(COPY_ALL);
    // Each row's batch, and each row alone, meets the other's stale row.
    steps.push(Step::Write(vec![Statement::Swap(1, 2)]));
    let case = story(steps);
    assert_eq!(run(Rules::without(Rule::RemovedFirst), &case), Err(Wrong::Hang));
    assert_eq!(run(Rules::ALL, &case), Ok(()));
}

#[test]
fn a_chunk_in_pieces_waits_for_itself() {
    let case = story([
        COPY,
        Step::Show,
        COPY,
        COPY_HALF,
        COPY,
        COPY,
        // The piece is in. Its row goes to a key that the next piece will bring: that one meets the
        // stale row, and the stale row's change is kept because its chunk is in flight.
        Step::Write(vec![Statement::Move(1, 5)]),
        Step::Show,
    ]);
    assert_eq!(run(Rules::without(Rule::Parts), &case), Err(Wrong::Hang));
    assert_eq!(run(Rules::ALL, &case), Ok(()));
}

#[test]
fn a_chunk_below_an_island_waits_for_it() {
    let low = |worker| Step::Copy { worker, keys: 2, cuts: false };
    let mut case = story([
        low(0), // keys up to 1
        low(1), // keys 2 and 3
        Step::Show,
        Step::Show,
        low(1),
        low(1),
        low(1),
        low(1),
        low(1),
        // Row 2 is in, above the mark. Its value goes to a row of the chunk below, which meets the
        // stale row; and its change is kept until the mark has passed.
        Step::Write(vec![Statement::Swap(1, 2)]),
        Step::Show,
    ]);
    case.workers = 2;
    assert_eq!(run(Rules::without(Rule::Islands), &case), Err(Wrong::Hang));
    assert_eq!(run(Rules::ALL, &case), Ok(()));
}
