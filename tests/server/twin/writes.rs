//! Ways of writing, and circumstances, that have undone other tools.

use std::time::Duration;

use crate::support::address::Address;
use crate::support::mysqld::{Kind, Mysqld};
use crate::support::story::book::Act;
use crate::support::story::shape::{unique_number, unique_text};
use crate::support::story::{Story, values};

/// A table with two unique columns for the writers to quarrel about.
fn contested(name: &'static str) -> Story {
    Story::new(name)
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30), u VARCHAR(20) UNIQUE, \
             n INT UNIQUE",
            "",
        )
        .column("v", values::word())
        .unique("u", unique_text)
        .unique("n", unique_number)
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
}

#[test]
fn chunks_of_ten_rows() {
    contested("write_tiny").rows(3_000).args(&["--max-chunk-rows=10", "--workers=4"]).run();
}

#[test]
fn unique_values_wander_from_row_to_row() {
    contested("write_swaps")
        .rows(2_000)
        .acts(&[Act::Swap, Act::Shift, Act::DeleteThenInsert, Act::Move, Act::Delete, Act::Insert])
        .args(&["--max-chunk-rows=20", "--workers=4"])
        .pause(Duration::ZERO)
        .run();
}

#[test]
fn a_few_hot_rows() {
    contested("write_hot")
        .rows(60)
        .writers(8)
        .args(&["--max-chunk-rows=5"])
        .pause(Duration::ZERO)
        .run();
}

#[test]
fn an_empty_table_that_fills() {
    contested("write_empty").rows(0).acts(&[Act::Insert, Act::Update]).run();
}

#[test]
fn keys_move_to_and_fro() {
    contested("write_moves")
        .acts(&[Act::Move, Act::Move, Act::Update])
        .args(&["--max-chunk-rows=50", "--workers=4"])
        .pause(Duration::ZERO)
        .run();
}

#[test]
fn one_statement_changes_many_rows() {
    contested("write_many").acts(&[Act::UpdateMany, Act::UpdateRange, Act::Move]).run();
}

/// The isolation that applications have when they do not choose.
#[test]
fn the_application_reads_repeatably() {
    contested("write_repeatable")
        .session("SET SESSION transaction_isolation = 'REPEATABLE-READ'")
        .acts(&[Act::Update, Act::UpdateMany, Act::Insert])
        .run();
}

#[test]
fn the_log_has_only_what_changed() {
    contested("write_minimal").session("SET SESSION binlog_row_image = 'MINIMAL'").run();
}

#[test]
fn the_log_is_compressed() {
    contested("write_compressed").session("SET SESSION binlog_transaction_compression = ON").run();
}

#[test]
fn the_table_is_partitioned() {
    Story::new("write_partitioned")
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30)",
            "PARTITION BY HASH (id) PARTITIONS 5",
        )
        .column("v", values::word())
        .alter("ADD COLUMN c INT")
        .run();
}

/// A change is in the log a second before its row can be read: who reads the row when the log tells
/// of it, reads the old one.
#[test]
fn the_log_runs_ahead_of_the_rows() {
    let server = Mysqld::start(Kind::Mysql, &["--sync-binlog=0"]);
    Story::new("write_delay")
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30)", "")
        .column("v", values::word())
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
        .on(Address::of(&server))
        .rows(800)
        .writers(16)
        .pause(Duration::ZERO)
        .before("SET GLOBAL binlog_group_commit_sync_delay = 1000000")
        .args(&["--max-chunk-rows=100", "--workers=4", "--lock-timeout=20s", "--max-lock-hold=60s"])
        .run();
}
