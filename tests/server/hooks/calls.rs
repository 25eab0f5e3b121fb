//! Who is called when, and what it is told.

use serde_json::Value;

use super::scripts::Scripts;
use crate::control::client::Door;
use crate::pace::endpoint::Endpoint;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::story::{Story, Told, values};
use crate::support::zosc;

played! {
    mysql_with_binlog:
        every_moment_is_told,
        hooks_in_a_folder_may_lie,
        a_failure_is_told,
        what_an_operator_says_is_told,
        secrets_are_not_passed_on;
}

fn every_moment_is_told(place: Place) -> Told {
    let scripts = Scripts::new();
    let hook = scripts.script("hook", "cat >> $HERE/log; echo \"$ZOSC_STAGE $1\" >> $HERE/env");
    let hook = format!("{hook} 'two words'");
    let played = Story::new("hooks_told", place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30)", "")
        .column("v", values::word())
        .args(&["--max-chunk-rows=150", "--hook", &hook])
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
        .run();
    let told: Vec<Value> =
        scripts.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let stages: Vec<&str> = told.iter().map(|facts| facts["stage"].as_str().unwrap()).collect();
    // What decides is asked, the rest is told beside the work.
    let [asked, said]: [Vec<&str>; 2] = [true, false].map(|decides| {
        let is_asked = |stage: &&str| stage.starts_with("before") || *stage == "startup";
        stages.iter().copied().filter(|stage| is_asked(stage) == decides).collect()
    });
    assert_eq!(asked, ["startup", "before_copy", "before_cut_over"]);
    assert_eq!(said, ["copied", "verified", "swapped"]);
    let first = &told[0];
    assert_eq!((&first["v"], &first["run"]), (&1.into(), &Value::Null), "{first}");
    let last = told.iter().find(|facts| facts["stage"] == "swapped").unwrap();
    assert!(last["run"].as_u64().is_some(), "{last}");
    assert_eq!(last["outcome"], "copied", "{last}");
    assert_eq!(last["table"], format!("{}.t", place.schema("hooks_told")), "{last}");
    assert_eq!(last["kept"], format!("{}.t__zosc_kept", place.schema("hooks_told")));
    assert_eq!(last["statement"], "ADD COLUMN c INT NOT NULL DEFAULT 1", "{last}");
    let environment = std::fs::read_to_string(scripts.path("env")).unwrap();
    assert_eq!(environment.lines().next(), Some("startup two words"));
    played
}

async fn secrets_are_not_passed_on(place: Place) {
    let scripts = Scripts::new();
    let hook = scripts.script("hook", "env >> $HERE/env");
    let ground = Ground::with_a_big_table("hooks_secrets", place).await;
    let port = Endpoint::free_port();
    let endpoint = Endpoint::listen(port, 200);
    let http = format!("http://127.0.0.1:{port}/?token=s3cret");
    let secrets = [
        ("ZOSC_PASSWORD", "s3cret"),
        ("ZOSC_CONTROL_TOKEN", "s3cret-of-the-control-room-which-is-long"),
        ("ZOSC_THROTTLE_HTTP", &*http),
    ];
    // What is typed is stronger: the account has no password.
    let empty = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(empty.path(), "\n").unwrap();
    let file = format!("--password-file={}", empty.path().display());
    let (name, flags) = (format!("{}.big", ground.schema), [&*file, "--hook", &hook, "--copy"]);
    let ours = ["--alter", "ADD c INT", &name];
    let running = zosc::start_among(&ground.address, &secrets, &[&flags[..], &ours].concat());
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(endpoint.asked().contains("s3cret"), "zosc did not use what it was told");
    let environment = std::fs::read_to_string(scripts.path("env")).unwrap();
    assert!(environment.contains("ZOSC_STAGE=startup"), "{environment}");
    assert!(!environment.contains("s3cret"), "{environment}");
    ground.gone().await;
}

/// They end well, whatever else they do.
async fn hooks_in_a_folder_may_lie(place: Place) {
    let scripts = Scripts::new();
    scripts.script(
        "d/zosc-on-startup-2",
        "echo 2 >> $HERE/log; exec 0<&-; head -c 1000000 /dev/urandom",
    );
    scripts
        .script("d/zosc-on-startup-1", "echo 1 >> $HERE/log; echo '{\"exit\": 1, \"veto\": true'");
    scripts.script("d/zosc-on-copied", "sleep 300 & echo $! > $HERE/daemon; disown; echo on");
    let folder = scripts.path("d").to_str().unwrap().to_owned();
    let ground = Ground::with_a_big_table("hooks_lie", place).await;
    let ran = ground.start("big", "ADD c INT", &["--hook", &folder]).wait(PATIENCE);
    let daemon = std::fs::read_to_string(scripts.path("daemon")).unwrap();
    // It was started on purpose, so it is still there.
    let killed = std::process::Command::new("kill").arg(daemon.trim()).status().unwrap();
    assert!(killed.success(), "the daemon is gone");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(scripts.log(), ["1", "2"]);
    assert_eq!(ran.events_of("hook").filter(|event| event["ok"] == true).count(), 3);
    ground.gone().await;
}

async fn a_failure_is_told(place: Place) {
    let scripts = Scripts::new();
    let hook = scripts.script("hook", "cat >> $HERE/log");
    let ground = Ground::laid("hooks_fail", place, &["CREATE TABLE nokey (a INT)"]).await;
    let ran = ground.start("nokey", "ADD c INT", &["--hook", &hook]).wait(PATIENCE);
    assert_ne!(ran.code, 0, "{ran:#?}");
    let told: Value = serde_json::from_str(&scripts.log()[0]).unwrap();
    assert_eq!(told["stage"], "failed", "{told}");
    assert_eq!(told["code"], ran.error()["code"], "{told}");
    assert_eq!(told["error"], ran.error()["message"], "{told}");
    assert_eq!(scripts.log().len(), 1);
    ground.gone().await;
}

async fn what_an_operator_says_is_told(place: Place) {
    let (scripts, door) = (Scripts::new(), Door::made());
    let hook = scripts.script("hook", "cat >> $HERE/log");
    let ground = Ground::with_a_big_table("hooks_words", place).await;
    let flags = ["--hook", &hook, "--postpone", &door.flag()];
    let mut running = ground.start("big", "ADD c INT", &flags);
    door.until(&mut running, "postponed", |status| status["state"] == "postponing");
    let answer = door.nc("unpostpone");
    assert!(answer.starts_with("unpostponed"), "{answer}");
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let told: Vec<Value> =
        scripts.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let stages: Vec<&str> = told.iter().map(|facts| facts["stage"].as_str().unwrap()).collect();
    let said: Vec<&str> =
        stages.into_iter().skip(2).filter(|it| *it != "before_cut_over").collect();
    assert_eq!(said, ["copied", "verified", "postponed", "interactive_command", "swapped"]);
    let command = told.iter().find(|facts| facts["stage"] == "interactive_command").unwrap();
    assert_eq!((&command["command"], &command["ok"]), (&"unpostpone".into(), &true.into()));
    assert!(command["by"].as_str().unwrap().starts_with("uid "), "{command}");
    ground.gone().await;
}
