//! The application of `docker/demo`: a small shop that never stops taking orders.
//!
//! `shop seed` makes the table `shop.orders` and fills it. `shop write` then inserts, updates and
//! deletes orders from several connections until it is told to stop, measures every statement,
//! and at its end prints one line of JSON: what the application felt.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, Params};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(about = "The example application of zosc's demo")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create the schema `shop` with the table `orders` and fill it.
    Seed {
        /// The server, as `mysql://user@host:port`.
        #[arg(long)]
        url: String,
        /// How many orders.
        #[arg(long, default_value_t = 300_000)]
        rows: u64,
    },
    /// Keep writing until the file appears, the time is over, or SIGTERM or SIGINT arrives.
    Write {
        /// The server, as `mysql://user@host:port`.
        #[arg(long)]
        url: String,
        /// Stop when this file exists.
        #[arg(long)]
        until_file: Option<PathBuf>,
        /// Stop after so many seconds.
        #[arg(long)]
        seconds: Option<u64>,
        /// How many connections write at once.
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
        connections: u64,
        /// How long each connection rests between two transactions.
        #[arg(long, default_value_t = 2)]
        pause_ms: u64,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Seed { url, rows } => seed(&url, rows).await,
        Command::Write { url, until_file, seconds, connections, pause_ms } => {
            let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
            write(&url, until_file.as_deref(), end, connections, Duration::from_millis(pause_ms))
                .await
        }
    };
    match result {
        Ok(line) => match writeln!(std::io::stdout(), "{line}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "shop: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn connect(url: &str) -> Result<Conn, Failure> {
    // Otherwise it would move from a loopback port to the server's Unix socket.
    let options = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
    Ok(Conn::new(options).await?)
}

const TABLE: &str = "CREATE TABLE shop.orders (
    id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    customer_id int unsigned NOT NULL,
    email varchar(120) NOT NULL,
    total decimal(10,2) NOT NULL DEFAULT 0.00,
    placed_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
    note varchar(255) DEFAULT NULL,
    KEY customer (customer_id),
    KEY placed (placed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";

/// Rows are numbered by a cross join of digits, which every server understands.
const BATCH: u64 = 50_000;
const FILL: &str = "INSERT INTO shop.orders (customer_id, email, total, placed_at, note)
    WITH digit AS (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
            UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7
            UNION ALL SELECT 8 UNION ALL SELECT 9),
        numbered AS (SELECT ? + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
            FROM digit a, digit b, digit c, digit e, digit f
            WHERE a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d < ?)
    SELECT CRC32(n) % 40000, CONCAT('customer', CRC32(n) % 40000, '@example.com'),
        CRC32(n * 7) % 50000 / 100, TIMESTAMP('2024-01-01') + INTERVAL n * 200 SECOND,
        IF(n % 3, NULL, CONCAT('Please leave parcel ', n, ' with the neighbours.'))
    FROM numbered";

async fn seed(url: &str, rows: u64) -> Result<String, Failure> {
    let mut conn = connect(url).await?;
    conn.query_drop("CREATE DATABASE IF NOT EXISTS shop").await?;
    conn.query_drop(TABLE).await?;
    for first in (0..rows).step_by(usize::try_from(BATCH)?) {
        conn.exec_drop(FILL, (first, BATCH.min(rows - first))).await?;
    }
    let count: Option<u64> = conn.query_first("SELECT COUNT(*) FROM shop.orders").await?;
    conn.disconnect().await?;
    Ok(json!({ "rows": count }).to_string())
}

/// What one connection, or all of them together, felt.
#[derive(Default)]
struct Felt {
    statements: u64,
    /// Rows that committed transactions inserted, less those that they deleted.
    rows_added: i64,
    errors: u64,
    distinct_errors: BTreeSet<String>,
    longest: Duration,
    longest_statement: &'static str,
}

impl Felt {
    fn measure<T>(
        &mut self,
        statement: &'static str,
        start: Instant,
        result: Result<T, mysql_async::Error>,
    ) -> Result<T, ()> {
        let took = start.elapsed();
        self.statements += 1;
        if took > self.longest {
            (self.longest, self.longest_statement) = (took, statement);
        }
        result.map_err(|error| self.fail(&error))
    }

    fn fail(&mut self, error: &dyn std::fmt::Display) {
        self.errors += 1;
        self.distinct_errors.insert(error.to_string());
    }

    fn add(&mut self, other: Self) {
        self.statements += other.statements;
        self.rows_added += other.rows_added;
        self.errors += other.errors;
        self.distinct_errors.extend(other.distinct_errors);
        if other.longest > self.longest {
            (self.longest, self.longest_statement) = (other.longest, other.longest_statement);
        }
    }
}

async fn write(
    url: &str,
    until_file: Option<&Path>,
    end: Option<Instant>,
    connections: u64,
    pause: Duration,
) -> Result<String, Failure> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut conn = connect(url).await?;
    let max: Option<Option<u64>> = conn.query_first("SELECT MAX(id) FROM shop.orders").await?;
    let max = max.flatten().unwrap_or(0).max(connections);
    conn.disconnect().await?;

    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..connections)
        .map(|number| {
            let (url, stop) = (url.to_owned(), Arc::clone(&stop));
            tokio::spawn(async move {
                Writer { number, connections, max }.run(&url, pause, &stop).await
            })
        })
        .collect();

    let told = async {
        while !until_file.is_some_and(Path::exists) && end.is_none_or(|end| Instant::now() < end) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = told => {}
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.store(true, Ordering::Relaxed);

    let mut felt = Felt::default();
    for writer in writers {
        felt.add(writer.await?);
    }
    Ok(json!({
        "statements": felt.statements,
        "rows_added": felt.rows_added,
        "errors": felt.errors,
        "distinct_errors": felt.distinct_errors,
        "longest_ms": u64::try_from(felt.longest.as_millis())?,
        "longest_statement": felt.longest_statement,
    })
    .to_string())
}

/// One connection of the application. It changes only orders of its own, so that the application
/// never stands in its own way: whatever it waits for or fails of comes from outside.
struct Writer {
    number: u64,
    connections: u64,
    max: u64,
}

impl Writer {
    async fn run(self, url: &str, pause: Duration, stop: &AtomicBool) -> Felt {
        let mut felt = Felt::default();
        let mut conn = None;
        while !stop.load(Ordering::Relaxed) {
            if conn.is_none() {
                match connect(url).await {
                    Ok(new) => conn = Some(new),
                    Err(error) => {
                        felt.fail(&error);
                        sleep(Duration::from_millis(100)).await;
                    }
                }
            }
            // After an error the transaction's state is unknown: start over on a new connection.
            if let Some(open) = &mut conn
                && self.order(open, &mut felt).await.is_err()
            {
                conn = None;
            }
            sleep(pause).await;
        }
        if let Some(open) = conn {
            // What goes wrong in a good-bye is nothing that the application felt.
            let _ = open.disconnect().await;
        }
        felt
    }

    /// One transaction: a new order, a changed one, now and then a deleted one.
    async fn order(&self, conn: &mut Conn, felt: &mut Felt) -> Result<(), ()> {
        let customer = fastrand::u32(0..40_000);
        let cents = fastrand::u32(1..50_000);
        let total = format!("{}.{:02}", cents / 100, cents % 100);
        step(conn, felt, "BEGIN", ()).await?;
        let insert = "INSERT INTO shop.orders (customer_id, email, total) VALUES (?, ?, ?)";
        let email = format!("customer{customer}@example.com");
        step(conn, felt, insert, (customer, email, &total)).await?;
        let update = "UPDATE shop.orders SET total = ?, customer_id = ? WHERE id = ?";
        step(conn, felt, update, (&total, customer, self.own())).await?;
        let mut added = 1;
        if fastrand::u8(0..4) == 0 {
            step(conn, felt, "DELETE FROM shop.orders WHERE id = ?", (self.own(),)).await?;
            if conn.affected_rows() == 1 {
                added = 0;
            }
        }
        step(conn, felt, "COMMIT", ()).await?;
        felt.rows_added += added;
        Ok(())
    }

    /// The id of a random order that only this connection touches.
    fn own(&self) -> u64 {
        fastrand::u64(0..self.max / self.connections) * self.connections + self.number
    }
}

async fn step(
    conn: &mut Conn,
    felt: &mut Felt,
    statement: &'static str,
    values: impl Into<Params> + Send,
) -> Result<(), ()> {
    let start = Instant::now();
    let values = values.into();
    let result = if values == Params::Empty {
        conn.query_drop(statement).await
    } else {
        conn.exec_drop(statement, values).await
    };
    felt.measure(statement, start, result)
}
