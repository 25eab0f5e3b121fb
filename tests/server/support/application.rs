//! An application that writes a table and its twin alike, and goes on whatever happens to it.
//!
//! Each transaction writes both alike, so whichever way one went whose reply was lost, they agree.
//! No statement depends on what an earlier one has done, so there is no book to be kept.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use super::address::Address;
use super::pulse::Pulse;

/// Each has rows of its own, so that none waits for another.
const WRITERS: u64 = 2;
/// Between two transactions.
const REST: Duration = Duration::from_millis(10);

/// Its running threads.
pub struct Application {
    pub pulse: Arc<Pulse>,
    writers: Vec<JoinHandle<Seen>>,
}

/// What it has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Errors that the server gave.
    pub errors: Vec<u16>,
    /// Why connections were lost.
    pub lost: Vec<String>,
    /// The longest that a transaction took.
    pub longest: Duration,
}

struct Writer {
    address: Address,
    schema: String,
    number: u64,
    rows: u64,
    pulse: Arc<Pulse>,
}

impl Application {
    /// Begins to write `t` and `twin`, whose ids are up to `rows`.
    pub fn start(address: &Address, schema: &str, rows: u64) -> Self {
        let pulse = Arc::<Pulse>::default();
        let writers = (0..WRITERS).map(|number| {
            let writer = Writer {
                address: address.clone(),
                schema: schema.to_owned(),
                number,
                rows,
                pulse: Arc::clone(&pulse),
            };
            std::thread::spawn(move || {
                let thread = tokio::runtime::Builder::new_current_thread().enable_all().build();
                thread.unwrap().block_on(writer.write())
            })
        });
        let writers = writers.collect();
        Self { pulse, writers }
    }

    /// Until each writer has a connection.
    pub async fn is_there(&self) {
        while self.pulse.connections() < WRITERS {
            tokio::time::sleep(REST).await;
        }
    }

    /// Transactions so far.
    pub fn written(&self) -> u64 {
        self.pulse.transactions()
    }

    /// Ends it.
    pub fn stop(self) -> Seen {
        self.pulse.stop();
        let mut all = Seen::default();
        for writer in self.writers {
            let Seen { errors, lost, longest } = writer.join().unwrap();
            all.errors.extend(errors);
            all.lost.extend(lost);
            all.longest = all.longest.max(longest);
        }
        all
    }
}

impl Writer {
    async fn write(self) -> Seen {
        let mut seen = Seen::default();
        let mut conn: Option<Conn> = None;
        while !self.pulse.is_stopped() {
            let begun = Instant::now();
            let done = match &mut conn {
                Some(conn) => self.transaction(conn).await,
                None => self.address.try_to_connect().await.map(|new| {
                    self.pulse.notes(new.id());
                    conn = Some(new);
                }),
            };
            match done {
                Ok(()) => self.pulse.counts_a_transaction(),
                Err(error) => {
                    match &error {
                        Error::Server(error) => seen.errors.push(error.code),
                        other => seen.lost.push(other.to_string()),
                    }
                    conn = None;
                }
            }
            seen.longest = seen.longest.max(begun.elapsed());
            tokio::time::sleep(REST).await;
        }
        seen
    }

    async fn transaction(&self, conn: &mut Conn) -> Result<(), Error> {
        conn.query_drop("START TRANSACTION").await?;
        for _ in 0..fastrand::u64(1..4) {
            let id = fastrand::u64(0..self.rows / WRITERS) * WRITERS + self.number + 1;
            let value = fastrand::u32(..);
            let act = fastrand::u8(..4);
            for table in ["t", "twin"] {
                let table = format!("{}.{table}", self.schema);
                conn.query_drop(match act {
                    0 => format!("DELETE FROM {table} WHERE id = {id}"),
                    1 => format!("UPDATE {table} SET v = '{value}' WHERE id = {id}"),
                    _ => format!(
                        "INSERT INTO {table} (id, v) VALUES ({id}, '{value}') \
                         ON DUPLICATE KEY UPDATE v = '{value}'"
                    ),
                })
                .await?;
            }
        }
        conn.query_drop("COMMIT").await
    }
}
