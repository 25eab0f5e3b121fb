//! How long zosc takes against the server's own ALTER, on an idle table, in one run:
//! `cargo bench --bench against_alter`. Ratios are what counts; seconds belong to the machine.
//!
//! `ZOSC_BENCH_ROWS` sets the rows (500,000 unless told otherwise).
#![allow(clippy::print_stdout, clippy::unwrap_used, unreachable_pub, missing_docs)]

use std::process::Command;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts};

#[path = "../tests/server/support/mysqld.rs"]
#[allow(dead_code)] // the tests need more of it
mod mysqld;

/// A narrow table with one index, and a wider one with five.
const SHAPES: [(&str, &str, &str); 2] = [
    (
        "narrow, 1 index",
        "CREATE TABLE b.t (id INT PRIMARY KEY AUTO_INCREMENT, k INT NOT NULL, c CHAR(60) NOT NULL, KEY (k))",
        "SELECT NULL, RAND() * 1e6, SHA2(n, 224) FROM b.n",
    ),
    (
        "wider, 5 indexes",
        "CREATE TABLE b.t (id BIGINT PRIMARY KEY AUTO_INCREMENT, a INT, b INT, c VARCHAR(60), d DATETIME, \
         e DECIMAL(10,2), f VARCHAR(120), KEY (a), KEY (b), KEY (c), KEY (d), KEY (e, a))",
        "SELECT NULL, RAND() * 1e6, RAND() * 1e3, SHA2(n, 224), NOW() - INTERVAL n SECOND, n / 7, SHA2(n, 512) FROM b.n",
    ),
];

#[tokio::main]
async fn main() {
    let rows: u64 = std::env::var("ZOSC_BENCH_ROWS").map_or(500_000, |rows| rows.parse().unwrap());
    let server = mysqld::Mysqld::start(
        mysqld::Database::Mysql,
        &["--innodb-buffer-pool-size=1G", "--innodb-redo-log-capacity=1G"],
    );
    let mut conn = Conn::new(Opts::from_url(&server.url()).unwrap()).await.unwrap();
    println!("{rows} rows");
    println!(
        "{:<18} {:>10} {:>10} {:>10} {:>8} {:>8}",
        "table", "in place", "copy", "zosc", "x place", "x copy"
    );
    for (name, create, fill) in SHAPES {
        seed(&mut conn, rows, create, fill).await;
        let in_place = alter(&mut conn, "ADD COLUMN x1 INT, ALGORITHM=INPLACE").await;
        let copy = alter(&mut conn, "ADD COLUMN x2 INT, ALGORITHM=COPY").await;
        let zosc = zosc(server.port);
        println!(
            "{name:<18} {:>8.1} s {:>8.1} s {:>8.1} s {:>8.2} {:>8.2}",
            in_place.as_secs_f64(),
            copy.as_secs_f64(),
            zosc.as_secs_f64(),
            zosc.as_secs_f64() / in_place.as_secs_f64(),
            zosc.as_secs_f64() / copy.as_secs_f64(),
        );
    }
}

async fn seed(conn: &mut Conn, rows: u64, create: &str, fill: &str) {
    for sql in [
        "DROP DATABASE IF EXISTS b",
        "CREATE DATABASE b",
        "CREATE TABLE b.n (n BIGINT PRIMARY KEY)",
        "SET SESSION cte_max_recursion_depth = 4294967295",
        &format!(
            "INSERT INTO b.n WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) SELECT n FROM s"
        ),
        create,
        &format!("INSERT INTO b.t {fill}"),
        "ANALYZE TABLE b.t",
    ] {
        conn.query_drop(sql).await.unwrap();
    }
}

async fn alter(conn: &mut Conn, clauses: &str) -> Duration {
    let started = Instant::now();
    conn.query_drop(format!("ALTER TABLE b.t {clauses}")).await.unwrap();
    started.elapsed()
}

fn zosc(port: u16) -> Duration {
    let started = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_zosc"))
        .args(["--host", "127.0.0.1", "--user", "root", "--port", &port.to_string()])
        .args(["--copy", "--quiet", "--alter", "ADD COLUMN x3 INT", "b.t"])
        .status()
        .unwrap();
    assert!(status.success(), "zosc failed");
    started.elapsed()
}
