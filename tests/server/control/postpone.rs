//! The swap waits for a word, a file, a time.

use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use serde_json::{Value, json};

use super::client::{Door, ctl};
use crate::support::bed::{Bed, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::zosc;

played! {
    on_both_servers:
        a_postponed_run_stays_so_over_its_death,
        what_blocks_is_named_before;
}

fn waits(status: &Value) -> bool {
    status["state"] == "postponing"
}

async fn a_postponed_run_stays_so_over_its_death(place: Place) {
    let (bed, door) = (Bed::made("control_postpone", place).await, Door::made());
    let application = bed.application();
    let mut running = bed.start_with(&["--postpone", &door.flag()]);
    let status = door.until(&mut running, "postponed", waits);
    assert_eq!(status["postponed"], true);
    assert!(door.nc("sup").contains("State: postponing cut-over; ETA: due"), "{status:#}");
    running.kill();
    let dead = std::fs::metadata(door.path()).expect("a dead process leaves its socket").ino();

    let listed = zosc::command(&bed.address, &["status"], &[]).wait(PATIENCE);
    let runs = listed.events[0]["runs"].as_array().unwrap();
    let ours = runs.iter().find(|run| run["id"] == status["run"]).unwrap();
    assert_eq!(
        (&ours["postponed"], &ours["state"]),
        (&json!(true), &json!("resumable")),
        "{ours:#}"
    );

    // Nobody says `--postpone` again.
    let mut running = bed.start_with(&[&door.flag()]);
    door.until_alive(&mut running, dead);
    door.until(&mut running, "postponed again", waits);
    running.interrupt();
    let ran = running.wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["resumable"]), (130, &json!(true)), "{ran:#?}");
    assert!(!door.path().exists(), "the socket is left");
    let mut running = bed.start_with(&[&door.flag()]);
    door.until(&mut running, "postponed still", waits);
    let written = application.written();
    let again = door.nc("verify");
    assert!(again.starts_with("all rows are compared once more"), "{again}");
    let begun = Instant::now();
    while !running.has_said("compared again, and are equal") {
        assert!(begun.elapsed() < PATIENCE && running.is_running(), "{}", running.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    while application.written() < written + 20 {
        assert!(begun.elapsed() < PATIENCE, "the application does not write");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(waits(&door.status()));
    let gone = door.nc(&format!("cut-over={}.elsewhere", bed.schema));
    assert!(gone.starts_with("error: "), "{gone}");
    let unpostponed = door.nc("unpostpone=t");
    assert!(unpostponed.starts_with("unpostponed"), "{unpostponed}");
    let ran = running.wait(PATIENCE);
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    let said = ran.events_of("waiting").any(|event| event["for"] == "cut_over");
    assert!(said && ran.events_of("stage").any(|event| event["stage"] == "wait"), "{ran:#?}");
    bed.gone().await;
}

/// A day on which it is not `now`, whatever the hour.
fn another_day() -> &'static str {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let today = jiff::Zoned::now().weekday().to_monday_zero_offset();
    days[usize::try_from(today + 3).unwrap() % 7]
}

async fn what_blocks_is_named_before(place: Place) {
    let (bed, door) = (Bed::made("control_check", place).await, Door::made());
    let application = bed.application();
    let flag = door.folder().join("flag");
    std::fs::write(&flag, "").unwrap();
    let (file, window) = (
        format!("--postpone-flag-file={}", flag.display()),
        format!("--cut-over-window={} 03:00-03:01", another_day()),
    );
    let mut running = bed.start_with(&[&file, &window, &door.flag()]);
    door.until(&mut running, "postponed", waits);

    let mut reader = bed.address.connect().await;
    let thread: u64 = reader.query_first("SELECT CONNECTION_ID()").await.unwrap().unwrap();
    reader.query_drop("START TRANSACTION").await.unwrap();
    reader.query_drop(format!("SELECT * FROM {}.t LIMIT 1", bed.schema)).await.unwrap();
    let path = door.path().display().to_string();
    let check = || {
        let told = ctl(door.folder(), &[&path, "cut-over", "--check", "--format", "json"]);
        assert_eq!(told.code, 0, "{told:?}");
        serde_json::from_str::<Value>(&told.out).unwrap()
    };
    let names_it = |check: &Value| {
        check["blockers"].as_array().unwrap().iter().any(|blocker| blocker["thread"] == thread)
    };
    let begun = Instant::now();
    let preview = loop {
        let preview = check();
        if names_it(&preview) {
            break preview;
        }
        assert!(begun.elapsed() < PATIENCE, "the blocker is not named: {preview:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let reasons: Vec<&Value> =
        preview["waits_for"].as_array().unwrap().iter().map(|shut| &shut["reason"]).collect();
    assert_eq!(reasons, ["flag_file", "window"], "{preview:#}");
    assert!(preview["ready"] == true && preview["dirty_keys"].is_u64(), "{preview:#}");
    reader.query_drop("COMMIT").await.unwrap();
    reader.disconnect().await.unwrap();
    assert!(!names_it(&check()), "it has gone");

    // The file goes by itself; the time is passed over by a word.
    std::fs::remove_file(&flag).unwrap();
    door.until(&mut running, "waiting for the time alone", |status| {
        status["cut_over_waits_for"].as_array().is_some_and(|all| all.len() == 1)
    });
    assert_eq!(door.nc("cut-over-window=?"), format!("{} 03:00-03:01\n", another_day()));
    let unpostponed = door.nc("cut-over");
    assert!(unpostponed.starts_with("unpostponed"), "{unpostponed}");
    let ran = running.wait(PATIENCE);
    application.stop().nothing();
    bed.is_migrated(&ran).await;
    bed.gone().await;
}
