//! What a program does with the library, on real servers.

use std::time::Duration;

use futures_util::StreamExt as _;
use zosc::{Event, Kind, Migration, Options, Outcome, Stage};

use crate::support::bed::{Bed, PATIENCE};
use crate::support::place::{Place, played};

#[path = "../../examples/for_a_while.rs"]
#[allow(dead_code)] // `main`
mod for_a_while;
#[path = "../../examples/migrate.rs"]
#[allow(dead_code)]
mod migrate;

played! {
    on_both_servers: it_streams_and_ends_with_its_outcome,
        it_is_stopped_and_goes_on,
        it_is_dropped_and_goes_on,
        errors_tell_what_can_be_done,
        several_at_once,
        the_examples_run;
}

impl Bed {
    fn url(&self) -> String {
        let (account, address) = (&self.account, &self.address);
        format!("mysql://{account}@{}:{}/{}", address.host, address.port, self.schema)
    }

    fn options(&self) -> Options {
        let options = Options::from_url(&self.url()).unwrap();
        options.copy().set("max-chunk-rows", "500").unwrap()
    }

    /// The copy rests before its first row.
    fn resting(&self, flag: &tempfile::NamedTempFile) -> Options {
        self.options().set("throttle-flag-file", flag.path().to_str().unwrap()).unwrap()
    }
}

const CHANGE: &str = "ALTER TABLE t ADD COLUMN c INT";

async fn until_it_rests(migration: &mut Migration) {
    let rests = async {
        while let Some(event) = migration.next_event().await {
            if matches!(event, Event::Throttled { .. }) {
                return;
            }
        }
        panic!("it ended: {migration:?}");
    };
    tokio::time::timeout(PATIENCE, rests).await.unwrap();
}

/// Whether a stage of it went on where another has stopped.
async fn goes_on(mut migration: Migration) -> (bool, zosc::Result<Outcome>) {
    let mut resumed = false;
    while let Some(event) = migration.next().await {
        resumed |= matches!(event, Event::Stage { stage: Stage::Capture, resumed: true });
    }
    (resumed, migration.await)
}

async fn it_streams_and_ends_with_its_outcome(place: Place) {
    let bed = Bed::made("lib_stream", place).await;
    let application = bed.application();
    let mut migration = zosc::migrate(&bed.options(), CHANGE);
    let events: Vec<Event> = (&mut migration).collect().await;
    let Ok(Outcome::Copied(swapped)) = migration.await else { panic!("{events:#?}") };
    application.stop().nothing();
    assert_eq!(swapped.kept.schema, bed.schema);
    let stage = |event: &Event| match event {
        Event::Stage { stage, .. } => Some(*stage),
        _ => None,
    };
    let stages: Vec<Stage> = events.iter().filter_map(stage).collect();
    assert_eq!((stages.first(), stages.last()), (Some(&Stage::Plan), Some(&Stage::Tidy)));
    assert!(events.iter().any(|event| matches!(event, Event::Run { .. })), "{events:#?}");
    assert_eq!(bed.column(&bed.differing()).await, Vec::<String>::new());
    // One after the other, at once: the first one has given back what it held.
    for column in ["d", "e"] {
        bed.run(&[&format!("DROP TABLE {}.t__zosc_kept", bed.schema)]).await;
        let next = format!("ALTER TABLE t ADD COLUMN {column} INT");
        let outcome = zosc::migrate(&bed.options(), &next).await;
        assert!(matches!(outcome, Ok(Outcome::Copied(_))), "{outcome:?}");
    }
    bed.gone().await;
}

async fn it_is_stopped_and_goes_on(place: Place) {
    let bed = Bed::made("lib_stop", place).await;
    let flag = tempfile::NamedTempFile::new().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut migration = zosc::migrate(&bed.resting(&flag), CHANGE).until(stopped);
    until_it_rests(&mut migration).await;
    stop.send(()).unwrap();
    let error = migration.await.unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Interrupted, "interrupted"));
    assert!(error.kind.is_resumable());
    assert!(error.hints[0].contains("to go on where it stopped"), "{error:?}");
    let (resumed, outcome) = goes_on(zosc::migrate(&bed.options(), CHANGE)).await;
    assert!(resumed && matches!(outcome, Ok(Outcome::Copied(_))), "{outcome:?}");
    assert_eq!(bed.column(&bed.differing()).await, Vec::<String>::new());
    bed.gone().await;
}

async fn it_is_dropped_and_goes_on(place: Place) {
    let bed = Bed::made("lib_drop", place).await;
    let flag = tempfile::NamedTempFile::new().unwrap();
    let mut migration = zosc::migrate(&bed.resting(&flag), CHANGE);
    until_it_rests(&mut migration).await;
    drop(migration);
    let again = async {
        loop {
            match goes_on(zosc::migrate(&bed.options(), CHANGE)).await {
                (_, Err(error)) if error.kind == Kind::Busy => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                ended => return ended,
            }
        }
    };
    let (resumed, outcome) = tokio::time::timeout(PATIENCE, again).await.unwrap();
    assert!(resumed && matches!(outcome, Ok(Outcome::Copied(_))), "{outcome:?}");
    // The note of the run that was dropped was written, so nothing of it was cut off.
    let marks = bed.column(&format!("SHOW TABLES FROM {} LIKE '%shadow'", bed.schema)).await;
    assert_eq!(marks, Vec::<String>::new());
    bed.gone().await;
}

async fn errors_tell_what_can_be_done(place: Place) {
    let bed = Bed::made("lib_errors", place).await;
    let error = |sql: &'static str| {
        let options = bed.options();
        async move { zosc::migrate(&options, sql).await.unwrap_err() }
    };
    let unknown = error("ALTER TABLE t DROP COLUMN nosuch").await;
    assert_eq!(unknown.server.as_ref().map(|code| code.errno), Some(1091), "{unknown:?}");
    let missing = error("ALTER TABLE nosuch ADD c INT").await;
    assert_eq!(missing.kind, Kind::Refused, "{missing:?}");
    // An unknown user would not do: a server may ask for any method of one, to hide that.
    let url = bed.url().replacen('@', ":wrong@", 1);
    let denied = zosc::migrate(&Options::from_url(&url).unwrap(), CHANGE).await;
    let denied = denied.unwrap_err();
    assert_eq!((denied.kind, denied.code), (Kind::NotReady, "access_denied"));
    assert!(!denied.hints.is_empty());
    bed.gone().await;
}

async fn several_at_once(place: Place) {
    let bed = Bed::made("lib_several", place).await;
    let schema = &bed.schema;
    for table in ["u", "v", "w"] {
        let copy = format!("CREATE TABLE {schema}.{table} LIKE {schema}.t");
        let rows = format!("INSERT INTO {schema}.{table} SELECT * FROM {schema}.t");
        bed.run(&[&copy, &rows]).await;
    }
    let change = |table: &str| {
        zosc::migrate(&bed.options(), &format!("ALTER TABLE {table} ADD COLUMN c INT"))
    };
    // Two on other runtimes.
    let elsewhere = ["u", "v"].map(|table| {
        let migration = change(table);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(migration)
        })
    });
    // Two on this one, and one that comes too late.
    let flag = tempfile::NamedTempFile::new().unwrap();
    let mut first = zosc::migrate(&bed.resting(&flag), CHANGE);
    until_it_rests(&mut first).await;
    let busy = change("t").await.unwrap_err();
    assert_eq!((busy.kind, busy.code), (Kind::Busy, "table_busy"));
    drop(flag);
    let (first, other) = tokio::join!(first, change("w"));
    for outcome in [first, other] {
        assert!(matches!(outcome, Ok(Outcome::Copied(_))), "{outcome:?}");
    }
    for elsewhere in elsewhere {
        let outcome = elsewhere.join().unwrap();
        assert!(matches!(outcome, Ok(Outcome::Copied(_))), "{outcome:?}");
    }
    bed.gone().await;
}

async fn the_examples_run(place: Place) {
    let bed = Bed::made("lib_examples", place).await;
    migrate::change(&bed.url(), CHANGE).await.unwrap();
    migrate::change(&bed.url(), "ALTER TABLE t DROP COLUMN nosuch").await.unwrap_err();
    let rebuild = "ALTER TABLE t MODIFY c BIGINT";
    let not_yet = for_a_while::work(&bed.url(), rebuild, Duration::ZERO).await.unwrap();
    let done = for_a_while::work(&bed.url(), rebuild, PATIENCE).await.unwrap();
    assert_eq!((not_yet, done), (false, true));
    bed.gone().await;
}
