//! The judge is judged: the twin test must pass a migration that is right and catch each kind of
//! wrong one.

use crate::support::story::shape::unique_text;
use crate::support::story::{ByHand, Story, values};

fn story(name: &'static str) -> Story {
    Story::new(name)
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

fn verdict(story: Story) -> String {
    story.tell().expect_err("the judge let it pass")
}

#[test]
fn passes_what_is_right() {
    story("judge_right").by_hand(ByHand::Altered).run();
}

#[test]
fn catches_lost_updates() {
    let verdict = verdict(story("judge_lost").by_hand(ByHand::Copied));
    // A lost row may also make the application stumble, because it knows what it has written.
    let caught = ["in the twin", "rows differ", "the application got errors"];
    assert!(caught.iter().any(|words| verdict.contains(words)), "{verdict}");
}

#[test]
fn catches_one_changed_byte() {
    let meddled = story("judge_byte")
        .by_hand(ByHand::Altered)
        .meddle("UPDATE {t} SET v = CONCAT(IFNULL(v, ''), ' ') WHERE w = 255 LIMIT 1");
    let verdict = verdict(meddled);
    assert!(verdict.starts_with("1 rows differ"), "{verdict}");
}

#[test]
fn catches_another_counter() {
    let verdict = verdict(
        story("judge_counter")
            .by_hand(ByHand::Altered)
            .meddle("ALTER TABLE {t} AUTO_INCREMENT = 999999"),
    );
    assert!(verdict.starts_with("AUTO_INCREMENT is Some(999999)"), "{verdict}");
}

#[test]
fn catches_another_definition() {
    let meddled = story("judge_definition")
        .by_hand(ByHand::Altered)
        .meddle("ALTER TABLE {t} MODIFY n INT NOT NULL COMMENT 'x'");
    let verdict = verdict(meddled);
    assert!(verdict.starts_with("the definitions differ"), "{verdict}");
}

#[test]
fn catches_what_is_left_behind() {
    let verdict = verdict(
        story("judge_left")
            .by_hand(ByHand::Altered)
            .meddle("CREATE TABLE judge_left.t__zosc_shadow (a INT)"),
    );
    assert!(verdict.starts_with("the schema holds"), "{verdict}");
}
