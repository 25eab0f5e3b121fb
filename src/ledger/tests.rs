//! The ledger by examples; `tests/ledger_model` has the rules.

use super::*;

fn fate_of(ledger: &mut Ledger<i64>, key: i64) -> Fate {
    let round = ledger.take_round(usize::MAX).expect("something is pending");
    let (_, entry) = *round.entries.iter().find(|(k, _)| *k == key).expect("the key is pending");
    let fate = round.frontier.fate(round.frontier.segment(&key), entry);
    ledger.close_round(round.entries.iter().copied());
    fate
}

#[test]
fn a_change_before_its_chunk_is_forgotten() {
    let mut ledger = Ledger::new();
    ledger.enter(50, 1);
    assert_eq!(fate_of(&mut ledger, 50), Fate::Forget);
}

#[test]
fn a_change_during_its_chunk_is_kept_then_refreshed() {
    let mut ledger = Ledger::new();
    let chunk = ledger.start_chunk(Some(100));
    ledger.enter(50, 1);
    assert_eq!(fate_of(&mut ledger, 50), Fate::Keep);
    ledger.finish_chunk(chunk);
    assert_eq!(fate_of(&mut ledger, 50), Fate::Refresh);
}

#[test]
fn a_change_in_a_later_chunk_waits_for_those_before() {
    let mut ledger = Ledger::new();
    let first = ledger.start_chunk(Some(100));
    ledger.enter(150, 1);
    ledger.start_chunk(Some(200));
    assert_eq!(fate_of(&mut ledger, 150), Fate::Keep);
    ledger.finish_chunk(first);
    assert_eq!(fate_of(&mut ledger, 150), Fate::Forget);
}

#[test]
fn a_change_beyond_all_chunks_is_forgotten() {
    let mut ledger = Ledger::new();
    ledger.start_chunk(Some(100));
    ledger.enter(150, 1);
    assert_eq!(fate_of(&mut ledger, 150), Fate::Forget);
    ledger.start_chunk(None);
    assert_eq!(fate_of(&mut ledger, 150), Fate::Keep, "now it may be in flight");
}

#[test]
fn neighbours_of_one_kind_are_one_segment() {
    let mut ledger = Ledger::new();
    let chunks: Vec<ChunkNo> = (1..=9).map(|n| ledger.start_chunk(Some(n * 100))).collect();
    for chunk in [0, 1, 4, 5, 6] {
        ledger.finish_chunk(chunks[chunk]);
    }
    ledger.enter(1, 1);
    let round = ledger.take_round(9).expect("pending");
    assert_eq!(round.frontier.uppers(), [200, 400, 700, 900]);
    ledger.close_round([]);
    for (key, fate) in [
        (150, Fate::Refresh),
        (250, Fate::Keep),
        (350, Fate::Keep),
        (450, Fate::Refresh),
        (650, Fate::Refresh),
        (850, Fate::Keep),
        (950, Fate::Forget),
    ] {
        ledger.enter(key, 2);
        assert_eq!(fate_of(&mut ledger, key), fate, "{key}");
    }
}

#[test]
fn every_key_has_its_turn_before_one_has_its_second() {
    let mut ledger = Ledger::weighing(|key: &i64| usize::try_from(*key).expect("positive"));
    ledger.start_chunk(None);
    for key in [3, 4, 5] {
        ledger.enter(key, 1);
    }
    ledger.deliver(1);
    assert_eq!((ledger.backlog(), ledger.weight()), (3, 12));
    let sweep = ledger.next_sweep();
    let mut seen = Vec::new();
    for turn in 1..=3 {
        let round = ledger.take_round(1).expect("pending");
        assert_eq!(round.entries.len(), 1, "at least one, however heavy");
        seen.push(round.entries[0].0);
        assert!(!ledger.has_swept(sweep), "the round is out");
        ledger.enter(6 + turn, 2);
        ledger.close_round(round.entries.iter().copied());
        assert_eq!(ledger.has_swept(sweep), turn == 3);
        assert_eq!(ledger.safe(), 0, "all are kept");
    }
    seen.sort_unstable();
    assert_eq!(seen, [3, 4, 5]);
    assert_eq!((ledger.backlog(), ledger.weight()), (6, 12 + 7 + 8 + 9));
    let all = ledger.take_all().expect("pending");
    assert_eq!(all.entries.len(), 6);
    ledger.close_round([]);
    assert_eq!((ledger.backlog(), ledger.weight(), ledger.safe()), (0, 0, 1));
    assert!(ledger.has_swept(ledger.next_sweep()), "nothing is pending");
}

#[test]
fn a_sweep_may_be_cut_short() {
    let mut ledger = Ledger::new();
    ledger.start_chunk(None);
    for key in 1..=4 {
        ledger.enter(key, 1);
    }
    let round = ledger.take_round(2).expect("pending");
    assert_eq!(round.entries.len(), 2);
    ledger.close_round([]);
    assert!(ledger.is_mid_sweep());
    ledger.enter(5, 2);
    let all = ledger.take_all().expect("pending");
    assert_eq!((all.entries.len(), ledger.weight()), (3, 3));
    assert_eq!(ledger.safe(), 0);
    ledger.close_round([]);
    assert_eq!(ledger.weight(), 0);
}

#[test]
fn an_island_above_the_mark_is_covered() {
    let mut ledger = Ledger::new();
    ledger.start_chunk(Some(100));
    let island = ledger.start_chunk(Some(200));
    ledger.finish_chunk(island);
    ledger.enter(100, 1);
    ledger.enter(101, 1);
    ledger.enter(200, 1);
    assert_eq!(fate_of(&mut ledger, 100), Fate::Keep);
    assert_eq!(fate_of(&mut ledger, 101), Fate::Refresh);
    assert_eq!(fate_of(&mut ledger, 200), Fate::Refresh);
}

#[test]
fn a_part_of_a_chunk_is_covered_before_the_whole() {
    let mut ledger = Ledger::new();
    let first = ledger.start_chunk(Some(100));
    let last = ledger.start_chunk(None);
    ledger.finish_part(first, 40);
    ledger.finish_part(last, 140);
    for key in [40, 41, 100, 101, 140, 141] {
        ledger.enter(key, 1);
    }
    assert_eq!(fate_of(&mut ledger, 40), Fate::Refresh);
    assert_eq!(fate_of(&mut ledger, 41), Fate::Keep);
    assert_eq!(fate_of(&mut ledger, 100), Fate::Keep);
    assert_eq!(fate_of(&mut ledger, 101), Fate::Refresh);
    assert_eq!(fate_of(&mut ledger, 140), Fate::Refresh);
    assert_eq!(fate_of(&mut ledger, 141), Fate::Keep);
    ledger.finish_part(first, 60);
    assert_eq!(fate_of(&mut ledger, 41), Fate::Refresh);
    ledger.finish_chunk(first);
    assert_eq!(fate_of(&mut ledger, 100), Fate::Refresh);
    ledger.finish_chunk(last);
    assert!(ledger.take_round(9).expect("pending").frontier.is_all_covered());
}

#[test]
fn the_last_chunk_has_no_upper_bound() {
    let mut ledger = Ledger::new();
    let first = ledger.start_chunk(Some(100));
    let last = ledger.start_chunk(None);
    ledger.enter(i64::MAX, 1);
    ledger.finish_chunk(first);
    assert_eq!(fate_of(&mut ledger, i64::MAX), Fate::Keep);
    ledger.finish_chunk(last);
    assert!(ledger.copy_is_complete());
    assert_eq!(fate_of(&mut ledger, i64::MAX), Fate::Refresh);
    assert!(ledger.take_round(9).expect("pending").frontier.is_all_covered());
}

#[test]
fn a_later_change_raises_due_and_keeps_since() {
    let mut ledger = Ledger::new();
    let first = ledger.start_chunk(Some(100));
    ledger.enter(150, 1);
    ledger.finish_chunk(first);
    ledger.start_chunk(Some(200));
    ledger.enter(150, 2);
    assert_eq!(fate_of(&mut ledger, 150), Fate::Keep);
    ledger.deliver(2);
    assert_eq!(ledger.safe(), 0);
}

#[test]
fn safe_waits_for_the_oldest_change() {
    let mut ledger = Ledger::new();
    let chunk = ledger.start_chunk(None);
    ledger.enter(1, 5);
    ledger.deliver(9);
    assert_eq!(ledger.safe(), 4);
    let round = ledger.take_round(9).expect("pending");
    ledger.enter(2, 10);
    ledger.deliver(10);
    assert_eq!(ledger.safe(), 4, "the round is still out");
    assert_eq!(ledger.backlog(), 2);
    ledger.close_round(round.entries.iter().copied());
    assert_eq!(ledger.safe(), 4, "the key was put back");
    ledger.finish_chunk(chunk);
    let round = ledger.take_round(9).expect("pending");
    drop(round);
    ledger.close_round([]);
    assert_eq!(ledger.safe(), 10);
    assert_eq!(ledger.backlog(), 0);
}

#[test]
fn watching_starts_with_what_is_unsettled() {
    let mut ledger = Ledger::new();
    ledger.start_chunk(None);
    ledger.enter(1, 1);
    let round = ledger.take_round(9).expect("pending");
    ledger.enter(2, 2);
    ledger.deliver(2);
    ledger.watch();
    assert!(ledger.touched_after(&1, ledger.safe()) && ledger.touched_after(&2, 2));
    ledger.close_round([]);
    drop(round);
    ledger.enter(3, 4);
    ledger.deliver(4);
    assert_eq!(ledger.dirty_weight(), 3);
    assert_eq!(ledger.dirty_after(3), vec![3]);
    assert_eq!(ledger.dirty_weight(), 1);
    assert!(!ledger.touched_after(&1, 0), "what is clean is watched no longer");
}
