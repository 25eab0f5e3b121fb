//! Two tables with everything that verification stands on; the test itself plays capture.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use zosc::capture::{Acknowledge, Deliveries, Delivery, Milestone, Receipt};
use zosc::copy::{self, Copied, Remainder};
use zosc::error::{Error, Kind, Result};
use zosc::event::Events;
use zosc::halt::Halt;
use zosc::journal::{FENCE, Journal, RunRow};
use zosc::ledger::Ledger;
use zosc::means::Means;
use zosc::mysql::{Server, Session};
use zosc::pace::Watching;
use zosc::refresh::{Carrier, Refresh};
use zosc::schema::{Key, KeyPart, Pair, Side, TableName};
use zosc::settings::{Effort, Settings};
use zosc::verify::{self, Verified};

use super::facts::mapping;
use crate::plan::ground::server_at;
use crate::support::mysqld::{Database, shared_url};

const JOURNAL: &str = "_zosc_verify";

/// The tables `t` (the original) and `t__zosc_shadow` in a schema of the test's own.
pub struct Stage {
    pub means: Means,
    pub pair: Pair,
    pub session: Session,
    refresh: Refresh,
    /// Held for a write and the delivery of its keys, so that no fence comes between them.
    log: Arc<Mutex<mpsc::Sender<Delivery>>>,
    _watching: Watching,
}

impl Stage {
    /// `make` creates and fills `t`; `alter` are the clauses for the shadow. The key is `index`.
    pub async fn set(
        database: Database,
        schema: &str,
        make: &[&str],
        alter: &str,
        index: &str,
    ) -> Self {
        Self::set_renaming(database, schema, make, alter, index, &[]).await
    }

    pub async fn set_renaming(
        database: Database,
        schema: &str,
        make: &[&str],
        alter: &str,
        index: &str,
        renamed: &[(&str, &str)],
    ) -> Self {
        let server = server_at(&shared_url(database), "root").await;
        let mut session = server.session().await.unwrap();
        let original = TableName::new(schema, "t");
        let shadow = TableName::new(schema, "t__zosc_shadow");
        run(&mut session, &format!("CREATE DATABASE {schema}")).await;
        run(&mut session, &format!("USE {schema}")).await;
        for sql in make {
            run(&mut session, &database.words(sql)).await;
        }
        run(&mut session, &format!("CREATE TABLE {shadow} LIKE {original}")).await;
        if !alter.is_empty() {
            let alter = database.words(alter);
            run(&mut session, &format!("ALTER TABLE {shadow} {alter}")).await;
        }
        let mapping = mapping(&mut session, &original, &shadow, index, renamed).await;
        let pair = Pair { original, shadow, mapping };

        let journal = journal(&mut session, &pair.original).await;
        let halt = Halt::new();
        let chunk_time = Duration::from_millis(50);
        let effort = Effort { workers: 2, chunk_time, max_chunk_rows: 20_000, ..Effort::default() };
        let settings = Settings { effort, ..Settings::default() };
        let (means, watching) =
            Means::begin(&server, journal, settings, false, &Events::channel().0, &halt);
        let (sender, deliveries) = mpsc::channel(64);
        let acknowledge = Acknowledge::Journal(
            means.journal.clone(),
            Arc::new(Milestone::new(means.server.clone())),
        );
        let deliveries = Deliveries::new(deliveries, acknowledge, None);
        let refresh =
            Refresh::start(&means, &pair, Ledger::weighing(Key::weight), deliveries).await.unwrap();
        let log = Arc::new(Mutex::new(sender));
        tokio::spawn(deliver_fences(means.server.clone(), means.journal.run(), Arc::clone(&log)));
        Self { means, pair, session, refresh, log, _watching: watching }
    }

    pub fn carrier(&self) -> &Carrier {
        self.refresh.carrier()
    }

    /// Fills the shadow as a run does.
    pub async fn copy(&self) -> Copied {
        copy::rows(&self.means, &self.pair, 0, Remainder::whole(), self.carrier()).await.unwrap()
    }

    /// Fills the shadow, does something to it, and compares.
    pub async fn verify_after(&mut self, mischief: &str) -> Result<Verified> {
        let copied = self.copy().await;
        if !mischief.is_empty() {
            run(&mut self.session, mischief).await;
        }
        verify::tables(&self.means, &self.pair, self.carrier(), copied).await
    }

    /// The application's write of rows with these integer keys; capture delivers them.
    pub async fn write(&mut self, sql: &str, ids: &[i64]) {
        let log = self.log.lock().await;
        run(&mut self.session, sql).await;
        log.send(Delivery::Keys(ids.iter().map(|id| key(*id)).collect())).await.unwrap();
        log.send(Delivery::Commit(position())).await.unwrap();
    }

    /// Capture delivers any keys.
    pub async fn deliver(&self, keys: Vec<Key>) {
        let log = self.log.lock().await;
        log.send(Delivery::Keys(keys)).await.unwrap();
        log.send(Delivery::Commit(position())).await.unwrap();
    }

    /// The keys of all of the original's rows.
    pub async fn keys(&mut self) -> Vec<Key> {
        let shape = &self.pair.mapping.key;
        let order = shape.columns_on(Side::Original);
        let sql =
            format!("SELECT {} FROM {} ORDER BY {order}", shape.select(None), self.pair.original);
        let rows = self.session.bytes(sql).await.unwrap();
        rows.iter().map(|row| shape.parse(row).unwrap()).collect()
    }

    /// Compares the dirty rows as the swap does; the session holds the locks.
    pub async fn under_lock(&mut self, verified: &mut Verified) -> Result<()> {
        let (original, shadow) = (&self.pair.original, &self.pair.shadow);
        let mut locker = self.means.server.session().await.unwrap();
        run(&mut locker, &format!("LOCK TABLES {original} WRITE, {shadow} WRITE")).await;
        let compared = verified.under_lock(&mut locker, self.carrier()).await;
        run(&mut locker, "UNLOCK TABLES").await;
        locker.close().await.unwrap();
        compared
    }
}

/// The message of the error that rows differ.
#[track_caller]
pub fn differs<T: std::fmt::Debug>(compared: Result<T>) -> String {
    let error: Error = compared.expect_err("the rows differ");
    assert_eq!((error.kind, error.code), (Kind::Differs, "rows_differ"), "{error}");
    error.message
}

pub async fn run(session: &mut Session, sql: &str) {
    session.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub fn key(id: i64) -> Key {
    Key(Box::new([KeyPart::Int(id)]))
}

/// A run's row, without the plan that a run would have.
async fn journal(session: &mut Session, table: &TableName) -> Journal {
    Journal::prepare(session, JOURNAL).await.unwrap();
    run(
        session,
        &format!(
            "INSERT INTO {JOURNAL}.run (phase, table_schema, table_name, statement, allow, \
             definition, shadow, kept, server_uuid, zosc_version, started_at) \
             VALUES ('copying', '{}', '{}', '', '', '', '', '', '', '', NOW())",
            table.schema, table.table
        ),
    )
    .await;
    Journal::of(JOURNAL, &RunRow::on_table(session, JOURNAL, table).await.unwrap()[0])
}

/// What the binary log would bring of the fence table.
async fn deliver_fences(server: Server, run: u64, log: Arc<Mutex<mpsc::Sender<Delivery>>>) {
    let mut session = server.session().await.unwrap();
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let log = log.lock().await;
        let sql = format!("SELECT token FROM {JOURNAL}.{FENCE} WHERE run = {run}");
        let token: u64 = session.first(sql).await.unwrap().unwrap_or(0);
        if token > last {
            last = token;
            if log.send(Delivery::Fence(token)).await.is_err() {
                return;
            }
        }
    }
}

fn position() -> Receipt {
    Receipt::Position(serde_json::from_str(r#"{"file":"","offset":4,"born":0}"#).unwrap())
}
