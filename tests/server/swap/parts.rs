//! The parts of a queued swap, played by hand: the locker, the renamer, a writer.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};
use tokio::task::JoinHandle;

use crate::support::address::Address;
use crate::support::place::Place;

/// A schema with a table `t` of one row, a filled shadow and a sentry.
pub struct Stage {
    pub address: Address,
    pub schema: String,
    shadow: &'static str,
    sentry: &'static str,
}

/// A statement that waits for its turn.
pub struct Waiting {
    pub id: u32,
    task: JoinHandle<Result<(), Error>>,
}

impl Stage {
    pub async fn set(name: &str, place: Place, shadow: &'static str, sentry: &'static str) -> Self {
        let (address, schema) = (place.address(), place.schema(name));
        address
            .run(&[
                &format!("DROP DATABASE IF EXISTS {schema}"),
                &format!("CREATE DATABASE {schema}"),
                &format!("CREATE TABLE {schema}.t (id INT PRIMARY KEY)"),
                &format!("INSERT INTO {schema}.t VALUES (1)"),
                &format!("CREATE TABLE {schema}.{shadow} (id INT PRIMARY KEY, c INT)"),
                &format!("INSERT INTO {schema}.{shadow} (id) VALUES (1)"),
                &format!("CREATE TABLE {schema}.{sentry} (sentry INT)"),
            ])
            .await;
        Self { address, schema, shadow, sentry }
    }

    /// A session in the schema.
    pub async fn session(&self) -> Conn {
        let mut conn = self.address.connect().await;
        conn.query_drop(format!("USE {}", self.schema)).await.unwrap();
        conn
    }

    /// A session that holds the original, and the sentry.
    pub async fn locker(&self) -> Conn {
        let mut locker = self.session().await;
        locker.query_drop(format!("LOCK TABLES t WRITE, {} WRITE", self.sentry)).await.unwrap();
        locker
    }

    /// The rename waits for a lock.
    pub async fn renamer(&self) -> Waiting {
        let (shadow, sentry) = (self.shadow, self.sentry);
        self.waits(format!("RENAME TABLE t TO {sentry}, {shadow} TO t")).await
    }

    /// A write waits for a lock.
    pub async fn writer(&self) -> Waiting {
        self.waits("INSERT INTO t (id) VALUES (99)".to_owned()).await
    }

    async fn waits(&self, sql: String) -> Waiting {
        let mut conn = self.session().await;
        let id = conn.id();
        let task = tokio::spawn(async move { conn.query_drop(sql).await });
        while self.state(id).await.as_deref() != Some("Waiting for table metadata lock") {
            assert!(!task.is_finished(), "it did not wait");
        }
        Waiting { id, task }
    }

    /// What a connection does; `None` when it is gone.
    async fn state(&self, id: u32) -> Option<String> {
        let all = processes(&mut self.session().await).await;
        all.into_iter().find(|(known, ..)| *known == id).map(|(_, state, _)| state)
    }

    pub async fn drop_sentry(&self, locker: &mut Conn) {
        locker.query_drop(format!("DROP TABLE {}", self.sentry)).await.unwrap();
    }

    /// Kills a connection and waits until it is gone: its client may learn of it before.
    pub async fn kill(&self, id: u32) {
        self.address.run(&[&format!("KILL {id}")]).await;
        while self.state(id).await.is_some() {}
    }

    /// The ids in a table.
    pub async fn ids(&self, table: &str) -> Vec<String> {
        let mut conn = self.session().await;
        conn.query(format!("SELECT id FROM {table} ORDER BY id")).await.unwrap()
    }

    pub async fn gone(self) {
        self.address.run(&[&format!("DROP DATABASE {}", self.schema)]).await;
    }
}

/// Every connection with what it does and with its statement. `information_schema.processlist` fails
/// on MySQL when somebody's statement has a character of four bytes.
pub async fn processes(conn: &mut Conn) -> Vec<(u32, String, String)> {
    let rows: Vec<Row> = conn.query("SHOW PROCESSLIST").await.unwrap();
    let text = |row: &Row, name| {
        let bytes = row.get::<Option<Vec<u8>>, &str>(name).unwrap().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    rows.iter().map(|row| (row.get("Id").unwrap(), text(row, "State"), text(row, "Info"))).collect()
}

/// The connection of zosc that renames the tables of a schema, if there is one.
pub async fn renamer_of(conn: &mut Conn, schema: &str) -> Option<u32> {
    runs(conn, &[format!("RENAME TABLE `{schema}`")]).await
}

/// The connection of zosc that locks a table `t`, if it just says something that tells it.
pub async fn locker_of(conn: &mut Conn, schema: &str) -> Option<u32> {
    let sentry = format!("DROP TABLE `{schema}`.`t__zosc_kept`");
    runs(conn, &[format!("LOCK TABLES `{schema}`"), sentry]).await
}

async fn runs(conn: &mut Conn, statements: &[String]) -> Option<u32> {
    let all = processes(conn).await;
    let runs = |sql: &str| statements.iter().any(|statement| sql.contains(statement));
    all.into_iter().find(|(.., sql)| runs(sql)).map(|(id, ..)| id)
}

impl Waiting {
    /// The server's error number, if it gave one; 0 for a lost connection.
    pub async fn ends(self) -> Result<(), u16> {
        let ended = tokio::time::timeout(Duration::from_mins(1), self.task).await;
        ended.expect("it waits for ever").unwrap().map_err(|error| match error {
            Error::Server(error) => error.code,
            _ => 0,
        })
    }

    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Nobody listens to its answer any more.
    pub fn forget(self) {
        self.task.abort();
    }
}
