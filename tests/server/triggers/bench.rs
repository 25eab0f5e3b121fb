//! A schema with a journal, an application's connection, and a running capture by triggers.

use std::collections::BTreeSet;
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use zosc::capture::{Capture, Deliveries, Delivery, Mode, Receipt, Watched};
use zosc::error::{Error, Result};
use zosc::event::Events;
use zosc::halt::Halt;
use zosc::journal::{Fence, Journal, RunRow};
use zosc::means::Means;
use zosc::mysql::{Server, Session};
use zosc::request::Request;
use zosc::schema::{
    Firing, Helper, Key, KeyColumn, KeyPart, KeyShape, PartType, TableName, quote, read,
};
use zosc::settings::{Settings, SwapBounds};
use zosc::sql::Statement;

use crate::plan::ground::server_at;
use crate::support::mysqld::{Database, shared_url};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Bench {
    pub server: Server,
    pub app: Conn,
    pub schema: String,
    url: String,
    run: RunRow,
}

/// A running capture and what it delivers.
pub struct Running {
    pub capture: Capture,
    pub deliveries: Deliveries,
    pub halt: Halt,
    fence: Fence,
}

/// What was delivered up to a fence.
#[derive(Debug, Default)]
pub struct Delivered {
    pub keys: Vec<Key>,
    /// Rows of the logs.
    pub rows: Vec<(Firing, u64)>,
}

impl Bench {
    /// A fresh schema on the shared server of a kind.
    pub async fn new(kind: Database, schema: &str) -> Self {
        Self::at(&shared_url(kind), schema).await
    }

    /// A fresh schema on the server at `url`.
    pub async fn at(url: &str, schema: &str) -> Self {
        let server = server_at(url, "root").await.tagged("bench");
        let mut app = Conn::from_url(url).await.unwrap();
        for sql in [
            format!("DROP DATABASE IF EXISTS {schema}"),
            format!("CREATE DATABASE {schema}"),
            format!("USE {schema}"),
            "SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'".to_owned(),
        ] {
            app.query_drop(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        let mut session = server.session().await.unwrap();
        Journal::prepare(&mut session, schema).await.unwrap();
        let request = Request {
            table: TableName::new(schema, "t"),
            statement: Statement::parse("FORCE").unwrap(),
            id: None,
            undoes: None,
            rehearse: None,
            copy: true,
            drop_kept: false,
            allow: BTreeSet::new(),
            forbid: BTreeSet::new(),
            capture: Some(Mode::Triggers),
            swap_way: None,
            postpone: false,
            doors: zosc::control::Doors::default(),
            settings: Settings::default(),
            hooks: zosc::hooks::HookSettings::default(),
            traffic: zosc::traffic::TrafficSettings::default(),
            journal_schema: schema.to_owned(),
        };
        let run = RunRow::insert(&mut session, schema, &request, "", "").await.unwrap();
        session.close().await.unwrap();
        Self { server, app, schema: schema.to_owned(), url: url.to_owned(), run }
    }

    /// Another connection of the application.
    pub async fn another(&self) -> Conn {
        let mut conn = Conn::from_url(&self.url).await.unwrap();
        conn.query_drop(format!("USE {}", self.schema)).await.unwrap();
        conn
    }

    pub async fn run(&mut self, sql: &str) {
        self.app.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub async fn column(&mut self, sql: &str) -> Vec<String> {
        self.app.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// What a plan would say of `table` and its key; makes the shadow.
    pub async fn watched(&mut self, table: &str, key: &[&str]) -> Watched {
        let name = TableName::new(&self.schema, table);
        let shadow = name.helper(Helper::Shadow);
        self.run(&format!("DROP TABLE IF EXISTS {shadow}")).await;
        self.run(&format!("CREATE TABLE {shadow} LIKE {name}")).await;
        let mut session = self.server.session().await.unwrap();
        let original = read::table(&mut session, &name).await.unwrap().unwrap();
        session.close().await.unwrap();
        let parts = key.iter().map(|name| {
            let column = original.column(name).unwrap();
            KeyColumn {
                name: column.name.clone(),
                shadow_name: column.name.clone(),
                position: column.position,
                part: PartType::of(column).unwrap(),
            }
        });
        let key = KeyShape {
            index: "PRIMARY".into(),
            shadow_index: "PRIMARY".into(),
            columns: parts.collect(),
        };
        let journal = self.journal();
        let (fence, marker) = (journal.fence_table(), self.run.marker());
        Watched { original, shadow, key, fence, marker }
    }

    fn journal(&self) -> Journal {
        Journal::of(&self.schema, &self.run)
    }

    pub async fn capture(&self, watched: &Watched) -> Running {
        self.try_capture(watched, 3).await.unwrap()
    }

    /// With so many tries for the table's lock, of a second each.
    pub async fn try_capture(&self, watched: &Watched, attempts: u32) -> Result<Running> {
        let halt = Halt::new();
        let (events, settings) = (Events::channel().0, Settings::default());
        let (means, _) =
            Means::begin(&self.server, self.journal(), settings, false, &events, &halt);
        let bounds = SwapBounds { attempts, ..SwapBounds::default() };
        let (capture, deliveries) =
            Capture::start(&means, Mode::Triggers, watched.clone(), &bounds).await?;
        let fence = self.journal().fence(&self.server, &Halt::new()).await?;
        Ok(Running { capture, deliveries, halt, fence })
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

    /// Names of all triggers and of the tables that begin with `t`, in this schema.
    pub async fn left(&mut self) -> Vec<String> {
        let sql = format!(
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = '{0}' \
             UNION ALL SELECT table_name FROM information_schema.tables \
             WHERE table_schema = '{0}' AND table_name LIKE 't%'",
            self.schema
        );
        let mut names = self.column(&sql).await;
        names.sort();
        names
    }

    /// A session as the swap has it, which holds the lock.
    pub async fn locker(&self, watched: &Watched) -> Session {
        let mut locker = self.server.session().await.unwrap();
        let logs = Firing::ALL.map(|firing| watched.original.name.helper(Helper::Log(firing)));
        let logs = logs.map(|log| format!("{log} WRITE")).join(", ");
        locker.run("SET SESSION autocommit = 0").await.unwrap();
        locker
            .run(format!(
                "LOCK TABLES {} WRITE, {} WRITE, {logs}",
                watched.original.name, watched.shadow
            ))
            .await
            .unwrap();
        locker
    }

    /// Kills the connections of zosc that are idle.
    pub async fn kill_connections(&mut self) {
        let sql = "SELECT id FROM information_schema.processlist WHERE db IS NULL \
                   AND user = 'root' AND command = 'Sleep' AND id <> CONNECTION_ID()";
        for id in self.column(sql).await {
            // It may have ended by itself.
            self.app.query_drop(format!("KILL {id}")).await.unwrap_or_default();
        }
    }

    pub async fn gone(mut self) {
        self.run(&format!("DROP DATABASE {}", quote(&self.schema.clone()))).await;
    }
}

impl Running {
    /// Everything that is delivered up to a fence that is committed now.
    pub async fn settled(&mut self) -> Delivered {
        let token = self.fence.commit().await.unwrap();
        self.deliveries.nudge();
        let mut delivered = Delivered::default();
        loop {
            match self.next().await {
                Some(Delivery::Keys(keys)) => delivered.keys.extend(keys),
                Some(Delivery::Commit(Receipt::Rows(rows))) => delivered.rows.extend(rows),
                Some(Delivery::Commit(Receipt::Position(position))) => {
                    panic!("a position of no log: {position:?}")
                }
                Some(Delivery::Fence(met)) if met == token => return delivered,
                Some(Delivery::Fence(_)) => {}
                None => panic!("capture ended: {:?}", self.halt.check()),
            }
        }
    }

    pub async fn next(&mut self) -> Option<Delivery> {
        tokio::time::timeout(PATIENCE, self.deliveries.next()).await.expect("nothing is delivered")
    }

    /// Why the run stopped.
    pub async fn trouble(&mut self) -> Error {
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
        integers(&self.keys)
    }

    /// Each key once, sorted.
    pub fn sorted(mut self) -> Vec<Key> {
        self.keys.sort();
        self.keys.dedup();
        self.keys
    }
}

/// Keys of one integer column.
pub fn integers(keys: &[Key]) -> Vec<i64> {
    let integer = |key: &Key| match key.0[..] {
        [KeyPart::Int(value)] => value,
        _ => panic!("{key:?} is no integer"),
    };
    keys.iter().map(integer).collect()
}
