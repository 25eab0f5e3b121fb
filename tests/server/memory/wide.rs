//! Rows as wide as they may be: what is read of them is one event at a time.

use mysql_async::prelude::Queryable;

use super::{is_twin, make_twin, start, until_there_is_a_shadow};
use crate::support::ground::Ground;
use crate::support::place::{Place, played};

/// MiB of a row; a tenth of what the test's server can log at a time is more than that.
const WIDTH: u64 = 8;

/// An update has its row twice, and the driver has the event several times while it arrives; what it
/// gives back stays with the allocator for a while.
const BOUND_KIB: u64 = (192 + 20 * WIDTH) << 10;

played! {
    with_binlog: rows_are_wide;
}

async fn rows_are_wide(place: Place) {
    let ground = Ground::laid(
        "memory_wide",
        place,
        &["CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL, b LONGBLOB NOT NULL)"],
    )
    .await;
    let mut writer = ground.connect().await;
    for id in 0..6 {
        let row = format!("INSERT INTO t VALUES ({id}, 1, REPEAT(CHAR(65 + {id}), {WIDTH} << 20))");
        writer.query_drop(row).await.unwrap();
    }
    let mut running = start(&ground, &["--workers=1", "--max-chunk-rows=1"]);
    until_there_is_a_shadow(&ground, &mut running).await;
    writer.query_drop("UPDATE t SET v = v + 1, b = CONCAT(b, 'x')").await.unwrap();
    writer.disconnect().await.unwrap();
    make_twin(&ground).await;
    is_twin(ground, running, BOUND_KIB).await;
}
