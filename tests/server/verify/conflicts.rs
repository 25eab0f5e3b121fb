//! Is a taken unique key taken for good?

use zosc::conflict::{self, Violation};
use zosc::error::{Error, Kind};

use super::stage::{Stage, key, run};
use crate::support::each::{on_both, on_mariadb};
use crate::support::mysqld::Database;

/// The original of the test; `u` becomes unique in the shadow.
const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, u VARCHAR(9) COLLATE utf8mb4_bin, v INT)";
const UNIQUE: &str = "MODIFY u VARCHAR(9) COLLATE utf8mb4_0900_ai_ci, ADD UNIQUE uniq (u, v)";

async fn stage(database: Database, schema: &str, rows: &str, alter: &str) -> Stage {
    Stage::set(
        database,
        schema,
        &[TABLE, &format!("INSERT INTO t VALUES {rows}")],
        alter,
        "PRIMARY",
    )
    .await
}

/// Carries the rows over and looks for the violation behind the error.
async fn conflict(stage: &mut Stage, predicate: &str) -> (Error, Option<Violation>) {
    let error = stage.session.run(stage.pair.carry(predicate)).await.unwrap_err();
    assert_eq!(error.errno(), Some(1062), "{error}");
    let found = conflict::find(&mut stage.session, &stage.pair, predicate, &error).await.unwrap();
    (error, found)
}

fn violation(first: i64, second: i64) -> Violation {
    Violation { index: "uniq".into(), first: key(first), second: key(second) }
}

async fn two_rows_of_one_chunk(database: Database) {
    let rows = "(1, 'a', 1), (2, 'b', 1), (3, NULL, 1), (4, NULL, 1), (5, 'A', 1), (6, 'a', 2)";
    let mut stage = stage(database, "conflict_chunk", rows, UNIQUE).await;
    let (_, found) = conflict(&mut stage, "`id` <= 6").await;
    let found = found.unwrap();
    let mut pair = [found.first.clone(), found.second.clone()];
    pair.sort();
    assert_eq!(pair, [key(1), key(5)]);
    let error = found.into_error(&stage.pair);
    assert_eq!((error.kind, error.code), (Kind::Failed, "duplicate_key"));
    assert!(error.message.contains("(id=1)") && error.message.contains("unique key `uniq`"));
}

async fn a_row_of_an_earlier_chunk(database: Database) {
    let mut stage = stage(database, "conflict_earlier", "(1, 'a', 1), (7, 'A', 1)", UNIQUE).await;
    run(&mut stage.session, &stage.pair.carry("id = 1")).await;
    let (_, found) = conflict(&mut stage, "`id` > 1").await;
    assert_eq!(found, Some(violation(7, 1)));
}

async fn a_stale_row_is_no_violation(database: Database) {
    let mut stage = stage(database, "conflict_stale", "(1, 'a', 1), (7, 'b', 1)", UNIQUE).await;
    run(&mut stage.session, &stage.pair.carry("id = 1")).await;
    run(&mut stage.session, "UPDATE t SET u = 'c' WHERE id = 1").await;
    run(&mut stage.session, "UPDATE t SET u = 'A' WHERE id = 7").await;
    let (_, found) = conflict(&mut stage, "`id` IN (7)").await;
    assert_eq!(found, None);
}

async fn the_key_itself(database: Database) {
    let make = [
        "CREATE TABLE t (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY)",
        "INSERT INTO t VALUES ('a'), ('A')",
    ];
    let alter = "MODIFY k VARCHAR(9) COLLATE utf8mb4_0900_ai_ci";
    let mut stage = Stage::set(database, "conflict_key", &make, alter, "PRIMARY").await;
    run(&mut stage.session, &stage.pair.carry("k = 'a'")).await;
    let (_, found) = conflict(&mut stage, "`k` = 'A'").await;
    let error = found.unwrap().into_error(&stage.pair);
    assert!(error.message.contains("(k='A') and (k='a')"), "{error}");
}

async fn a_unique_key_that_cannot_be_looked_up(database: Database) {
    let mut alters = vec![
        ("conflict_prefix", "ADD UNIQUE (u(1))"),
        ("conflict_generated", "ADD g VARCHAR(9) AS (LOWER(u)), ADD UNIQUE (g)"),
    ];
    if database.is_mysql() {
        alters.push(("conflict_expression", "ADD UNIQUE ((LOWER(u)))"));
    }
    for (schema, alter) in alters {
        let rows = "(1, 'a', 1), (7, 'A', 1), (8, 'ab', 1)";
        let mut stage = stage(database, schema, rows, alter).await;
        assert_eq!(conflict(&mut stage, "TRUE").await.1, None);
    }
}

/// A unique key over a text of any length, which is kept as a hash.
async fn a_unique_hash_is_looked_up(database: Database) {
    let alter = "MODIFY u TEXT COLLATE utf8mb4_general_ci, ADD UNIQUE uniq (u, v)";
    let rows = "(1, 'a', 1), (7, 'A', 1), (8, 'ab', 1)";
    let mut stage = stage(database, "conflict_hash", rows, alter).await;
    run(&mut stage.session, &stage.pair.carry("id = 1")).await;
    let (error, found) = conflict(&mut stage, "`id` > 1").await;
    assert_eq!(found, Some(violation(7, 1)));
    let held = conflict::held_by_others(&mut stage.session, &stage.pair, "`id` > 1", &error);
    assert_eq!(held.await.unwrap(), [key(7)]);
}

on_mariadb!(a_unique_hash_is_looked_up);
on_both!(
    two_rows_of_one_chunk,
    a_row_of_an_earlier_chunk,
    a_stale_row_is_no_violation,
    the_key_itself,
    a_unique_key_that_cannot_be_looked_up
);
