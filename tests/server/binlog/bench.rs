//! A schema with a fence table, an application's connection, and a running capture.

use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::sync::mpsc::Receiver;
use zosc::capture::binlog::Binlog;
use zosc::capture::{Delivery, Position, Receipt, Watched};
use zosc::error::Error;
use zosc::halt::Halt;
use zosc::mysql::{Connection, Server, Tls, TlsMode};
use zosc::schema::{
    Column, Helper, Key, KeyColumn, KeyShape, PartType, Side, TableName, TypeName, read,
};

use crate::support::mysqld::{Database, shared_url};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);

pub struct Bench {
    pub database: Database,
    pub server: Server,
    pub app: Conn,
    pub schema: String,
    url: String,
    tokens: u64,
}

/// A running capture and what it delivers.
pub struct Running {
    pub capture: Binlog,
    pub deliveries: Receiver<Delivery>,
    pub halt: Halt,
}

/// What was delivered up to a fence.
#[derive(Debug, Default)]
pub struct Delivered {
    pub keys: Vec<Key>,
    pub parts: Vec<usize>,
    /// Each with the number of keys before it.
    pub commits: Vec<(usize, Position)>,
}

impl Bench {
    /// A fresh schema on the shared server.
    pub async fn new(database: Database, schema: &str) -> Self {
        Self::at(&shared_url(database), database, schema).await
    }

    /// A fresh schema on the server at `url`.
    pub async fn at(url: &str, database: Database, schema: &str) -> Self {
        // What capture goes through is shown with a failed test. Only the first one can be set.
        drop(
            tracing_subscriber::fmt()
                .with_test_writer()
                .with_env_filter("zosc=debug")
                .with_ansi(false)
                .try_init(),
        );
        let server = Self::connect(url).await;
        let mut app = Conn::from_url(url).await.unwrap();
        app.query_drop(format!("DROP DATABASE IF EXISTS {schema}")).await.unwrap();
        app.query_drop(format!("CREATE DATABASE {schema}")).await.unwrap();
        app.query_drop(format!("USE {schema}")).await.unwrap();
        app.query_drop("SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'").await.unwrap();
        app.query_drop(
            "CREATE TABLE fence (run BIGINT UNSIGNED NOT NULL, slot SMALLINT UNSIGNED NOT NULL, \
             token BIGINT UNSIGNED NOT NULL, PRIMARY KEY (run, slot))",
        )
        .await
        .unwrap();
        Self { database, server, app, schema: schema.to_owned(), url: url.to_owned(), tokens: 0 }
    }

    /// A handle for a run named `bench`.
    pub async fn connect(url: &str) -> Server {
        let opts = mysql_async::Opts::from_url(url).unwrap();
        let connection = Connection {
            host: opts.ip_or_hostname().to_owned(),
            port: opts.tcp_port(),
            socket: None,
            user: opts.user().unwrap().to_owned(),
            password: opts.pass().map(|password| password.to_owned().into()),
            // So that a test may stand in between.
            tls: Tls { mode: TlsMode::Disabled, ..Tls::default() },
        };
        Server::connect(&connection).await.unwrap().tagged("bench")
    }

    pub fn server_port(&self) -> u16 {
        mysql_async::Opts::from_url(&self.url).unwrap().tcp_port()
    }

    /// From now on what this application writes is compressed in the log, or not. On MariaDB all that
    /// anybody writes: for a server of the test's own.
    pub async fn compress(&mut self, on: bool) {
        let variables: &[&str] = if self.database.is_mariadb() {
            &["GLOBAL log_bin_compress_min_len = 10", "GLOBAL log_bin_compress"]
        } else {
            &["SESSION binlog_transaction_compression"]
        };
        let state = if on { "ON" } else { "OFF" };
        self.run(&format!("SET {} = {state}", variables.join(", "))).await;
    }

    /// The kinds of events that the log's present file holds.
    pub async fn logged(&mut self) -> Vec<String> {
        let command = if self.database.is_mariadb() { "MASTER" } else { "BINARY LOG" };
        let status: mysql_async::Row =
            self.app.query_first(format!("SHOW {command} STATUS")).await.unwrap().unwrap();
        let file: String = status.get("File").unwrap();
        let events: Vec<mysql_async::Row> =
            self.app.query(format!("SHOW BINLOG EVENTS IN '{file}'")).await.unwrap();
        events.iter().map(|event| event.get("Event_type").unwrap()).collect()
    }

    /// Makes the server forget the first file of its log, once it does not need it any more.
    pub async fn purge(&mut self, first: &str) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "{first} is not purged");
            let files: Vec<mysql_async::Row> = self.app.query("SHOW BINARY LOGS").await.unwrap();
            let names: Vec<String> = files.iter().map(|file| file.get(0).unwrap()).collect();
            if names[0] != first {
                return;
            }
            self.run(&format!("PURGE BINARY LOGS TO '{}'", names.last().unwrap())).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Another connection of the application.
    pub async fn another(&self) -> Conn {
        let mut conn = Conn::from_url(&self.url).await.unwrap();
        conn.query_drop(format!("USE {}", self.schema)).await.unwrap();
        conn
    }

    /// Runs a statement, given in MySQL's words.
    pub async fn run(&mut self, sql: &str) {
        let sql = self.database.words(sql);
        self.app.query_drop(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// What a plan would say of `table` and its key.
    pub async fn watched(&mut self, table: &str, key: &[&str]) -> Watched {
        let name = TableName::new(&self.schema, table);
        let mut session = self.server.session().await.unwrap();
        let original = read::table(&mut session, &name).await.unwrap().unwrap();
        session.close().await.unwrap();
        let parts = key.iter().map(|name| {
            let column = original.column(name).unwrap();
            KeyColumn {
                name: column.name.clone(),
                shadow_name: column.name.clone(),
                position: column.position,
                part: part_of(column),
            }
        });
        let key = KeyShape {
            index: "PRIMARY".into(),
            shadow_index: "PRIMARY".into(),
            columns: parts.collect(),
        };
        Watched {
            shadow: name.helper(Helper::Shadow),
            fence: TableName::new(&self.schema, "fence"),
            marker: String::new(),
            key,
            original,
        }
    }

    /// All keys in the table, as the server returns them.
    pub async fn keys_in(&self, watched: &Watched) -> Vec<Key> {
        let mut session = self.server.session().await.unwrap();
        let select = format!("SELECT {} FROM {}", watched.key.select(None), watched.original.name);
        let rows = session.bytes(select).await.unwrap();
        session.close().await.unwrap();
        let mut keys: Vec<Key> = rows.iter().map(|row| watched.key.parse(row).unwrap()).collect();
        keys.sort();
        keys
    }

    /// Whether each key, written as a literal, finds its own row and no other.
    pub async fn finds_each(&self, watched: &Watched, keys: &[Key]) {
        let mut session = self.server.session().await.unwrap();
        for key in keys {
            let found = session
                .bytes(format!(
                    "SELECT {} FROM {} WHERE {}",
                    watched.key.select(None),
                    watched.original.name,
                    watched.key.is_one_of(Side::Original, [key])
                ))
                .await
                .unwrap();
            let found: Vec<Key> = found.iter().map(|row| watched.key.parse(row).unwrap()).collect();
            assert_eq!(found, std::slice::from_ref(key), "{}", watched.original.definition);
        }
        session.close().await.unwrap();
    }

    pub async fn capture(&self, watched: &Watched) -> Running {
        self.capture_from(watched, None).await
    }

    pub async fn capture_from(&self, watched: &Watched, from: Option<Position>) -> Running {
        let halt = Halt::new();
        let (capture, deliveries) =
            Binlog::start(&self.server, watched.clone(), from.map(Into::into), &halt)
                .await
                .unwrap();
        Running { capture, deliveries, halt }
    }

    /// Commits a fence; gives its token.
    pub async fn fence(&mut self) -> u64 {
        self.tokens += 1;
        let token = self.tokens;
        self.run(&format!(
            "INSERT INTO fence VALUES (1, 0, {token}) ON DUPLICATE KEY UPDATE token = {token}"
        ))
        .await;
        token
    }

    /// Everything that is delivered up to a fence that is committed now.
    pub async fn settled(&mut self, running: &mut Running) -> Delivered {
        let token = self.fence().await;
        running.until(token).await
    }
}

impl Running {
    /// Everything that is delivered up to a fence.
    pub async fn until(&mut self, token: u64) -> Delivered {
        let mut delivered = Delivered::default();
        loop {
            match self.next().await {
                Some(Delivery::Keys(keys)) => {
                    delivered.parts.push(keys.len());
                    delivered.keys.extend(keys);
                }
                Some(Delivery::Commit(Receipt::Rows(rows))) => {
                    panic!("rows of no log table: {rows:?}")
                }
                Some(Delivery::Commit(Receipt::Position(position))) => {
                    delivered.commits.push((delivered.keys.len(), position));
                }
                Some(Delivery::Fence(met)) if met == token => return delivered,
                Some(Delivery::Fence(_)) => {}
                None => panic!("capture ended: {:?}", self.halt.check()),
            }
        }
    }

    pub async fn next(&mut self) -> Option<Delivery> {
        tokio::time::timeout(PATIENCE, self.deliveries.recv()).await.expect("nothing is delivered")
    }

    /// Why the run stopped.
    pub async fn trouble(&mut self) -> Error {
        while self.next().await.is_some() {}
        tokio::time::timeout(PATIENCE, self.halt.stopped()).await.expect("nothing stops the run")
    }

    pub async fn stop(self) {
        self.capture.stop().await.unwrap();
        self.halt.check().unwrap();
    }
}

impl Delivered {
    /// Keys of one integer column, in the order of delivery.
    pub fn integers(&self) -> Vec<i64> {
        self.keys.iter().map(integer).collect()
    }
}

/// A key of one integer column.
pub fn integer(key: &Key) -> i64 {
    match key.0[..] {
        [zosc::schema::KeyPart::Int(value)] => value,
        _ => panic!("{key:?} is no integer"),
    }
}

fn part_of(column: &Column) -> PartType {
    let small = |number: Option<u64>| u8::try_from(number.unwrap_or(0)).unwrap();
    let integer = |bytes| PartType::Integer { unsigned: column.unsigned, bytes };
    let fsp = small(column.fsp);
    match column.type_name {
        TypeName::TinyInt => integer(1),
        TypeName::SmallInt => integer(2),
        TypeName::MediumInt => integer(3),
        TypeName::Int => integer(4),
        TypeName::BigInt => integer(8),
        TypeName::Decimal => {
            PartType::Decimal { precision: small(column.precision), scale: small(column.scale) }
        }
        TypeName::Bit => PartType::Bit,
        TypeName::Year => PartType::Year,
        TypeName::Enum => PartType::Enum,
        TypeName::Date => PartType::Date,
        TypeName::Time => PartType::Time { fsp },
        TypeName::DateTime => PartType::DateTime { fsp },
        TypeName::Timestamp => PartType::Timestamp { fsp },
        TypeName::Char | TypeName::VarChar => PartType::Text {
            charset: column.charset.clone().unwrap(),
            collation: column.collation.clone().unwrap(),
        },
        TypeName::VarBinary => PartType::VarBinary,
        TypeName::Binary => {
            PartType::Binary { length: usize::try_from(column.octets.unwrap()).unwrap() }
        }
        other => panic!("{other:?} is no key"),
    }
}
