//! The judge is judged: the twin test must pass a migration that is right and catch each kind of
//! wrong one.

use crate::support::place::{Place, Play, played};
use crate::support::story::shape::unique_text;
use crate::support::story::{ByHand, Story, values};

played! {
    on_both_servers:
        passes_what_is_right,
        catches_lost_updates,
        catches_one_changed_byte,
        catches_another_counter,
        catches_another_definition,
        catches_a_trigger,
        catches_what_is_left_behind;
}

fn story(name: &str, place: Place) -> Story {
    Story::new(name, place)
        .table(
            "id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \
             v VARCHAR(40), n INT NOT NULL, u VARCHAR(20) UNIQUE",
            "",
        )
        .column("v", values::maybe(values::word()))
        .column("n", values::int(-1_000..=1_000))
        .unique("u", unique_text)
        .rows(2_000)
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 7 FIRST")
}

/// A story that must not end well, and a look at what is said of it.
struct Verdict(Story, fn(&str) -> bool);

impl Play for Verdict {
    fn play(self) {
        let Self(story, is_right) = self;
        let verdict = story.tell().expect_err("the judge let it pass");
        assert!(is_right(&verdict), "{verdict}");
    }
}

fn passes_what_is_right(place: Place) -> Story {
    story("judge_right", place).by_hand(ByHand::Altered)
}

fn catches_lost_updates(place: Place) -> Verdict {
    Verdict(story("judge_lost", place).by_hand(ByHand::Copied), |verdict| {
        // A lost row may also make the application stumble, because it knows what it has written.
        let caught = ["in the twin", "rows differ", "the application got errors"];
        caught.iter().any(|words| verdict.contains(words))
    })
}

/// The table is meddled with after it was altered rightly.
fn meddled(name: &str, place: Place, sql: &str, is_right: fn(&str) -> bool) -> Verdict {
    Verdict(story(name, place).by_hand(ByHand::Altered).meddle(sql), is_right)
}

fn catches_one_changed_byte(place: Place) -> Verdict {
    let meddling = "UPDATE {t} SET v = CONCAT(IFNULL(v, ''), ' ') WHERE w = 255 LIMIT 1";
    meddled("judge_byte", place, meddling, |verdict| verdict.starts_with("1 rows differ"))
}

fn catches_another_counter(place: Place) -> Verdict {
    meddled("judge_counter", place, "ALTER TABLE {t} AUTO_INCREMENT = 999999", |verdict| {
        verdict.starts_with("AUTO_INCREMENT is Some(999999)")
    })
}

fn catches_another_definition(place: Place) -> Verdict {
    let meddling = "ALTER TABLE {t} MODIFY n INT NOT NULL COMMENT 'x'";
    meddled("judge_definition", place, meddling, |verdict| {
        verdict.starts_with("the definitions differ")
    })
}

fn catches_a_trigger(place: Place) -> Verdict {
    let meddling = "CREATE TRIGGER {s}.ours BEFORE INSERT ON {t} FOR EACH ROW SET NEW.n = 1";
    meddled("judge_trigger", place, meddling, |verdict| verdict.starts_with("the triggers are"))
}

fn catches_what_is_left_behind(place: Place) -> Verdict {
    let meddling = "CREATE TABLE {s}.t__zosc_shadow (a INT)";
    meddled("judge_left", place, meddling, |verdict| verdict.starts_with("the schema holds"))
}
