//! The memory of the process has a bound, whatever the application does. It dies when it takes more.

mod backlog;
mod retention;
mod transaction;
mod wide;

use std::time::Duration;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::Place;
use crate::support::zosc::{self, Ran, Running};

/// KiB for data, which count as soon as they are asked for: more than is ever resident.
const LIMIT_KIB: u64 = 384 << 10;
/// KiB that may be resident.
const BOUND_KIB: u64 = 192 << 10;

const ALTER: &str = "ADD COLUMN c INT NOT NULL DEFAULT 7";

/// The statements that make table `t`, with so many rows whose keys have so many bytes.
fn wide_keys(place: Place, rows: u64, width: usize) -> [String; 3] {
    [
        format!("CREATE TABLE t (id VARBINARY({width}) PRIMARY KEY, v INT NOT NULL)"),
        place.database.words("SET cte_max_recursion_depth = 1000000"),
        format!(
            "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
             WHERE i < {rows}) SELECT CONCAT(LPAD(i, 10, '0'), REPEAT('k', {width} - 10)), 1 FROM n"
        ),
    ]
}

/// Starts the change of table `t` within the limit.
fn start(ground: &Ground, flags: &[&str]) -> Running {
    let (capture, name) = (ground.place.flag(), format!("{}.t", ground.schema));
    let ours = ["--copy", &capture, "--alter", ALTER, &name];
    zosc::start_within(&ground.address, LIMIT_KIB, &[flags, &ours].concat())
}

/// A table that is what `t` is to become, made by other means. Nobody may write any more.
async fn make_twin(ground: &Ground) {
    ground
        .run(&[
            "CREATE TABLE twin LIKE t",
            &format!("ALTER TABLE twin {ALTER}"),
            "INSERT INTO twin SELECT *, 7 FROM t",
        ])
        .await;
}

/// Waits for the end, which must be good, within the bound, and with the same rows as the twin.
#[allow(clippy::print_stderr)] // for people who watch
async fn is_twin(ground: Ground, running: Running, bound_kib: u64) -> Ran {
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let checksum = async |table: &str| {
        ground.address.cell(&format!("CHECKSUM TABLE `{}`.`{table}`", ground.schema), 1).await
    };
    assert_eq!(checksum("t").await, checksum("twin").await, "{ran:#?}");
    eprintln!("{} had {} MiB", ground.schema, ran.peak_kib >> 10);
    assert!(ran.peak_kib > 0 && ran.peak_kib < bound_kib, "{} KiB: {ran:#?}", ran.peak_kib);
    ground.gone().await;
    ran
}

/// Asks again until the answer of a query in the schema is at least this.
async fn until_at_least(ground: &Ground, running: &mut Running, sql: &str, number: u64) {
    loop {
        assert!(running.is_running(), "while waiting for {sql}: {}", running.said());
        let answer = ground.column(sql).await;
        if answer.first().is_some_and(|answer| answer.parse::<u64>().unwrap() >= number) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asks again until there is a shadow.
async fn until_there_is_a_shadow(ground: &Ground, running: &mut Running) {
    while !ground.tables().await.contains(&"t__zosc_shadow".to_owned()) {
        assert!(running.is_running(), "zosc ended before its shadow was seen");
    }
}
