//! A connection dies without a word: nothing arrives any more, and nobody is told.

use super::{attempts, told};
use crate::support::place::{Place, played};
use crate::support::proxy::{Deed, When};
use crate::support::story::Told;

played! {
    mariadb_with_triggers:
        behind_a_chunk;
    mysql_with_binlog:
        before_a_commit;
    on_both_servers:
        while_the_table_is_locked,
        behind_the_rename,
        before_the_unlock;
    with_binlog:
        the_stream_of_the_log;
}

/// Chunks of several rows; the reply of the fifth is lost.
fn behind_a_chunk(place: Place) -> Told {
    let chunk = [("INSERT INTO `silent_chunk", When::The(5), Deed::SwallowReply)];
    told("silent_chunk", place, &chunk, &[])
}

/// The transaction is open on the server, with its locks.
fn before_a_commit(place: Place) -> Told {
    let commit = [("COMMIT", When::The(5), Deed::SwallowRequest)];
    told("silent_commit", place, &commit, &[])
}

/// The server itself must free the application.
fn while_the_table_is_locked(place: Place) -> Told {
    let lock = [("LOCK TABLES", When::The(1), Deed::SwallowReply)];
    let told = told("silent_locker", place, &lock, &[]);
    assert_eq!(attempts(&told), ["hold_exceeded", "granted"]);
    told
}

/// Done, and the lock is held until the server itself gives it back.
fn behind_the_rename(place: Place) -> Told {
    let rename = [("RENAME TABLE", When::The(1), Deed::SwallowReply)];
    let told = told("silent_rename", place, &rename, &[]);
    assert_eq!(attempts(&told), ["granted"]);
    told
}

fn before_the_unlock(place: Place) -> Told {
    let unlock = [("UNLOCK TABLES", When::The(1), Deed::SwallowRequest)];
    let told = told("silent_unlock", place, &unlock, &[]);
    assert_eq!(attempts(&told).last(), Some(&"granted"));
    told
}

fn the_stream_of_the_log(place: Place) -> Told {
    let chunk = [("INSERT INTO `silent_stream", When::The(5), Deed::SwallowStreams)];
    told("silent_stream", place, &chunk, &[])
}
