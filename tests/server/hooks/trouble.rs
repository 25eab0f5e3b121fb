//! Hooks that forbid, fail or hang.

use super::scripts::Scripts;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};

played! {
    mysql_with_binlog:
        nothing_is_made_when_the_first_forbids,
        a_copy_that_is_forbidden_goes_on_later,
        an_attempt_is_forbidden,
        who_only_tells_may_hang,
        a_hook_that_hangs_can_be_interrupted,
        a_hook_that_is_none_is_refused;
}

async fn nothing_is_made_when_the_first_forbids(place: Place) {
    let scripts = Scripts::new();
    let hook = scripts.script("hook", "echo not on a Friday >&2; exit 4");
    let ground = Ground::with_a_big_table("hooks_veto", place).await;
    let ran = ground.start("big", "ADD c INT", &["--hook", &hook]).wait(PATIENCE);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_eq!(ran.error()["code"], "hook_forbids");
    let message = ran.error()["message"].as_str().unwrap();
    assert!(message.contains("exit status: 4: not on a Friday"), "{message}");
    ground.is_as_before(&ran).await;
    let ran = ground
        .start("big", "ADD c INT", &["--hook", "/nonexistent/hook", "--hook-failure=warn"])
        .wait(PATIENCE);
    assert_eq!(ran.code, 0, "a hook that only warns: {ran:#?}");
    let warned = ran.events_of("warning").next().unwrap();
    assert_eq!(warned["code"], "hook_failed");
    assert!(warned["message"].as_str().unwrap().contains("No such file"), "{warned}");
    ground.gone().await;
}

async fn a_copy_that_is_forbidden_goes_on_later(place: Place) {
    let scripts = Scripts::new();
    let hook = scripts.script("hook", "[ $ZOSC_STAGE != before_copy ] || exec sleep 600");
    let ground = Ground::with_a_big_table("hooks_copy", place).await;
    let flags = ["--hook", &hook, "--hook-timeout=300ms"];
    let ran = ground.start("big", "ADD c INT", &flags).wait(PATIENCE);
    assert_eq!(ran.code, 6, "{ran:#?}");
    assert!(ran.error()["message"].as_str().unwrap().contains("took longer than 300ms"));
    ground.waits_to_be_resumed(&ran).await;
    let ran = ground.start("big", "ADD c INT", &[]).wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ground.gone().await;
}

async fn an_attempt_is_forbidden(place: Place) {
    let scripts = Scripts::new();
    let hook = "[ $ZOSC_STAGE = before_cut_over ] || exit 0
                echo $ZOSC_ATTEMPT >> $HERE/log; [ $ZOSC_ATTEMPT -ge 3 ]";
    let hook = scripts.script("hook", hook);
    let ground = Ground::with_a_big_table("hooks_attempt", place).await;
    let ran = ground.start("big", "ADD c INT", &["--hook", &hook]).wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(scripts.log(), ["1", "2", "3"]);
    let outcomes: Vec<_> = ran.events_of("swap").map(|swap| &swap["outcome"]).collect();
    assert_eq!(outcomes, ["forbidden", "forbidden", "granted"]);
    ground.gone().await;
}

async fn who_only_tells_may_hang(place: Place) {
    let scripts = Scripts::new();
    let hook = "[ $ZOSC_STAGE = copied ] && exec sleep 600; echo $ZOSC_STAGE >> $HERE/log";
    let hook = scripts.script("hook", hook);
    let ground = Ground::with_a_big_table("hooks_hang", place).await;
    let flags = ["--hook", &hook, "--hook-timeout=1s"];
    let ran = ground.start("big", "ADD c INT", &flags).wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let warned: Vec<_> = ran.events_of("warning").map(|warning| &warning["code"]).collect();
    assert!(warned.contains(&&"hook_failed".into()), "{ran:#?}");
    let log = scripts.log();
    assert_eq!(log.last().unwrap(), "swapped", "the last word is told all the same: {log:?}");
    ground.gone().await;
}

async fn a_hook_that_hangs_can_be_interrupted(place: Place) {
    let scripts = Scripts::new();
    let hook =
        scripts.script("hook", "[ $ZOSC_STAGE = startup ] && touch $HERE/begun && exec sleep 600");
    let ground = Ground::with_a_big_table("hooks_stop", place).await;
    let flags = ["--hook", &hook, "--hook-timeout=5m"];
    let running = ground.start("big", "ADD c INT", &flags);
    scripts.wait_for("begun");
    running.interrupt();
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 130, "{ran:#?}");
    ground.is_as_before(&ran).await;
    ground.gone().await;
}

async fn a_hook_that_is_none_is_refused(place: Place) {
    let scripts = Scripts::new();
    scripts.script("d/zosc-on-coppied", "");
    let folder = scripts.path("d").to_str().unwrap().to_owned();
    let ground = Ground::with_a_big_table("hooks_names", place).await;
    let ran = ground.start("big", "ADD c INT", &["--hook", &folder]).wait(PATIENCE);
    assert_eq!((ran.code, ran.error()["code"].as_str()), (2, Some("hook_not_known")), "{ran:#?}");
    ground.is_as_before(&ran).await;
    ground.gone().await;
}
