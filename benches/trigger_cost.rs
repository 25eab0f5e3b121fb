//! What triggers cost the application, per changed row: without any, with zosc's (which write the
//! key), and with triggers that keep a second table up to date (which write the row):
//! `cargo bench --bench trigger_cost`. Ratios are what counts; microseconds belong to the machine.
//!
//! `ZOSC_BENCH_ROWS` sets the rows of each measurement (20,000 unless told otherwise).
#![allow(clippy::print_stdout, clippy::unwrap_used, unreachable_pub, missing_docs)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts};
use zosc::capture::{Capture, Deliveries, Delivery, Mode, Watched};
use zosc::event::Events;
use zosc::halt::Halt;
use zosc::journal::{Journal, RunRow};
use zosc::means::Means;
use zosc::mysql::{Connection, Server, Tls};
use zosc::request::Request;
use zosc::schema::{Helper, KeyColumn, KeyShape, PartType, TableName, read};
use zosc::settings::Settings;
use zosc::sql::Statement;

#[path = "../tests/server/support/mysqld.rs"]
#[allow(dead_code)] // the tests need more of it
mod mysqld;

/// Rows of one transaction.
const TOGETHER: u64 = 100;
/// Of all transactions of a kind the one that this part of them undercuts counts: the slower ones were
/// disturbed by something else.
const UNDISTURBED: usize = 4;
/// What is measured: statements of as many rows as a transaction has, and of one row.
const VERBS: [&str; 6] = [
    "INSERT of 100 rows",
    "UPDATE of 100 rows",
    "DELETE of 100 rows",
    "INSERT",
    "UPDATE",
    "DELETE",
];
/// Triggers of every kind, each on a table in a schema of its own. They take turns, so that whatever
/// else the machine does meets all of them.
const KINDS: [(Triggers, &str); 3] = [
    (Triggers::None, "bench_none"),
    (Triggers::Keys, "bench_keys"),
    (Triggers::Rows, "bench_rows"),
];

struct Shape {
    name: &'static str,
    create: &'static str,
    /// Of the columns but the key.
    columns: &'static [&'static str],
    values: &'static str,
    update: &'static str,
}

/// A narrow table with one index, and a wider one with five.
const SHAPES: [Shape; 2] = [
    Shape {
        name: "narrow, 1 index",
        create: "CREATE TABLE t (id INT PRIMARY KEY, k INT NOT NULL, c CHAR(60) NOT NULL, KEY (k))",
        columns: &["k", "c"],
        values: "ROW * 7919 % 1000003, SHA2(ROW, 224)",
        update: "c = SHA2(c, 224)",
    },
    Shape {
        name: "wider, 5 indexes",
        create: "CREATE TABLE t (id BIGINT PRIMARY KEY, a INT, b INT, c VARCHAR(60), d DATETIME, \
                 e DECIMAL(10,2), f VARCHAR(120), KEY (a), KEY (b), KEY (c), KEY (d), KEY (e, a))",
        columns: &["a", "b", "c", "d", "e", "f"],
        values: "ROW * 7919 % 1000003, ROW % 1000, SHA2(ROW, 224), '2024-01-01' + INTERVAL ROW SECOND, ROW / 7, SHA2(ROW, 256)",
        update: "f = SHA2(f, 256), a = a + 1",
    },
];

/// Microseconds a row, in the order of [`KINDS`].
type Cost = [f64; 3];

#[tokio::main]
async fn main() {
    let rows: u64 = std::env::var("ZOSC_BENCH_ROWS").map_or(20_000, |rows| rows.parse().unwrap());
    println!("{rows} rows, {TOGETHER} to a transaction; µs a row, and times as much as without");
    for (name, kind) in [("MySQL", mysqld::Database::Mysql), ("MariaDB", mysqld::Database::Mariadb)]
    {
        let server = mysqld::Mysqld::start(kind, &["--innodb-flush-log-at-trx-commit=2"]);
        let url = server.url();
        for shape in &SHAPES {
            println!("\n{name}, {}", shape.name);
            println!("{:<20} {:>8} {:>16} {:>16}", "", "without", "keys (zosc)", "whole rows");
            let costs = measure(&url, shape, rows).await;
            for (verb, [base, ours, theirs]) in VERBS.iter().zip(costs) {
                let (more, most) = (ours / base, theirs / base);
                println!(
                    "{verb:<20} {base:>8.0} {ours:>9.0} {more:>5.2}x {theirs:>9.0} {most:>5.2}x"
                );
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Triggers {
    None,
    Keys,
    Rows,
}

/// The costs in the order of [`VERBS`].
async fn measure(url: &str, shape: &Shape, rows: u64) -> Vec<Cost> {
    let mut apps = Vec::new();
    let mut zoscs = None;
    for (triggers, schema) in KINDS {
        let mut app = Conn::new(Opts::from_url(url).unwrap()).await.unwrap();
        for sql in [
            &format!("DROP DATABASE IF EXISTS {schema}"),
            &format!("CREATE DATABASE {schema}"),
            &format!("USE {schema}"),
            shape.create,
            "CREATE TABLE t__zosc_shadow LIKE t",
        ] {
            app.query_drop(sql).await.unwrap();
        }
        for from in (0..rows).step_by(usize::try_from(TOGETHER).unwrap()) {
            let rows = from..from + TOGETHER;
            let rows = rows.map(|row| format!("({}, {})", row * 2, values(shape, row)));
            let rows = rows.collect::<Vec<_>>().join(", ");
            together(&mut app, &[format!("INSERT INTO t VALUES {rows}")]).await;
        }
        match triggers {
            Triggers::None => {}
            Triggers::Keys => zoscs = Some(capture(url, schema).await),
            Triggers::Rows => whole_rows(&mut app, shape).await,
        }
        apps.push(app);
    }
    // In an order that is not the key's.
    let somewhere = |row: u64| row * 7919 % rows * 2;
    let fresh = |row: u64| format!("({}, {})", row * 2 + 1, values(shape, row));
    let single: [&dyn Fn(u64) -> String; 3] = [
        &|row| format!("INSERT INTO t VALUES {}", fresh(row)),
        &|row| format!("UPDATE t SET {} WHERE id = {}", shape.update, somewhere(row)),
        &|row| format!("DELETE FROM t WHERE id = {}", somewhere(row)),
    ];
    let many: [&dyn Fn(u64) -> String; 3] = [
        &|from| {
            let rows: Vec<String> = (from..from + TOGETHER).map(fresh).collect();
            format!("INSERT INTO t VALUES {}", rows.join(", "))
        },
        &|from| format!("UPDATE t SET {} WHERE {}", shape.update, odd(from)),
        &|from| format!("DELETE FROM t WHERE {}", odd(from)),
    ];
    let mut costs = Vec::new();
    for verb in many {
        costs.push(in_turns(&mut apps, rows, |from| vec![verb(from)]).await);
    }
    for verb in single {
        let statements = |from| (from..from + TOGETHER).map(verb).collect();
        costs.push(in_turns(&mut apps, rows, statements).await);
    }
    if let Some((capture, taking)) = zoscs {
        capture.stop().await.unwrap();
        taking.await.unwrap();
    }
    costs
}

/// What a statement costs with triggers of each kind.
async fn in_turns(apps: &mut [Conn], rows: u64, statements: impl Fn(u64) -> Vec<String>) -> Cost {
    let mut taken = vec![Vec::new(); apps.len()];
    for from in (0..rows).step_by(usize::try_from(TOGETHER).unwrap()) {
        let statements = statements(from);
        for (app, taken) in apps.iter_mut().zip(&mut taken) {
            taken.push(together(app, &statements).await);
        }
    }
    std::array::from_fn(|kind| {
        taken[kind].sort_unstable();
        let typical = taken[kind][taken[kind].len() / UNDISTURBED];
        typical.as_secs_f64() * 1e6 / f64::from(u32::try_from(TOGETHER).unwrap())
    })
}

/// One transaction.
async fn together(app: &mut Conn, statements: &[String]) -> Duration {
    let started = Instant::now();
    app.query_drop("START TRANSACTION").await.unwrap();
    for sql in statements {
        app.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    app.query_drop("COMMIT").await.unwrap();
    started.elapsed()
}

/// The rows that were inserted together.
fn odd(from: u64) -> String {
    format!("id BETWEEN {} AND {} AND id % 2 = 1", from * 2 + 1, (from + TOGETHER) * 2 - 1)
}

fn values(shape: &Shape, row: u64) -> String {
    shape.values.replace("ROW", &row.to_string())
}

/// As pt-online-schema-change makes them.
async fn whole_rows(app: &mut Conn, shape: &Shape) {
    let (shadow, columns) = ("t__zosc_shadow", shape.columns.join(", "));
    let new: Vec<String> = shape.columns.iter().map(|column| format!("NEW.{column}")).collect();
    let replace =
        format!("REPLACE INTO {shadow} (id, {columns}) VALUES (NEW.id, {})", new.join(", "));
    for sql in [
        format!("INSERT INTO {shadow} SELECT * FROM t"),
        format!(
            "CREATE TRIGGER d AFTER DELETE ON t FOR EACH ROW DELETE IGNORE FROM {shadow} WHERE {shadow}.id <=> OLD.id"
        ),
        format!(
            "CREATE TRIGGER u AFTER UPDATE ON t FOR EACH ROW BEGIN DELETE IGNORE FROM {shadow} WHERE !(OLD.id <=> NEW.id) AND {shadow}.id <=> OLD.id; {replace}; END"
        ),
        format!("CREATE TRIGGER i AFTER INSERT ON t FOR EACH ROW {replace}"),
    ] {
        app.query_drop(sql).await.unwrap();
    }
}

/// zosc's own, with the reading and clearing of their logs beside the application.
async fn capture(url: &str, schema: &str) -> (Capture, tokio::task::JoinHandle<()>) {
    let opts = Opts::from_url(url).unwrap();
    let server = Server::connect(&Connection {
        host: opts.ip_or_hostname().to_owned(),
        port: opts.tcp_port(),
        socket: None,
        user: "root".to_owned(),
        password: None,
        tls: Tls::default(),
    })
    .await
    .unwrap();
    let mut session = server.session().await.unwrap();
    Journal::prepare(&mut session, schema).await.unwrap();
    let name = TableName::new(schema, "t");
    let request = Request {
        table: name.clone(),
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
    let journal = Journal::of(schema, &run);
    let original = read::table(&mut session, &name).await.unwrap().unwrap();
    let part = PartType::of(&original.columns[0]).unwrap();
    let column = KeyColumn { name: "id".into(), shadow_name: "id".into(), position: 0, part };
    let watched = Watched {
        shadow: name.helper(Helper::Shadow),
        key: KeyShape {
            index: "PRIMARY".into(),
            shadow_index: "PRIMARY".into(),
            columns: vec![column],
        },
        fence: journal.fence_table(),
        marker: run.marker(),
        original,
    };
    let halt = Halt::new();
    let (events, settings) = (Events::channel().0, Settings::default());
    let (means, _) = Means::begin(&server, journal, settings, false, &events, &halt);
    let (capture, deliveries) =
        Capture::start(&means, Mode::Triggers, watched, &request.settings.swap).await.unwrap();
    (capture, tokio::spawn(take(deliveries, session)))
}

/// Takes what is delivered and lets the logs' rows go.
async fn take(mut deliveries: Deliveries, mut session: zosc::mysql::Session) {
    let mut owed = None;
    let mut last = Instant::now();
    while let Some(delivery) = deliveries.next().await {
        let Delivery::Commit(receipt) = delivery else { continue };
        match &mut owed {
            None => owed = Some(receipt),
            Some(earlier) => earlier.absorb(receipt),
        }
        if last.elapsed() > Duration::from_secs(1)
            && let Some(receipt) = owed.take()
        {
            deliveries.acknowledge().take(&mut session, &receipt).await.unwrap();
            last = Instant::now();
        }
    }
}
