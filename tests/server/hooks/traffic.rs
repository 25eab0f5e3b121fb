//! Traffic that is paused goes on again, whatever comes.

use mysql_async::prelude::Queryable;

use super::scripts::Scripts;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::story::{Broken, Story, Told, values};
use crate::support::zosc::{self as program, Ran};

played! {
    on_both_servers:
        it_rests_while_the_tables_are_swapped,
        it_goes_on_after_any_death;
    mysql_with_binlog:
        it_goes_on_when_the_lock_is_not_granted,
        a_pause_that_fails_or_lasts_skips_the_attempt,
        it_goes_on_when_the_run_is_told_to_end,
        whoever_comes_next_must_say_how_it_goes_on,
        it_is_resumed_again_and_again;
}

/// A valve that writes down what it does.
struct Valve {
    scripts: Scripts,
    pause: String,
    resume: String,
}

impl Valve {
    fn new() -> Self {
        Self::with("", "")
    }

    /// Both have done it when `then` is run.
    fn with(then_pause: &str, then_resume: &str) -> Self {
        let scripts = Scripts::new();
        let pause = format!("cat > /dev/null; echo pause >> $HERE/log\n{then_pause}");
        let resume = format!("cat > /dev/null; echo resume >> $HERE/log\n{then_resume}");
        let (pause, resume) = (scripts.script("pause", &pause), scripts.script("resume", &resume));
        Self { scripts, pause, resume }
    }

    fn flags(&self) -> [&str; 4] {
        ["--pause-traffic", &self.pause, "--resume-traffic", &self.resume]
    }

    fn log(&self) -> Vec<String> {
        self.scripts.log()
    }
}

impl Ground {
    fn with_traffic(&self, valve: &Valve, more: &[&str]) -> Ran {
        let journal = ["--journal-schema", &self.schema];
        let flags = [&valve.flags()[..], more, &journal].concat();
        self.start("big", "ADD c INT", &flags).wait(PATIENCE)
    }

    async fn owes(&self) -> bool {
        self.column("SELECT MAX(traffic_paused) FROM run").await == ["1"]
    }
}

fn outcomes(ran: &Ran) -> Vec<&str> {
    ran.events_of("swap").map(|swap| swap["outcome"].as_str().unwrap()).collect()
}

fn story(name: &str, place: Place, valve: &Valve) -> Story {
    let args = [&["--max-chunk-rows=150"], &valve.flags()[..]].concat();
    Story::new(name, place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(30)", "")
        .column("v", values::word())
        .args(&args)
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 1")
}

fn it_rests_while_the_tables_are_swapped(place: Place) -> Told {
    let valve = Valve::new();
    let told = story("traffic_twin", place, &valve).run();
    let log = valve.log();
    assert!(log.len() >= 2 && log.chunks(2).all(|pair| pair == ["pause", "resume"]), "{log:?}");
    let said: Vec<_> = told
        .events
        .iter()
        .filter(|event| event["event"] == "traffic" || event["event"] == "swap")
        .map(|event| event["action"].as_str().unwrap_or("swap"))
        .collect();
    assert!(said.ends_with(&["pause", "swap", "resume"]), "{said:?}");
    told
}

fn it_goes_on_after_any_death(place: Place) -> Told {
    let valve = Valve::new();
    let places = ["pause-due", "paused", "locked", "resume-due"];
    let told = story("traffic_dead", place, &valve).broken(Broken::At(places.to_vec())).run();
    // The first died before it paused, the last behind its swap.
    let log = valve.log();
    let (first, rest) = log.split_first().unwrap();
    assert_eq!(first, "resume");
    assert!(rest.len() >= 6 && rest.chunks(2).all(|pair| pair == ["pause", "resume"]), "{log:?}");
    told
}

async fn it_goes_on_when_the_lock_is_not_granted(place: Place) {
    let valve = Valve::new();
    let ground = Ground::with_a_big_table("traffic_lock", place).await;
    let mut reader = ground.connect().await;
    reader.query_drop("BEGIN").await.unwrap();
    reader.query_drop("SELECT * FROM big LIMIT 1").await.unwrap();
    let flags = ["--swap-attempts=2", "--lock-timeout=200ms"];
    let ran = ground.with_traffic(&valve, &flags);
    assert_eq!((ran.code, outcomes(&ran)), (8, vec!["lock_timeout"; 2]), "{ran:#?}");
    assert_eq!(valve.log(), ["pause", "resume", "pause", "resume"]);
    assert!(!ground.owes().await);
    reader.query_drop("ROLLBACK").await.unwrap();
    let ran = ground.with_traffic(&valve, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(valve.log()[4..], ["pause", "resume"]);
    ground.gone().await;
}

async fn a_pause_that_fails_or_lasts_skips_the_attempt(place: Place) {
    let pause = "case $ZOSC_ATTEMPT in 1) exit 9;; 2) exec sleep 600;; esac";
    let valve = Valve::with(pause, "");
    let ground = Ground::with_a_big_table("traffic_skip", place).await;
    let ran = ground.with_traffic(&valve, &["--pause-limit=300ms"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(outcomes(&ran), ["not_paused", "not_paused", "granted"]);
    assert_eq!(valve.log(), ["pause", "resume"].repeat(3));
    ground.gone().await;
}

async fn it_goes_on_when_the_run_is_told_to_end(place: Place) {
    let valve = Valve::with("touch $HERE/begun; until [ -e $HERE/go ]; do sleep 0.02; done", "");
    let ground = Ground::with_a_big_table("traffic_term", place).await;
    let journal = ["--journal-schema", &ground.schema];
    let flags = [&valve.flags()[..], &journal, &["--pause-limit=1m"]].concat();
    let running = ground.start("big", "ADD c INT", &flags);
    valve.scripts.wait_for("begun");
    assert!(ground.owes().await, "it is in the journal before it is begun");
    running.signal("-TERM");
    valve.scripts.touch("go");
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 143, "{ran:#?}");
    assert_eq!(valve.log(), ["pause", "resume"]);
    assert!(!ground.owes().await);
    let ran = ground.with_traffic(&valve, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ground.gone().await;
}

async fn whoever_comes_next_must_say_how_it_goes_on(place: Place) {
    let valve = Valve::with("touch $HERE/begun", "");
    let ground = Ground::with_a_big_table("traffic_next", place).await;
    let journal = ["--journal-schema", &ground.schema];
    let flags = [&valve.flags()[..], &journal].concat();
    let doomed = ["--copy", "--capture=binlog", "--alter", "ADD c INT"];
    let table = format!("{}.big", ground.schema);
    let args = [&flags[..], &doomed, &[&table]].concat();
    let ran = program::start_doomed(&ground.address, "paused", &args).wait(PATIENCE);
    assert_eq!(ran.code, -1, "{ran:#?}");

    let told = |words: &[&str], flags: &[&str]| {
        program::command(&ground.address, words, &[flags, &journal].concat()).wait(PATIENCE)
    };
    let refused = |ran: &Ran| {
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert_eq!(ran.error()["code"], "traffic_paused");
        assert!(ran.error()["message"].as_str().unwrap().contains("run 1"), "{ran:#?}");
    };
    // Nobody runs what is not given, whatever somebody writes into the journal.
    refused(&ground.start("big", "ADD c INT", &journal).wait(PATIENCE));
    refused(&told(&["resume", "1"], &[]));
    refused(&told(&["clean", "1", "--yes"], &[]));
    assert_eq!(told(&["clean", "1"], &[]).code, 0, "it only lists");
    assert_eq!(valve.log(), ["pause"]);
    assert!(ground.owes().await);

    let by_hand = ["--resume-traffic", &valve.resume];
    let ran = told(&["clean", "1", "--yes"], &by_hand);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(valve.log(), ["pause", "resume"]);
    assert!(!ground.owes().await);

    let ran = program::start_doomed(&ground.address, "paused", &args).wait(PATIENCE);
    assert_eq!(ran.code, -1, "{ran:#?}");
    let ran = told(&["resume", "2"], &["--traffic-is-resumed"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(valve.log(), ["pause", "resume", "pause"]);
    assert!(!ground.owes().await);
    ground.gone().await;
}

async fn it_is_resumed_again_and_again(place: Place) {
    let valve = Valve::with("", "[ $(grep -c resume $HERE/log) -ge 3 ]");
    let ground = Ground::with_a_big_table("traffic_again", place).await;
    let ran = ground.with_traffic(&valve, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(valve.log(), ["pause", "resume", "resume", "resume"]);
    let warned = ran.events_of("warning").filter(|it| it["code"] == "traffic_not_resumed");
    assert_eq!(warned.count(), 2, "{ran:#?}");
    assert!(!ground.owes().await);
    ground.gone().await;
}
