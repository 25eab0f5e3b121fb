//! Statements that are longer than an argument may be.

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::zosc;

use super::columns;

played! {
    on_both_servers: longer_than_an_argument;
}

async fn longer_than_an_argument(place: Place) {
    let table = ["CREATE TABLE orders (id INT PRIMARY KEY)", "INSERT INTO orders VALUES (1), (2)"];
    let ground = Ground::laid("recipe_long", place, &table).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("change.sql");
    let why = "because ".repeat(40_000);
    std::fs::write(&file, format!("ALTER TABLE orders ADD /* {why} */ note INT")).unwrap();
    let flags = ["--copy", "--database", &ground.schema, "--file", file.to_str().unwrap()];
    let ran = zosc::start(&ground.address, &flags).wait(PATIENCE);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.finished()["outcome"], "copied");
    assert_eq!(columns(&ground, "orders").await, ["id", "note"]);
    ground.gone().await;
}
