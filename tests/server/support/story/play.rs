//! How a story goes: the writers write, zosc migrates, the twin is altered, both are compared.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::book::Book;
use super::compare::{self, Table};
use super::seed::Seed;
use super::values::Rng;
use super::writer::{Report, Writer};
use super::{GAP, Spent, Story, Told, naive};
use crate::support::address::Address;
use crate::support::pulse::Pulse;
use crate::support::zosc::{self, Ran};

/// Transactions of the writers before the migration begins.
const WARM_UP: u64 = 20;

/// Transactions of the writers when it is over, before they are told to stop.
const AFTERWARDS: u64 = 40;

/// How long a migration may take before it counts as hanging.
pub(super) const PATIENCE: Duration = Duration::from_mins(5);

impl Story {
    /// Plays the story; what went wrong, if something did.
    pub fn tell(self) -> Result<Told, String> {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        threads.block_on(self.play())
    }

    async fn play(self) -> Result<Told, String> {
        assert!(!(self.writers as u64).is_multiple_of(GAP), "some writers would have no rows");
        let address = self.address();
        let began = Instant::now();
        let table = Table { schema: self.name.clone(), name: self.table.clone() };
        let twin = Table { schema: format!("{}_twin", self.name), name: self.table.clone() };
        let mut conn = self.connect(&address).await;
        let seed = Seed { table: &self.create, rows: self.rows, writers: self.writers };
        let books = seed.sow(&mut conn, [&table, &twin], &self.shape).await;
        conn.disconnect().await.map_err(|error| error.to_string())?;
        let mut conn = address.connect().await;
        for sql in &self.before {
            for each in [&table, &twin] {
                run(&mut conn, &each.named_in(sql)).await;
            }
        }

        let pulse = Arc::new(Pulse::default());
        let writers = self.start_writers(&address, books, [&table, &twin], &pulse).await;
        pulse.wait_for(WARM_UP).await;
        let (started, before) = (Instant::now(), pulse.transactions());
        let migrated = self.migrate(&address, &table, &pulse).await;
        let (ended, during) = (Instant::now(), pulse.transactions() - before);
        pulse.wait_for(before + during + AFTERWARDS).await;
        pulse.stop();
        let (report, troubles) = join(writers).await;
        let (events, deaths) =
            migrated.map_err(|failure| format!("{failure}\n{}", troubles.join("\n")))?;
        if !troubles.is_empty() {
            let troubles = troubles.join("\n");
            let why = if troubles.contains("(40001)") { deadlock(&address).await } else { None };
            let why = why.unwrap_or_default();
            return Err(format!("the application got errors\n{troubles}\n{why}"));
        }

        for sql in &self.meddling {
            run(&mut conn, &table.named_in(sql)).await;
        }
        run(&mut conn, &format!("ALTER TABLE {} {}", twin.sql(), self.alter)).await;
        let (key, era) = (&self.shape.key, &self.shape.era);
        let key: Vec<&str> =
            key.columns.iter().map(|column| era.name(column, true).unwrap_or(column)).collect();
        compare::same(&mut conn, &table, &twin, &key).await?;
        nothing_else_is_there(&mut conn, &table).await?;
        for schema in [&table.schema, &twin.schema] {
            run(&mut conn, &format!("DROP DATABASE `{schema}`")).await;
        }
        conn.disconnect().await.map_err(|error| error.to_string())?;
        let (seeding, migrating, the_rest) = (started - began, ended - started, ended.elapsed());
        let spent = Spent { seeding, migrating, the_rest };
        let Report { statements, longest, .. } = report;
        Ok(Told { events, during, statements, longest, deaths, spent })
    }

    async fn start_writers(
        &self,
        address: &Address,
        books: Vec<Book>,
        [table, twin]: [&Table; 2],
        pulse: &Arc<Pulse>,
    ) -> Vec<JoinHandle<Report>> {
        let mut writers = Vec::new();
        for book in books {
            let writer = book.writer;
            let conn = self.connect(address).await;
            pulse.notes(conn.id());
            let writer = Writer {
                conn,
                shape: Arc::clone(&self.shape),
                table: table.sql(),
                twin: twin.sql(),
                random: Rng::with_seed(book.writer as u64),
                book,
                acts: self.acts.clone(),
                pause: self.pause,
                xa: self.xa.then(|| format!("{}-{writer}", self.name)),
                pulse: Arc::clone(pulse),
            };
            writers.push(tokio::spawn(writer.run()));
        }
        writers
    }

    /// Migrates the table to the end; zosc's events and how often it died, or why it failed.
    async fn migrate(
        &self,
        address: &Address,
        table: &Table,
        pulse: &Arc<Pulse>,
    ) -> Result<(Vec<Value>, usize), String> {
        if let Some(how) = self.by_hand {
            naive::migrate(address, table, &self.alter, how).await;
            return Ok((Vec::new(), 0));
        }
        let capture = self.place.flag();
        let mut all: Vec<&str> = vec!["--copy", &capture, "--alter", &self.alter];
        all.extend(self.args.iter().map(String::as_str));
        // A run that dies when all is written down is known by its id alone.
        let id = format!("--id={}", self.name);
        if self.broken.is_some() {
            all.push(&id);
        }
        let name = table.sql();
        all.push(&name);
        let address = self.proxy.as_ref().map_or(address, |proxy| proxy.address());
        if self.proxy.is_some() {
            // It must understand what is said.
            all.push("--ssl-mode=disabled");
        }
        let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
        let (address, broken, pulse) = (address.clone(), self.broken.clone(), Arc::clone(pulse));
        let (ran, deaths) = tokio::task::spawn_blocking(move || {
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            match broken {
                None => (zosc::start(&address, &all).wait(PATIENCE), 0),
                Some(how) => how.run(&address, &all, &pulse),
            }
        })
        .await
        .map_err(|panic| panic.to_string())?;
        self.is_done(&ran, deaths)?;
        Ok((ran.events, deaths))
    }

    /// Whether zosc did what it was told.
    fn is_done(&self, ran: &Ran, deaths: usize) -> Result<(), String> {
        if ran.code != 0 {
            let events = ran.events.iter().filter(|event| event["event"] != "progress");
            let said: Vec<String> = events.map(ToString::to_string).collect();
            return Err(format!(
                "zosc: exit code {} after {deaths} deaths\n{}\n{}",
                ran.code,
                said.join("\n"),
                ran.stderr
            ));
        }
        let outcome = &ran.finished()["outcome"];
        if deaths > 0 && outcome == "already" {
            return Ok(());
        }
        if outcome != "copied" {
            return Err(format!("zosc did not copy: {}", ran.finished()));
        }
        let mode = ran.events_of("plan").map(|plan| &plan["mode"]).last();
        if mode.and_then(Value::as_str) != Some(self.place.capture.word()) {
            return Err(format!("zosc has captured by {mode:?}"));
        }
        Ok(())
    }

    fn address(&self) -> Address {
        self.server.as_ref().map_or_else(|| self.place.address(), Address::of)
    }

    /// A session as the application has it.
    async fn connect(&self, address: &Address) -> Conn {
        let mut conn = address.connect().await;
        for sql in &self.session {
            run(&mut conn, sql).await;
        }
        conn
    }
}

/// What all writers did, and what went wrong for them.
async fn join(writers: Vec<JoinHandle<Report>>) -> (Report, Vec<String>) {
    let mut all = Report::default();
    let mut troubles = Vec::new();
    for writer in writers {
        let report = writer.await.unwrap();
        all.longest = all.longest.max(report.longest);
        all.statements += report.statements;
        troubles.extend(report.trouble);
    }
    (all, troubles)
}

/// Nothing but the table and the kept original may be left, and its indexes must be sound.
async fn nothing_else_is_there(conn: &mut Conn, table: &Table) -> Result<(), String> {
    let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1";
    let found: Vec<String> = conn.exec(sql, (&table.schema,)).await.unwrap();
    if found != [table.name.clone(), format!("{}__zosc_kept", table.name)] {
        return Err(format!("the schema holds {found:?}"));
    }
    let checked: Vec<(String, String, String, String)> =
        conn.query(format!("CHECK TABLE {}", table.sql())).await.unwrap();
    match checked.as_slice() {
        [(.., verdict)] if verdict == "OK" => Ok(()),
        other => Err(format!("CHECK TABLE says {other:?}")),
    }
}

/// What the server tells of its last deadlock.
async fn deadlock(address: &Address) -> Option<String> {
    let status = address.cell("SHOW ENGINE INNODB STATUS", 2).await?;
    let (_, told) = status.split_once("LATEST DETECTED DEADLOCK")?;
    Some(told.split("\nTRANSACTIONS\n").next()?.to_owned())
}

/// Runs a statement that must work for the story to have a meaning.
pub(super) async fn run(conn: &mut Conn, sql: &str) {
    conn.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
