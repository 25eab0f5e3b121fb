//! What goes wrong, and what can be done then.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::mysql::Mysql;
use diesel_migrations::MigrationHarness;
use tempfile::NamedTempFile;
use tokio::sync::Notify;
use zosc::diesel::Online;
use zosc::{Event, Kind, Options, Outcome, Stage};

use crate::bed::{Bed, folder};
use crate::mysqld::Database;

const TABLE: &str =
    "CREATE TABLE t (id INT PRIMARY KEY, a INT); INSERT INTO t VALUES (1, 1), (2, 2)";
const CHANGE: (&str, &str) = ("ALTER TABLE t ADD COLUMN b INT;", "ALTER TABLE t DROP COLUMN b;");

/// Runs all; the error as an application gets at it.
fn fails(
    harness: &mut impl MigrationHarness<Mysql>,
    source: impl MigrationSource<Mysql>,
) -> zosc::Error {
    let error = harness.run_pending_migrations(source).unwrap_err();
    let error = error.downcast_ref::<zosc::Error>();
    error.cloned().unwrap_or_else(|| panic!("it is of another type"))
}

/// The copy rests while the file is there.
fn resting(bed: &Bed, flag: &NamedTempFile) -> Options {
    bed.options().set("throttle-flag-file", flag.path().to_str().unwrap()).unwrap()
}

fn goes_on(events: &[Event]) -> bool {
    events
        .iter()
        .any(|event| matches!(event, Event::Stage { stage: Stage::Capture, resumed: true }))
}

fn a_failure_is_told_and_not_recorded(bed: &Bed, harness: &mut impl MigrationHarness<Mysql>) {
    bed.run(&[TABLE]);
    let (_folder, source) = folder(&[CHANGE, ("ALTER TABLE t DROP COLUMN nosuch;", "")]);
    let error = fails(harness, bed.online(source, bed.options()));
    assert_eq!(error.server.as_ref().map(|code| code.errno), Some(1091), "{error:?}");
    let message = "migration 00000000000002_step, change 1: ";
    assert!(error.message.starts_with(message) && error.source().is_none(), "{error:?}");
    assert_eq!(bed.versions(), ["00000000000001"]);

    let (_folder, source) =
        folder(&[CHANGE, ("INSERT INTO nosuch VALUES (1); ALTER TABLE t ADD c INT;", "")]);
    let error = fails(harness, bed.online(source, bed.options()));
    assert_eq!((error.kind, error.code), (Kind::Failed, "statement_failed"), "{error:?}");
    let (_folder, source) = folder(&[CHANGE, ("ALTER TABLE t RENAME TO u;", "")]);
    let error = fails(harness, bed.online(source, bed.options()));
    assert!(error.hints.last().unwrap().contains("`-- zosc: off`"), "{error:?}");
    assert_eq!(bed.versions(), ["00000000000001"]);
}

fn what_was_stopped_goes_on(bed: &Bed, harness: &mut impl MigrationHarness<Mysql>) {
    bed.run(&[TABLE]);
    let (_folder, source) = folder(&[CHANGE]);
    let (rests, flag) = (Arc::new(Notify::new()), NamedTempFile::new().unwrap());
    let tell = Arc::clone(&rests);
    let online = Online::new(source.clone(), resting(bed, &flag))
        .on_event(move |event| {
            if matches!(event, Event::Throttled { .. }) {
                tell.notify_one();
            }
        })
        .until(move || {
            let rests = Arc::clone(&rests);
            async move { rests.notified().await }
        });
    let error = fails(harness, &online);
    assert_eq!((error.kind, error.code), (Kind::Interrupted, "interrupted"), "{error:?}");
    assert_eq!(bed.versions(), Vec::<String>::new());
    harness.run_pending_migrations(bed.online(source, bed.options())).unwrap();
    assert!(goes_on(&bed.heard()));
    assert_eq!(bed.versions(), ["00000000000001"]);
    assert_eq!(bed.values("CONCAT(id, a, b IS NULL)", "t"), ["111", "221"]);
}

/// As if the process had died between the change and its record.
fn what_is_made_is_only_recorded(bed: &Bed, harness: &mut impl MigrationHarness<Mysql>) {
    bed.run(&[TABLE]);
    let id = format!("diesel:{}:00000000000001:up:1", bed.schema);
    let options = bed.options().id(id);
    // There may be a runtime here already.
    let made = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(zosc::migrate(&options, CHANGE.0))
    });
    let made = made.join().unwrap();
    assert!(matches!(made, Ok(Outcome::Copied(_))), "{made:?}");
    let (_folder, source) = folder(&[CHANGE]);
    harness.run_pending_migrations(bed.online(source, bed.options())).unwrap();
    assert!(!bed.heard().iter().any(|event| matches!(event, Event::Run { .. })));
    assert_eq!(bed.versions(), ["00000000000001"]);
}

/// The connection would die of silence while zosc works.
fn the_connection_is_kept_alive(bed: &Bed) {
    bed.run(&[TABLE]);
    let (_folder, source) = folder(&[CHANGE]);
    let mut harness = bed.connection();
    harness.conn.batch_execute("SET SESSION wait_timeout = 1").unwrap();
    let flag = NamedTempFile::new().unwrap();
    let online = bed.online(source, resting(bed, &flag)).ping_every(Duration::from_millis(200));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(2500));
            drop(flag);
        });
        harness.run_pending_migrations(online).unwrap();
    });
    assert_eq!(bed.versions(), ["00000000000001"]);
}

/// The options name another schema than the connection, or another server.
fn another_place_is_refused(bed: &Bed, other: &Bed) {
    bed.run(&[TABLE]);
    other.run(&[TABLE]);
    let (_folder, source) = folder(&[CHANGE]);
    let error = fails(&mut bed.connection(), bed.online(source, other.options()));
    assert_eq!((error.kind, error.code), (Kind::Refused, "other_place"), "{error:?}");
    assert_eq!(bed.versions(), Vec::<String>::new());
    for bed in [bed, other] {
        bed.run(&["ALTER TABLE t ADD COLUMN b INT"]);
    }
}

#[test]
fn over_the_c_library_on_mysql() {
    let bed = |schema| Bed::made(Database::Mysql, schema);
    let (failed, stopped, made) = (bed("failed_a"), bed("stopped_a"), bed("made_a"));
    a_failure_is_told_and_not_recorded(&failed, &mut failed.connection());
    what_was_stopped_goes_on(&stopped, &mut stopped.connection());
    what_is_made_is_only_recorded(&made, &mut made.connection());
    the_connection_is_kept_alive(&bed("alive_a"));
    another_place_is_refused(&bed("here_a"), &bed("there_a"));
    another_place_is_refused(&bed("here_b"), &Bed::made(Database::Mariadb, "here_b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_diesel_async_on_mariadb() {
    let bed = |schema| Bed::made(Database::Mariadb, schema);
    let (failed, stopped, made) = (bed("failed_c"), bed("stopped_c"), bed("made_c"));
    a_failure_is_told_and_not_recorded(&failed, &mut failed.harness().await);
    what_was_stopped_goes_on(&stopped, &mut stopped.harness().await);
    what_is_made_is_only_recorded(&made, &mut made.harness().await);
}
