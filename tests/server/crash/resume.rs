//! What the same command does after a run that stopped, and what it refuses.

use serde_json::Value;

use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::zosc::{self as program, Ran};

const ALTER: &str = "ADD COLUMN c INT";

played! {
    everywhere:
        what_is_copied_is_not_copied_again,
        an_interrupted_run_is_resumed_by_its_number;
    on_both_servers:
        another_change_is_refused,
        another_table_behind_the_name_is_refused,
        another_definition_is_refused,
        another_shadow_is_refused,
        a_finished_run_is_not_run_again,
        what_is_left_is_listed_and_cleaned,
        a_frozen_run_does_no_harm_when_it_wakes;
    with_triggers:
        a_lost_log_is_noticed;
}

impl Ground {
    fn journal(&self) -> [&str; 2] {
        ["--journal-schema", &self.schema]
    }

    /// A run on `big` that dies when all is copied but its last rows.
    async fn half_copied(&self) {
        let flags = [&["--max-chunk-rows=500", "--workers=1"], &self.journal()[..]].concat();
        let mut running = self.start("big", ALTER, &flags);
        let far = "SELECT id FROM big__zosc_shadow WHERE id = 10000";
        while !self.tables().await.contains(&"big__zosc_shadow".to_owned())
            || self.column(far).await.is_empty()
        {
            assert!(running.is_running(), "zosc ended too early");
        }
        running.kill();
    }

    fn again(&self, alter: &str) -> Ran {
        self.start("big", alter, &self.journal()).wait(PATIENCE)
    }

    fn told(&self, words: &[&str]) -> Ran {
        program::command(&self.address, words, &self.journal()).wait(PATIENCE)
    }
}

fn goes_on(ran: &Ran) -> bool {
    ran.events_of("stage").any(|event| event["stage"] == "copy" && event["resumed"] == true)
}

async fn what_is_copied_is_not_copied_again(place: Place) {
    let ground = Ground::with_a_big_table("resume_on", place).await;
    ground.half_copied().await;
    // Were the first rows copied again, they would be there once more, or be in the way.
    ground.run(&["DELETE FROM big WHERE id = 1", "UPDATE big SET v = 'new' WHERE id = 2"]).await;
    let pieces = "SELECT COUNT(*) FROM chunk WHERE after_key IS NULL";
    assert_eq!(ground.column(pieces).await, ["1"]);
    let ran = ground.again(ALTER);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(goes_on(&ran), "{ran:#?}");
    assert_eq!(ran.finished()["outcome"], "copied");
    assert_eq!(ground.column("SELECT COUNT(*) FROM big").await, ["19999"]);
    assert_eq!(ground.column("SELECT v FROM big WHERE id = 2").await, ["new"]);
    assert_eq!(ground.column("SELECT COUNT(c) FROM big").await, ["0"]);
    ground.gone().await;
}

async fn an_interrupted_run_is_resumed_by_its_number(place: Place) {
    let ground = Ground::with_a_big_table("resume_number", place).await;
    let running = ground.copying_with(ALTER, &ground.journal()).await;
    running.interrupt();
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 130, "{ran:#?}");
    assert_eq!(ran.error()["resumable"], true);
    let hint = ran.error()["hint"].as_str().unwrap();
    assert!(hint.contains("`zosc resume 1`"), "{hint}");
    // The application changes rows while nobody listens.
    ground.run(&["UPDATE big SET v = 'meanwhile' WHERE id < 100"]).await;
    let ran = ground.told(&["resume", "1"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(goes_on(&ran), "{ran:#?}");
    let meanwhile = "SELECT COUNT(*) FROM big WHERE v = 'meanwhile'";
    assert_eq!(ground.column(meanwhile).await, ["99"]);
    let ran = ground.told(&["resume", "1"]);
    assert_eq!((ran.code, &ran.finished()["outcome"]), (0, &Value::from("already")), "{ran:#?}");
    assert_eq!(ground.told(&["resume", "7"]).error()["code"], "no_such_run");
    ground.gone().await;
}

async fn refused(name: &str, place: Place, meddling: &[&str], alter: &str, code: &str) {
    let ground = Ground::with_a_big_table(name, place).await;
    ground.half_copied().await;
    ground.run(meddling).await;
    let ran = ground.again(alter);
    assert_eq!((ran.code, &ran.error()["code"]), (3, &Value::from(code)), "{ran:#?}");
    assert_eq!(ground.told(&["clean", "1", "--yes"]).code, 0);
    let ran = ground.again(alter);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(!goes_on(&ran), "{ran:#?}");
    ground.gone().await;
}

async fn another_change_is_refused(place: Place) {
    refused("resume_other", place, &[], "ADD COLUMN d INT", "unfinished_run").await;
}

async fn another_table_behind_the_name_is_refused(place: Place) {
    let meddling = ["CREATE TABLE new_big LIKE big", "INSERT INTO new_big SELECT * FROM big"];
    let rename = ["RENAME TABLE big TO old_big, new_big TO big"];
    refused("resume_table", place, &[&meddling[..], &rename].concat(), ALTER, "cannot_resume")
        .await;
}

async fn another_definition_is_refused(place: Place) {
    let meddling = ["ALTER TABLE big ADD COLUMN sly INT"];
    refused("resume_shape", place, &meddling, ALTER, "cannot_resume").await;
}

async fn another_shadow_is_refused(place: Place) {
    let meddling = ["ALTER TABLE big__zosc_shadow DROP COLUMN c"];
    refused("resume_shadow", place, &meddling, ALTER, "cannot_resume").await;
}

async fn a_finished_run_is_not_run_again(place: Place) {
    let ground = Ground::with_a_big_table("resume_done", place).await;
    let flags = [&ground.journal()[..], &["--id", "one"]].concat();
    let change = || ground.start("big", ALTER, &flags).wait(PATIENCE);
    assert_eq!(change().finished()["outcome"], "copied");
    let again = change();
    assert_eq!((again.code, &again.finished()["outcome"]), (0, &Value::from("already")));
    ground.gone().await;
}

async fn what_is_left_is_listed_and_cleaned(place: Place) {
    let ground = Ground::with_a_big_table("resume_list", place).await;
    ground.half_copied().await;
    let status = ground.told(&["status"]);
    let run = &status.events[0]["runs"][0];
    assert_eq!(run["state"], "resumable", "{status:#?}");
    assert!(run["copied_rows"].as_u64().unwrap() >= 9_500, "{run}");
    assert_eq!(ground.told(&["clean", "1"]).code, 0);
    assert!(ground.tables().await.contains(&"big__zosc_shadow".to_owned()), "it only says so");
    assert_eq!(ground.told(&["clean", "1", "--yes"]).code, 0);
    assert_eq!(ground.look("big").await, ground.before[0]);
    assert!(!ground.tables().await.contains(&"big__zosc_shadow".to_owned()));
    assert_eq!(ground.triggers().await, [""; 0]);
    ground.gone().await;
}

/// Its right to the table is lost while it sleeps, and another process makes the change.
async fn a_frozen_run_does_no_harm_when_it_wakes(place: Place) {
    let ground = Ground::with_a_big_table("resume_frozen", place).await;
    let sleeper = ground.copying_with(ALTER, &ground.journal()).await;
    sleeper.signal("-STOP");
    // As when the server has noticed that it does not answer.
    let table = format!("{}.big", ground.schema);
    let lock = format!("zosc {:016x}", zosc::schema::stable_hash(&table));
    let of_sleeper = format!("SELECT CAST(IS_USED_LOCK('{lock}') AS CHAR)");
    let id = ground.column(&of_sleeper).await.remove(0);
    ground.run(&[&format!("KILL {id}")]).await;
    while ground.column(&format!("SELECT CAST(IS_FREE_LOCK('{lock}') AS CHAR)")).await != ["1"] {}
    let mut waker = ground.start("big", ALTER, &ground.journal());
    // A transaction of the sleeper may be open: it is waited for.
    while !waker.has_said("\"cutover\"") && waker.is_running() {
        if waker.has_said("dead_run") {
            sleeper.signal("-CONT");
        }
    }
    let woken = waker.wait(PATIENCE);
    sleeper.signal("-CONT");
    let slept = sleeper.wait(PATIENCE);
    assert_eq!(woken.code, 0, "{woken:#?}");
    assert_eq!((slept.code, &slept.error()["code"]), (5, &Value::from("taken_over")), "{slept:#?}");
    assert_eq!(ground.column("SELECT COUNT(*) FROM big WHERE c IS NULL").await, ["20000"]);
    let mut names = ground.tables().await;
    names.retain(|name| name.starts_with("big"));
    assert_eq!(names, ["big", "big__zosc_kept"]);
    assert_eq!(ground.triggers().await, [""; 0]);
    ground.gone().await;
}

/// What the triggers wrote while nobody listened is gone with it.
async fn a_lost_log_is_noticed(place: Place) {
    let ground = Ground::with_a_big_table("resume_log", place).await;
    ground.half_copied().await;
    ground.run(&["DROP TRIGGER big__zosc_upd", "UPDATE big SET v = 'lost' WHERE id = 5"]).await;
    let ran = ground.again(ALTER);
    assert_eq!((ran.code, &ran.error()["code"]), (1, &Value::from("touched_by_ddl")), "{ran:#?}");
    let left = ground.tables().await;
    assert!(!left.contains(&"big__zosc_shadow".to_owned()), "it is of no use: {left:?}");
    assert_eq!(ground.triggers().await, [""; 0]);
    let ran = ground.again(ALTER);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ground.column("SELECT v FROM big WHERE id = 5").await, ["lost"]);
    ground.gone().await;
}
