//! Whoever dies in a queued swap, and whenever: it is done and complete, or not done at all.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::parts::Stage;
use crate::support::place::{Place, played};

played! {
    on_both_servers: the_locker_before_the_sentry_is_down, the_locker_behind_the_sentry,
        the_renamer_before_the_unlock, the_renamers_client;
}

const TABLE_EXISTS: u16 = 1050;

async fn stage(name: &str, place: Place) -> (Stage, Conn) {
    let stage = Stage::set(name, place, "t__zosc_shadow", "t__zosc_kept").await;
    let locker = stage.locker().await;
    (stage, locker)
}

async fn the_locker_before_the_sentry_is_down(place: Place) {
    let (stage, locker) = stage("death_locker", place).await;
    let (writer, renamer) = (stage.writer().await, stage.renamer().await);
    stage.kill(locker.id()).await;
    assert_eq!(renamer.ends().await, Err(TABLE_EXISTS));
    writer.ends().await.unwrap();
    assert_eq!(stage.ids("t").await, ["1", "99"]);
    assert_eq!(stage.ids("t__zosc_shadow").await, ["1"]);
    stage.gone().await;
}

async fn the_locker_behind_the_sentry(place: Place) {
    let (stage, mut locker) = stage("death_unlock", place).await;
    let (writer, renamer) = (stage.writer().await, stage.renamer().await);
    stage.drop_sentry(&mut locker).await;
    stage.kill(locker.id()).await;
    renamer.ends().await.unwrap();
    writer.ends().await.unwrap();
    assert_eq!(stage.ids("t").await, ["1", "99"]);
    assert_eq!(stage.ids("t__zosc_kept").await, ["1"]);
    stage.gone().await;
}

async fn the_renamer_before_the_unlock(place: Place) {
    let (stage, mut locker) = stage("death_renamer", place).await;
    let (writer, renamer) = (stage.writer().await, stage.renamer().await);
    stage.drop_sentry(&mut locker).await;
    stage.kill(renamer.id).await;
    renamer.ends().await.unwrap_err();
    locker.query_drop("UNLOCK TABLES").await.unwrap();
    writer.ends().await.unwrap();
    assert_eq!(stage.ids("t").await, ["1", "99"]);
    assert_eq!(stage.ids("t__zosc_shadow").await, ["1"]);
    stage.gone().await;
}

/// Its reply is lost; it passes all the same.
async fn the_renamers_client(place: Place) {
    let (stage, mut locker) = stage("death_client", place).await;
    let (writer, renamer) = (stage.writer().await, stage.renamer().await);
    renamer.forget();
    stage.drop_sentry(&mut locker).await;
    locker.query_drop("UNLOCK TABLES").await.unwrap();
    writer.ends().await.unwrap();
    assert_eq!(stage.ids("t").await, ["1", "99"]);
    assert_eq!(stage.ids("t__zosc_kept").await, ["1"]);
    stage.gone().await;
}
