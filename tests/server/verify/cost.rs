//! What verification costs, measured against the copy: `cargo test --release -- --ignored cost`.

use std::time::Instant;

use super::stage::Stage;
use crate::support::mysqld::Database;

#[tokio::test]
#[allow(clippy::print_stdout)]
#[ignore = "measures; says nothing on a busy machine"]
async fn verification_costs_less_than_the_copy() {
    let make = [
        "SET cte_max_recursion_depth = 1000000",
        "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, k INT NOT NULL, \
         c CHAR(120) NOT NULL, pad VARCHAR(60) NOT NULL, amount DECIMAL(12,2), price DOUBLE, \
         at DATETIME(3), note TEXT, KEY (k))",
        "INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n \
         WHERE i < 300000) SELECT i, i * 7919 % 300000, CONCAT(SHA2(i, 256), SHA2(i + 1, 224)), \
         LEFT(SHA2(-i, 256), 60), i / 100, i * 1.1e0, '2024-01-01' + INTERVAL i SECOND, \
         IF(i % 3 = 0, NULL, REPEAT('n', i % 200)) FROM n",
    ];
    let stage =
        Stage::set(Database::Mysql, "verify_cost", &make, "MODIFY k BIGINT NOT NULL", "PRIMARY")
            .await;
    let started = Instant::now();
    let copied = stage.copy().await;
    let copy = started.elapsed();
    let started = Instant::now();
    let verified =
        zosc::verify::tables(&stage.means, &stage.pair, stage.carrier(), copied).await.unwrap();
    let verify = started.elapsed();
    assert_eq!(verified.rows(), 300_000);
    println!(
        "copy {copy:.1?}, verify {verify:.1?}: {:.0} %",
        100.0 * verify.as_secs_f64() / copy.as_secs_f64()
    );
}
