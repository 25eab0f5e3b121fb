//! Is a taken unique key taken for good?

use zosc::conflict::{self, Violation};
use zosc::error::{Error, Kind};

use super::stage::{Stage, key, run};

/// The original of the test; `u` becomes unique in the shadow.
const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, u VARCHAR(9) COLLATE utf8mb4_bin, v INT)";
const UNIQUE: &str = "MODIFY u VARCHAR(9) COLLATE utf8mb4_0900_ai_ci, ADD UNIQUE uniq (u, v)";

async fn stage(schema: &str, rows: &str, alter: &str) -> Stage {
    Stage::set(schema, &[TABLE, &format!("INSERT INTO t VALUES {rows}")], alter, "PRIMARY").await
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

#[tokio::test]
async fn two_rows_of_one_chunk() {
    let rows = "(1, 'a', 1), (2, 'b', 1), (3, NULL, 1), (4, NULL, 1), (5, 'A', 1), (6, 'a', 2)";
    let mut stage = stage("conflict_chunk", rows, UNIQUE).await;
    let (_, found) = conflict(&mut stage, "`id` <= 6").await;
    let found = found.unwrap();
    let mut pair = [found.first.clone(), found.second.clone()];
    pair.sort();
    assert_eq!(pair, [key(1), key(5)]);
    let error = found.into_error(&stage.pair);
    assert_eq!((error.kind, error.code), (Kind::Failed, "duplicate_key"));
    assert!(error.message.contains("(id=1)") && error.message.contains("unique key `uniq`"));
}

#[tokio::test]
async fn a_row_of_an_earlier_chunk() {
    let mut stage = stage("conflict_earlier", "(1, 'a', 1), (7, 'A', 1)", UNIQUE).await;
    run(&mut stage.session, &stage.pair.carry("id = 1")).await;
    let (_, found) = conflict(&mut stage, "`id` > 1").await;
    assert_eq!(found, Some(violation(7, 1)));
}

#[tokio::test]
async fn a_stale_row_is_no_violation() {
    let mut stage = stage("conflict_stale", "(1, 'a', 1), (7, 'b', 1)", UNIQUE).await;
    run(&mut stage.session, &stage.pair.carry("id = 1")).await;
    run(&mut stage.session, "UPDATE t SET u = 'c' WHERE id = 1").await;
    run(&mut stage.session, "UPDATE t SET u = 'A' WHERE id = 7").await;
    let (_, found) = conflict(&mut stage, "`id` IN (7)").await;
    assert_eq!(found, None);
}

#[tokio::test]
async fn the_key_itself() {
    let make = [
        "CREATE TABLE t (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY)",
        "INSERT INTO t VALUES ('a'), ('A')",
    ];
    let alter = "MODIFY k VARCHAR(9) COLLATE utf8mb4_0900_ai_ci";
    let mut stage = Stage::set("conflict_key", &make, alter, "PRIMARY").await;
    run(&mut stage.session, &stage.pair.carry("k = 'a'")).await;
    let (_, found) = conflict(&mut stage, "`k` = 'A'").await;
    let error = found.unwrap().into_error(&stage.pair);
    assert!(error.message.contains("(k='A') and (k='a')"), "{error}");
}

#[tokio::test]
async fn a_unique_key_that_cannot_be_looked_up() {
    for (schema, alter) in [
        ("conflict_expression", "ADD UNIQUE ((LOWER(u)))"),
        ("conflict_prefix", "ADD UNIQUE (u(1))"),
        ("conflict_generated", "ADD g VARCHAR(9) AS (LOWER(u)), ADD UNIQUE (g)"),
    ] {
        let mut stage = stage(schema, "(1, 'a', 1), (7, 'A', 1), (8, 'ab', 1)", alter).await;
        assert_eq!(conflict(&mut stage, "TRUE").await.1, None);
    }
}
