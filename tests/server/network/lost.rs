//! A connection breaks: before a statement gets to the server, or before its reply gets to zosc.

use serde_json::Value;

use super::{attempts, told};
use crate::support::ground::{Ground, PATIENCE};
use crate::support::place::{Place, played};
use crate::support::proxy::{Deed, Proxy, When};
use crate::support::story::Told;
use crate::support::zosc;

played! {
    everywhere: the_reply_of_commit;
    on_both_servers:
        any_reply,
        the_reply_of_a_fence,
        the_reply_of_the_position,
        the_reply_of_the_rename,
        the_request_of_the_rename,
        the_connection_that_holds_the_lock;
    mysql_with_binlog:
        the_reply_of_a_queued_rename,
        the_reply_of_the_rename_and_all_that_follows;
}

/// Of chunks, of refreshed keys, of the run's end: whether it was executed is never guessed.
fn the_reply_of_commit(place: Place) -> Told {
    told("lost_commit", place, &[("COMMIT", When::Every(5), Deed::LoseReply)], &[])
}

/// Whatever it is that zosc was told, once it copies.
fn any_reply(place: Place) -> Told {
    let often = When::EverySince("`chunk`", 50);
    told("lost_any", place, &[("/* zosc", often, Deed::LoseReply)], &[])
}

fn the_reply_of_a_fence(place: Place) -> Told {
    told("lost_fence", place, &[("`fence` (run", When::Every(5), Deed::LoseReply)], &[])
}

fn the_reply_of_the_position(place: Place) -> Told {
    let words = if place.has_triggers() { "DELETE FROM … __zosc_log" } else { "`position` SET" };
    told("lost_position", place, &[(words, When::Every(2), Deed::LoseReply)], &[])
}

/// The tables' ids tell that it is done; done twice it would be undone.
fn the_reply_of_the_rename(place: Place) -> Told {
    let told = told("lost_rename", place, &[("RENAME TABLE", When::The(1), Deed::LoseReply)], &[]);
    assert_eq!(attempts(&told), ["granted"]);
    told
}

fn the_reply_of_a_queued_rename(place: Place) -> Told {
    let rename = [("RENAME TABLE", When::The(1), Deed::LoseReply)];
    let told = told("lost_queued", place, &rename, &["--swap=queued"]);
    assert_eq!(attempts(&told), ["granted"]);
    told
}

/// Nobody can be asked how the swap has ended: a person must look, and the same command can.
async fn the_reply_of_the_rename_and_all_that_follows(place: Place) {
    let table = ["CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)"];
    let ground = Ground::laid("lost_unknown", place, &table).await;
    let proxy = Proxy::before(&ground.address);
    proxy.on("/* zosc", When::EverySince("RENAME TABLE", 1), Deed::LoseReply);
    let name = format!("{}.t", ground.schema);
    let change =
        ["--ssl-mode=disabled", "--copy", &place.flag(), "--alter", "ADD COLUMN c INT", &name];
    let ran = zosc::start(proxy.address(), &change).wait(PATIENCE);
    ran.finished();
    assert_eq!((ran.code, &ran.error()["code"]), (9, &Value::from("swap_unknown")), "{ran:#?}");
    assert_eq!(ran.error()["resumable"], false, "{ran:#?}");
    let ran = zosc::start(&ground.address, &change).wait(PATIENCE);
    assert_eq!((ran.code, &ran.finished()["outcome"]), (0, &Value::from("already")), "{ran:#?}");
    assert!(ground.column("SELECT c FROM t LIMIT 0").await.is_empty());
    ground.gone().await;
}

fn the_request_of_the_rename(place: Place) -> Told {
    let rename = [("RENAME TABLE", When::The(1), Deed::LoseRequest)];
    let told = told("lost_request", place, &rename, &[]);
    assert_eq!(attempts(&told).len(), 2, "{:?}", attempts(&told));
    told
}

/// The server gives the lock back as soon as it sees that the connection is gone.
fn the_connection_that_holds_the_lock(place: Place) -> Told {
    let lock = [("LOCK TABLES", When::The(1), Deed::LoseReply)];
    let told = told("lost_locker", place, &lock, &[]);
    assert_eq!(attempts(&told), ["lost", "granted"]);
    told
}
