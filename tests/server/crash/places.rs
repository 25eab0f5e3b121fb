//! Deaths between two things that the server or the journal is to remember.

use crate::support::place::{Place, played};
use crate::support::story::{Broken, Story, values};

played! {
    everywhere: on_the_whole_way;
    on_both_servers: when_the_change_is_made;
    with_binlog: with_triggers_of_the_applications_own;
    with_triggers:
        when_a_trigger_is_gone;
}

/// Before anything is copied, in chunks, in batches of changed rows, and up to the verification.
const COPYING: [&str; 15] = [
    "capture-begun",
    "chunk-started",
    "chunk-copied",
    "chunk-noted",
    "chunk-committed",
    "renumbered",
    "batch-removed",
    "batch-carried",
    "batch-committed",
    "position-due",
    "position-written",
    "all-copied",
    "all-verified",
    "swap-due",
    "swap-noted",
];

const BINLOG: [&str; 4] = ["run-noted", "shadow-made", "shadow-altered", "shadow-noted"];
const TRIGGERS: [&str; 6] =
    ["run-noted", "shadow-made", "shadow-altered", "shadow-noted", "logs-made", "triggers-made"];

const LOCKED: [&str; 6] =
    ["shadow-ready", "locked", "drained", "ready-to-rename", "taken-back", "renamed"];
/// Behind the last one the rename passes by itself, or does not.
const QUEUED: [&str; 8] = [
    "shadow-ready",
    "sentry-up",
    "taken-back",
    "locked",
    "drained",
    "ready-to-rename",
    "queued",
    "sentry-down",
];

fn story(name: &str, place: Place) -> Story {
    Story::new(name, place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30), u VARCHAR(20)", "")
        .column("v", values::word())
        .rows(3_000)
        .args(&["--max-chunk-rows=150", "--workers=3"])
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
}

fn on_the_whole_way(place: Place) -> Story {
    let beginning = if place.has_triggers() { &TRIGGERS[..] } else { &BINLOG };
    let swap = if place.database.is_mysql() { &LOCKED[..] } else { &QUEUED };
    let all = [beginning, &COPYING, swap].concat();
    story("crash_way", place).broken(Broken::At(all))
}

fn when_the_change_is_made(place: Place) -> Story {
    story("crash_made", place).broken(Broken::At(vec!["end-due"]))
}

fn when_a_trigger_is_gone(place: Place) -> Story {
    story("crash_gone", place).broken(Broken::At(vec!["trigger-dropped"]))
}

/// They must be there once, whatever stood in for them.
fn with_triggers_of_the_applications_own(place: Place) -> Story {
    story("crash_own", place)
        .before(
            "CREATE TRIGGER {s}.own BEFORE UPDATE ON {t} FOR EACH ROW SET NEW.u = LEFT(NEW.v, 9)",
        )
        .broken(Broken::At(vec!["chunk-copied", "ready-to-rename", "triggers-named"]))
}
