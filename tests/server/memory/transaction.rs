//! One transaction that changes all rows while they are copied.

use mysql_async::prelude::Queryable;

use super::{
    BOUND_KIB, is_twin, make_twin, start, until_at_least, until_there_is_a_shadow, wide_keys,
};
use crate::support::address::Address;
use crate::support::ground::Ground;
use crate::support::mysqld::Mysqld;
use crate::support::place::{Place, played};

/// With keys of 1,000 bytes: more than may be pending.
const ROWS: u64 = 40_000;
/// When so many are copied the others change.
const FAR: u64 = ROWS / 4;

played! {
    with_binlog: a_transaction_changes_every_row;
}

async fn a_transaction_changes_every_row(place: Place) {
    let table = wide_keys(place, ROWS, 1000);
    // Of its own: the log of another one has the wide rows of others.
    let server = Mysqld::start(place.database, &[]);
    let ground = Ground::laid_at(
        Address::of(&server),
        "memory_transaction",
        place,
        &table.each_ref().map(String::as_str),
    )
    .await;
    let mut writer = ground.connect().await;
    // Logged when it is committed; so that is when the copy has come far.
    writer.query_drop("BEGIN").await.unwrap();
    writer.query_drop("UPDATE t SET v = v + 1").await.unwrap();
    let mut running = start(&ground, &["--workers=2"]);
    until_there_is_a_shadow(&ground, &mut running).await;
    let copied = format!("SELECT COUNT(*) FROM (SELECT 1 FROM t__zosc_shadow LIMIT {FAR}) few");
    until_at_least(&ground, &mut running, &copied, FAR).await;
    writer.query_drop("COMMIT").await.unwrap();
    writer.disconnect().await.unwrap();
    make_twin(&ground).await;
    is_twin(ground, running, BOUND_KIB).await;
}
