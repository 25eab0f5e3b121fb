//! Ids become visible out of their order.

use mysql_async::prelude::Queryable;

use super::bench::{Bench, integers};
use crate::support::each::on_both;
use crate::support::mysqld::Database;

on_both!(a_late_id);

const TABLE: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)";

/// A transaction that wrote first commits last, after many polls and acknowledgements.
async fn a_late_id(kind: Database) {
    let mut bench = Bench::new(kind, "trg_late").await;
    bench.run(TABLE).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let mut late = bench.another().await;
    late.query_drop("START TRANSACTION").await.unwrap();
    late.query_drop("INSERT INTO t VALUES (1, 1)").await.unwrap();
    let mut session = bench.server.session().await.unwrap();
    for id in 2..8 {
        bench.run(&format!("INSERT INTO t VALUES ({id}, 1)")).await;
        let delivered = running.settled().await;
        assert_eq!(delivered.integers(), [id]);
        if id % 2 == 0 {
            let receipt = zosc::capture::Receipt::Rows(delivered.rows);
            running.deliveries.acknowledge().take(&mut session, &receipt).await.unwrap();
        }
    }
    late.query_drop("COMMIT").await.unwrap();
    assert_eq!(running.settled().await.integers(), [1]);
    assert_eq!(running.settled().await.integers(), [0; 0], "nothing comes twice");
    // Without anybody who waits for a fence it comes as well.
    late.query_drop("START TRANSACTION").await.unwrap();
    late.query_drop("UPDATE t SET v = 2 WHERE id = 3").await.unwrap();
    bench.run("UPDATE t SET v = 2 WHERE id = 4").await;
    assert_eq!(running.settled().await.integers(), [4]);
    late.query_drop("COMMIT").await.unwrap();
    loop {
        if let Some(zosc::capture::Delivery::Keys(keys)) = running.next().await {
            assert_eq!(integers(&keys), [3]);
            break;
        }
    }
    running.stop().await;
    bench.gone().await;
}

/// What is rolled back leaves holes, and is never told.
#[tokio::test]
async fn holes_and_many_rows() {
    let mut bench = Bench::new(Database::Mysql, "trg_holes").await;
    bench.run(TABLE).await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("SET SESSION auto_increment_increment = 7").await;
    for (end, expected) in [("ROLLBACK", 0), ("COMMIT", 5000)] {
        bench.run("SET SESSION cte_max_recursion_depth = 10000").await;
        bench.run("START TRANSACTION").await;
        bench
            .run(
                "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                 WHERE i < 5000) SELECT i, i FROM n",
            )
            .await;
        bench.run(end).await;
        let delivered = running.settled().await;
        assert_eq!(delivered.keys.len(), expected, "{end}");
        assert_eq!(delivered.rows.len(), expected, "{end}");
    }
    running.stop().await;
    bench.gone().await;
}
