//! zosc panics: it is told as every other end is, and the same command goes on.

use serde_json::Value;

use crate::support::bed::{Bed, PATIENCE};
use crate::support::place::{Place, played};

played! {
    mysql_with_binlog: a_bug_has_an_exit_code_of_its_own;
}

async fn a_bug_has_an_exit_code_of_its_own(place: Place) {
    let bed = Bed::made("crash_bug", place).await;
    let ran = bed.start_with_a_bug("all-copied").wait(PATIENCE);
    ran.finished();
    assert_eq!((ran.code, &ran.error()["code"]), (101, &Value::from("bug")), "{ran:#?}");
    bed.is_like_the_twin(&ran).await;
    bed.is_migrated(&bed.start().wait(PATIENCE)).await;
    bed.gone().await;
}
