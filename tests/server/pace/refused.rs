//! Limits that can never be read are refused before anything is done; load that is critical ends a
//! run so that it can be gone on with.

use super::endpoint::Endpoint;
use crate::support::bed::{Bed, PATIENCE};
use crate::support::place::{Place, played};

played! {
    on_both_servers: what_can_never_be_read_is_refused, critical_load_ends_it;
}

async fn what_can_never_be_read_is_refused(place: Place) {
    let bed = Bed::made("pace_refused", place).await;
    let nobody = format!("--replica=127.0.0.1:{}", Endpoint::free_port());
    let mut cases = vec![
        ("--max-load=Threads_walking=3", "unknown_status_variable", "Threads_walking"),
        ("--critical-load=Ssl_cipher=3", "unknown_status_variable", "Ssl_cipher"),
        ("--throttle-query=SELEKT 1", "throttle_query", "SELEKT"),
        ("--throttle-query=SELECT 1 FROM no_such.knob", "throttle_query", "no_such"),
        ("--throttle-flag-file=/dev/null/x", "flag_file", "/dev/null/x"),
        (&*nobody, "cannot_connect", "replica 127.0.0.1:"),
    ];
    if place.database.is_mariadb() {
        let latency = "write_latency_unreadable";
        cases.push(("--max-write-latency=1s", latency, "performance_schema"));
    }
    for (flag, code, words) in cases {
        let ran = bed.start_with(&[flag]).wait(PATIENCE);
        let error = ran.error();
        assert_eq!(error["code"], code, "{ran:#?}");
        assert!(error["message"].as_str().unwrap().contains(words), "{ran:#?}");
        assert_ne!(error["hints"].as_array().unwrap().len(), 0, "no way out: {ran:#?}");
        assert_eq!(ran.events_of("stage").count(), 1, "something was begun: {ran:#?}");
    }
    bed.gone().await;
}

async fn critical_load_ends_it(place: Place) {
    let bed = Bed::made("pace_critical", place).await;
    let ran = bed.start_with(&["--critical-load=Uptime=1"]).wait(PATIENCE);
    assert_eq!((ran.code, &ran.error()["code"]), (6, &"critical_load".into()), "{ran:#?}");
    let ran = bed.start().wait(PATIENCE);
    bed.is_migrated(&ran).await;
    bed.gone().await;
}
