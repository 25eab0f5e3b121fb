//! What can be said, and what it does.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Client, Door, ctl};
use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::place::{Place, played};

played! {
    on_both_servers: a_script_in_gh_osts_words;
    mysql_with_binlog: programs_and_people;
}

/// The rows that are copied, as `sup` tells.
fn rows(sup: &str) -> u64 {
    let rest = sup.strip_prefix("Copy: ").unwrap_or_else(|| panic!("{sup}"));
    rest.split('/').next().unwrap().parse().unwrap_or_else(|error| panic!("{error}: {sup}"))
}

async fn a_script_in_gh_osts_words(place: Place) {
    let (bed, door) = (Bed::made("control_words", place).await, Door::made());
    let application = bed.application();
    // So slow that it would take minutes, were it not told otherwise.
    let mut running = bed.start_with(&["--nice=100", &door.flag()]);
    door.until(&mut running, "copying", |status| status["progress"]["stage"] == "copy");
    let mode = std::fs::metadata(door.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let status = door.nc("status");
    assert!(status.starts_with(&format!("# Migrating `{}`.`t`; run ", bed.schema)), "{status}");
    assert!(status.contains("# stage: copy\n") && status.contains("# Serving on unix socket"));
    let sup = door.nc("sup");
    assert!(sup.contains("; Backlog: ") && sup.contains("State: migrating; ETA: "), "{sup}");

    // It rests.
    let throttled = door.nc("throttle");
    assert!(throttled.contains("State: throttled, commanded by user"), "{throttled}");
    // What had begun ends, and progress is told once a second.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let before = door.nc("sup");
    assert_eq!(
        door.nc("throttle=elsewhere").lines().next().unwrap().split(':').next(),
        Some("error")
    );
    for (set, read, value) in [
        ("chunk-size=25", "chunk-size=?", "25\n"),
        ("nice-ratio=0", "nice-ratio=?", "0\n"),
        ("max-lag-millis=1500", "max-lag-millis=?", "1500\n"),
        (
            "max-load=Threads_running=900,Threads_connected=901",
            "max-load=?",
            "Threads_running=900,Threads_connected=901\n",
        ),
        ("critical-load=Threads_running=2000", "critical-load=?", "Threads_running=2000\n"),
        ("throttle-query=select 0 from dual", "throttle-query=?", "select 0 from dual\n"),
        ("throttle-query=", "throttle-query=?", "\n"),
        ("throttle-control-replicas=", "throttle-control-replicas=?", "\n"),
        ("chunk-time 30ms", "chunk-time", "30ms\n"),
        ("workers 3", "workers", "3\n"),
    ] {
        let answer = door.nc(set);
        assert!(!answer.starts_with("error"), "{set}: {answer}");
        assert_eq!(door.nc(read), value, "{set}");
    }
    for wrong in ["chunk-size=many", "chunk-size=0", "dml-batch-size=5", "unpostpone", "brew"] {
        assert!(door.nc(wrong).starts_with("error: "), "{wrong}");
    }
    assert_eq!(door.nc("chunk-size=?"), "25\n", "what is refused changes nothing");
    assert!(door.nc("coordinates").starts_with("binlog.0"), "{}", door.nc("coordinates"));
    assert!(door.nc("applier").contains("Version: "));
    assert!(door.nc("help").contains("no-throttle"));
    let after = door.nc("sup");
    assert_eq!(rows(&before), rows(&after), "it was to rest: {before}{after}");
    assert!(rows(&after) < 6000, "nothing is proven: {after}");

    let goes_on = door.nc("no-throttle");
    assert!(goes_on.starts_with("work may go on"), "{goes_on}");
    let ran = running.wait(PATIENCE);
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    assert!(!door.path().exists(), "the socket is left");
    let said: Vec<&Value> = ran.events_of("command").collect();
    let is_said = |words: &str, ok: bool| {
        said.iter().any(|event| event["words"] == words && event["ok"] == ok)
    };
    assert!(is_said("throttle", true) && is_said("chunk-size 25", true), "{said:#?}");
    assert!(is_said("throttle elsewhere", false) && is_said("chunk-size 0", false), "{said:#?}");
    assert!(said[0]["by"].as_str().unwrap().starts_with("uid "), "{said:#?}");
    bed.gone().await;
}

/// JSON, `zosc ctl`, clients that are a nuisance; an end by a word, and the same command goes on.
async fn programs_and_people(place: Place) {
    let (bed, home) = (Bed::made("control_programs", place).await, Door::made());
    let application = bed.application();
    let mut running = bed.start_at_home(home.folder(), &["--nice=100"]);
    until_it_says(&mut running, "\"listening\"");
    let table = format!("{}.t", bed.schema);
    let path = home.folder().join(format!("zosc/{table}.sock"));
    std::os::unix::fs::symlink(&path, home.path()).unwrap();
    let status = home.until(&mut running, "copying", |status| status["stage"] == "copy");
    assert_eq!((&status["table"], &status["ok"]), (&json!(table), &json!(true)));
    assert!(status["measured"]["capture_lag_ms"].is_u64(), "{status}");

    // One that says nothing, and one that does not end: they lose only their own.
    let silent = home.connect();
    let mut endless = home.connect();
    let is_cut_off = endless.write_all(&vec![b'x'; 1 << 20]).is_err();
    assert!(is_cut_off || endless.read(&mut [0; 16]).is_ok());
    let (mut one, mut other) = (Client::of(home.connect()), Client::of(home.connect()));
    let set = one.ask(&json!({ "do": "max-lag", "value": "2s" }));
    assert_eq!(set["ok"], true, "{set}");
    assert_eq!(other.ask(&json!({ "do": "max-lag" }))["value"], "2s");
    let wrong = one.ask(&json!({ "do": "max-lag", "value": "2" }));
    assert_eq!((&wrong["ok"], &wrong["code"]), (&json!(false), &json!("bad_value")), "{wrong}");
    assert!(wrong["hint"].is_string(), "{wrong}");
    let audit = one.ask(&json!({ "do": "audit" }));
    assert_eq!(audit["audit"][0]["words"], "max-lag 2s");
    assert_eq!(audit["audit"][1]["ok"], false);

    let list = ctl(home.folder(), &[]);
    assert!(list.code == 0 && list.out.contains(&table), "{list:?}");
    let run = status["run"].to_string();
    for name in [&table, &run, &path.display().to_string()] {
        let told = ctl(home.folder(), &[name, "workers", "2"]);
        assert!(told.code == 0 && told.out.starts_with("workers=2\n"), "{told:?}");
    }
    let refused = ctl(home.folder(), &[&table, "workers=0"]);
    assert!(refused.code == 1 && refused.err.contains("from 1 to 64"), "{refused:?}");
    let unknown = ctl(home.folder(), &["no.such", "status"]);
    assert!(unknown.code == 1 && unknown.err.contains("no run `no.such`"), "{unknown:?}");

    let (folder, name) = (home.folder().to_owned(), table.clone());
    let beholder = std::thread::spawn(move || ctl(&folder, &[&name, "sup", "--watch"]));
    let told = ctl(home.folder(), &[&table, "abort", "--format", "json"]);
    assert_eq!(told.code, 0, "{told:?}");
    let ran = running.wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["code"]), (6, &json!("aborted")), "{ran:#?}");
    assert!(ran.error()["hints"].to_string().contains("zosc resume"), "{ran:#?}");
    assert!(!path.exists(), "the socket is left");
    drop(silent);
    let watched = beholder.join().unwrap();
    assert!(watched.code == 0 || watched.err.contains("no run"), "{watched:?}");
    let ran = bed.start().wait(PATIENCE);
    let resumed = |event: &Value| event["stage"] == "copy" && event["resumed"] == true;
    assert!(ran.events_of("stage").any(resumed), "{ran:#?}");
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    bed.gone().await;
}
