//! What all writers of an application have done, and whether they shall go on.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mysql_async::Row;
use mysql_async::prelude::Queryable;

use super::address::Address;
use super::bed::PATIENCE;

/// Shared by the writers and by what disturbs them.
#[derive(Debug, Default)]
pub struct Pulse {
    transactions: AtomicU64,
    stopped: AtomicBool,
    resting: AtomicBool,
    connections: Mutex<Vec<u32>>,
}

impl Pulse {
    /// A transaction has ended.
    pub fn counts_a_transaction(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
    }

    /// Transactions that have ended.
    pub fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    /// Until so many have ended; a writer in trouble ends the wait.
    pub async fn wait_for(&self, transactions: u64) {
        let begun = Instant::now();
        while self.transactions() < transactions && !self.is_stopped() {
            assert!(begun.elapsed() < PATIENCE, "nobody writes");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A writer has this connection.
    pub fn notes(&self, connection: u32) {
        self.connections.lock().unwrap().push(connection);
    }

    /// Connections that writers have had.
    pub fn connections(&self) -> u64 {
        self.connections.lock().unwrap().len() as u64
    }

    /// The writers rest after their present transaction, or go on.
    pub fn rest(&self, whether: bool) {
        self.resting.store(whether, Ordering::Relaxed);
    }

    pub fn is_resting(&self) -> bool {
        self.resting.load(Ordering::Relaxed)
    }

    /// The writers end after their present transaction.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Kills those connections of zosc's account whose command is chosen, and none of a writer's; how
    /// many.
    pub async fn kill_others_of(
        &self,
        account: &str,
        address: &Address,
        mut chosen: impl FnMut(&str) -> bool,
    ) -> usize {
        let mut conn = address.connect().await;
        // The catalogue's table of them fails when a writer's statement has a character of four bytes.
        let all: Vec<Row> = conn.query("SHOW PROCESSLIST").await.unwrap();
        let mut killed = 0;
        for mut row in all {
            let (id, user): (u32, String) = (row.take("Id").unwrap(), row.take("User").unwrap());
            let command: String = row.take("Command").unwrap();
            // While a writer is in a trigger of zosc's, the list gives it the trigger's account.
            let is_a_writers = self.connections.lock().unwrap().contains(&id);
            if user == account && !is_a_writers && chosen(&command) {
                // It may have ended by itself.
                killed += usize::from(conn.query_drop(format!("KILL {id}")).await.is_ok());
            }
        }
        conn.disconnect().await.unwrap();
        killed
    }
}
