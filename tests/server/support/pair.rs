//! A server and its replica, which takes its place.

use std::time::{Duration, Instant};

use mysql_async::Row;
use mysql_async::prelude::Queryable;

use super::address::Address;
use super::bed::{Bed, PATIENCE};
use super::mysqld::{Database, Mysqld};
use super::replication;

/// What the servers call a replica's work when it has none.
const APPLIED: &str = "has read all relay log";

/// The words of a family: status, its column, and the statements.
struct Words {
    status: &'static str,
    state: &'static str,
    promote: [&'static str; 2],
}

impl Words {
    fn of(database: Database) -> Self {
        database.either(
            Self {
                status: "SHOW REPLICA STATUS",
                state: "Replica_SQL_Running_State",
                promote: ["STOP REPLICA", "RESET REPLICA ALL"],
            },
            Self {
                status: "SHOW SLAVE STATUS",
                state: "Slave_SQL_Running_State",
                promote: ["STOP SLAVE", "RESET SLAVE ALL"],
            },
        )
    }
}

/// Starts a replica of the bed's server, which follows it from the beginning.
pub async fn follow(bed: &Bed, by_gtid: bool, extra: &[&str]) -> Mysqld {
    replication::follow(&bed.address, by_gtid, &[&["--server-id=2"], extra].concat()).await
}

/// Waits until the replicas have all that was done by now, which a table of this name marks.
pub async fn have_come_to(replicas: &[&Mysqld], bed: &Bed, milestone: &str) {
    bed.run(&[&format!("CREATE TABLE {}.{milestone} (a INT)", bed.schema)]).await;
    let come = format!(
        "SELECT COUNT(*) FROM information_schema.tables \
         WHERE table_schema = '{}' AND table_name = '{milestone}'",
        bed.schema
    );
    let begun = Instant::now();
    for replica in replicas {
        let replica = Address::of(replica);
        while replica.cell(&come, 0).await.as_deref() != Some("1") {
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not replicate: {:?}",
                status(&replica).await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What a replica says of itself.
async fn status(replica: &Address) -> Row {
    let mut conn = replica.connect().await;
    let status = conn.query_first(Words::of(replica.database).status).await.unwrap().unwrap();
    conn.disconnect().await.unwrap();
    status
}

/// The bed's server dies; the replica applies all that it has received, and takes its place.
pub async fn fail_over(bed: &mut Bed, replica: Mysqld) {
    bed.server.as_mut().unwrap().crash();
    let words = Words::of(bed.place.database);
    let address = Address::of(&replica);
    let begun = Instant::now();
    loop {
        let status = status(&address).await;
        if status.get::<String, _>(words.state).is_some_and(|state| state.contains(APPLIED)) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the replica does not come to an end: {status:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    address.run(&words.promote).await;
    bed.address = address;
    bed.server = Some(replica);
}
