//! Ways of writing, and circumstances, that have undone other tools.

use std::time::Duration;

use crate::support::place::{Place, played};
use crate::support::story::act::Act;
use crate::support::story::{Story, values};

played! {
    on_all_servers:
        unique_values_wander_from_row_to_row;
    everywhere:
        keys_move_to_and_fro,
        the_log_has_only_what_changed,
        the_table_has_triggers_of_its_own,
        files_are_loaded_and_tables_are_joined,
        transactions_are_prepared,
        chunks_of_ten_rows,
        a_few_hot_rows,
        an_empty_table_that_fills,
        one_statement_changes_many_rows,
        the_application_reads_repeatably,
        the_log_is_compressed,
        the_table_is_partitioned;
    mariadb:
        snapshots_are_isolated;
    with_triggers:
        there_is_no_log,
        the_log_is_mixed;
    with_binlog:
        the_server_numbers_rows_under_a_lock,
        the_log_runs_ahead_of_the_rows;
    mysql_with_triggers:
        the_server_numbers_rows_ahead;
    mysql_with_binlog:
        json_is_logged_in_parts;
}

/// A table with two unique columns for the writers to quarrel about.
fn contested(name: &str, place: Place) -> Story {
    Story::new(name, place).of_words().alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
}

fn chunks_of_ten_rows(place: Place) -> Story {
    contested("write_tiny", place).rows(1_000).args(&["--max-chunk-rows=10", "--workers=4"])
}

fn unique_values_wander_from_row_to_row(place: Place) -> Story {
    contested("write_swaps", place)
        .rows(700)
        .acts(&[Act::Swap, Act::Shift, Act::DeleteThenInsert, Act::Move, Act::Delete, Act::Insert])
        .args(&["--max-chunk-rows=20", "--workers=4"])
        .pause(Duration::from_millis(2))
}

fn a_few_hot_rows(place: Place) -> Story {
    contested("write_hot", place)
        .rows(60)
        .writers(8)
        .acts(&[Act::Update, Act::Move, Act::Swap, Act::Shift, Act::DeleteThenInsert, Act::Replace])
        .args(&["--max-chunk-rows=5"])
        .pause(Duration::from_millis(4))
}

fn an_empty_table_that_fills(place: Place) -> Story {
    contested("write_empty", place).rows(0).acts(&[Act::Insert, Act::Update])
}

fn keys_move_to_and_fro(place: Place) -> Story {
    contested("write_moves", place)
        .rows(1_000)
        .acts(&[Act::Move, Act::Move, Act::Update])
        .args(&["--max-chunk-rows=50", "--workers=4"])
        .pause(Duration::ZERO)
}

fn one_statement_changes_many_rows(place: Place) -> Story {
    contested("write_many", place).rows(1_000).acts(&[Act::UpdateMany, Act::UpdateRange, Act::Move])
}

/// The isolation that applications have when they do not choose.
///
/// On MySQL a statement of many rows that fails leaves the end of the trigger's log locked, and the
/// writers would hold each other up: there they have nothing to quarrel about.
fn repeatable(name: &str, place: Place) -> Story {
    let story = if place == Place::MYSQL_TRIGGERS {
        Story::new(name, place)
            .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30)", "")
            .column("v", values::word())
            .alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
    } else {
        contested(name, place)
    };
    story.session("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").acts(&[
        Act::Update,
        Act::UpdateMany,
        Act::Insert,
    ])
}

fn the_application_reads_repeatably(place: Place) -> Story {
    repeatable("write_repeatable", place).rows(1_000)
}

fn the_log_has_only_what_changed(place: Place) -> Story {
    contested("write_minimal", place).session("SET SESSION binlog_row_image = 'MINIMAL'")
}

fn the_log_is_compressed(place: Place) -> Story {
    let story = contested("write_compressed", place);
    if place.database.is_mysql() {
        return story.session("SET SESSION binlog_transaction_compression = ON");
    }
    story.on_a_server_with(&["--log-bin-compress=ON", "--log-bin-compress-min-len=10"])
}

fn the_table_is_partitioned(place: Place) -> Story {
    Story::new("write_partitioned", place)
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30)",
            "PARTITION BY HASH (id) PARTITIONS 5",
        )
        .column("v", values::word())
        .alter("ADD COLUMN c INT")
}

/// A change is in the log long before its row can be read: who reads the row when the log tells of
/// it, reads the old one.
fn the_log_runs_ahead_of_the_rows(place: Place) -> Story {
    Story::new("write_delay", place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30)", "")
        .column("v", values::word())
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
        .on_a_server_whose_log_runs_ahead(Duration::from_millis(100))
        .rows(500)
        .writers(16)
        .pause(Duration::ZERO)
        .args(&["--max-chunk-rows=100", "--workers=4", "--lock-timeout=20s", "--max-lock-hold=60s"])
}

/// They change values before a row is written, and tell others afterwards.
fn the_table_has_triggers_of_its_own(place: Place) -> Story {
    contested("write_triggers", place)
        .rows(1_000)
        .before("ALTER TABLE {t} ADD COLUMN times INT NOT NULL DEFAULT 0")
        .before("CREATE TRIGGER {s}.first BEFORE INSERT ON {t} FOR EACH ROW SET NEW.v = REVERSE(NEW.v)")
        .before("CREATE TRIGGER {s}.second BEFORE INSERT ON {t} FOR EACH ROW SET NEW.times = 1000")
        .before("CREATE TRIGGER {s}.counts BEFORE UPDATE ON {t} FOR EACH ROW SET NEW.times = OLD.times + 1")
        .before("CREATE TRIGGER {s}.tells AFTER UPDATE ON {t} FOR EACH ROW SET @told = NEW.id")
        .before("CREATE TRIGGER {s}.gone AFTER DELETE ON {t} FOR EACH ROW BEGIN SET @gone = OLD.id; SET @v = OLD.v; END")
}

fn files_are_loaded_and_tables_are_joined(place: Place) -> Story {
    contested("write_load", place)
        .acts(&[Act::Load, Act::UpdateJoined, Act::DeleteJoined, Act::Replace, Act::Upsert])
        .args(&["--max-chunk-rows=50"])
}

fn transactions_are_prepared(place: Place) -> Story {
    contested("write_xa", place).prepared()
}

fn json_is_logged_in_parts(place: Place) -> Story {
    Story::new("write_partial", place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, j JSON", "")
        .session(
            "SET SESSION binlog_row_value_options = 'PARTIAL_JSON', binlog_row_image = 'MINIMAL'",
        )
        .column(
            "j",
            values::one_of(&[
                "'{\"a\": 1, \"b\": \"long enough to be left out\"}'",
                "JSON_SET(j, '$.a', 2)",
                "JSON_REMOVE(j, '$.a')",
            ]),
        )
        .alter("ADD COLUMN c INT FIRST")
}

/// Each statement that inserts keeps others from getting numbers until it ends.
fn the_server_numbers_rows_under_a_lock(place: Place) -> Story {
    contested("write_autoinc", place).on_a_server_with(&["--innodb-autoinc-lock-mode=0"])
}

/// What only some statements do is MariaDB's default.
fn the_server_numbers_rows_ahead(place: Place) -> Story {
    contested("write_ahead", place).on_a_server_with(&["--innodb-autoinc-lock-mode=1"])
}

fn snapshots_are_isolated(place: Place) -> Story {
    contested("write_isolated", place)
        .scattered()
        .on_a_server_with(&["--innodb-snapshot-isolation=ON"])
}

fn there_is_no_log(place: Place) -> Story {
    contested("write_unlogged", place).on_a_server_with(&["--skip-log-bin"])
}

/// What a statement does is logged as the statement where that is safe; then no uncommitted rows of
/// others may have been read.
fn the_log_is_mixed(place: Place) -> Story {
    repeatable("write_mixed", place).on_a_server_with(&["--binlog-format=MIXED"])
}
