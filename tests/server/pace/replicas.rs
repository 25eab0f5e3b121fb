//! A server with two replicas, one of which applies slowly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;

use super::{rests, until_it_rests_for};
use crate::control::client::Door;
use crate::support::address::Address;
use crate::support::bed::{Bed, PATIENCE, until_it_says};
use crate::support::mysqld::Mysqld;
use crate::support::pair::have_come_to;
use crate::support::place::{Place, played};
use crate::support::replication::follow;
use crate::support::zosc::{Ran, Running};

played! {
    on_both_servers: the_slowest_replica_sets_the_pace;
}

/// It applies each transaction this much later than the one before.
const SLOWNESS: Duration = Duration::from_millis(15);
/// The limit that is given, and what is forgiven: a lag is seen when it is there, with what is on its
/// way by then. Without a limit it comes to some ten seconds.
const LIMIT: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(4);

async fn the_slowest_replica_sets_the_pace(place: Place) {
    let bed = Bed::on_a_server_with("pace_replicas", place, &[]).await;
    let host = "--report-host=127.0.0.1";
    let mut fast = follow(&bed.address, true, &["--server-id=2", host]).await;
    let wait = SLOWNESS.as_micros();
    let slowly = place.database.either(
        [
            format!("--binlog-group-commit-sync-delay={wait}"),
            "--replica-parallel-workers=1".to_owned(),
        ],
        [format!("--binlog-commit-wait-usec={wait}"), "--binlog-commit-wait-count=1000".to_owned()],
    );
    let args = ["--server-id=3", host, &slowly[0], &slowly[1]];
    let slow = follow(&bed.address, true, &args).await;
    have_come_to(&[&fast, &slow], &bed, "milestone").await;

    fewer_rows(&bed).await;
    let watch = Watch::begin(&bed, &slow);
    let running = bed.start_with(&["--max-lag=1s", "--discover-replicas"]);
    let ran = tokio::task::spawn_blocking(|| running.wait(PATIENCE)).await.unwrap();
    let (written, longest) = watch.end().await;
    assert!(
        longest < MOST,
        "the replica was {longest:?} behind, with a limit of {LIMIT:?}: {ran:#?}"
    );
    assert!(written > 10, "nothing was written meanwhile");
    is_everywhere(&bed, &[&fast, &slow], &ran).await;
    let left = bed.column("SELECT CAST(COUNT(*) AS CHAR) FROM _zosc.heartbeat").await;
    assert_eq!(left, ["0"], "its heartbeat is left");

    // One is meant to be late, and the other one ceases to listen.
    let (stop, delay, start) = place.database.either(
        ("STOP REPLICA", "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 3", "START REPLICA"),
        ("STOP SLAVE", "CHANGE MASTER TO MASTER_DELAY = 3", "START SLAVE"),
    );
    let at_once = place.database.either(
        "SET GLOBAL binlog_group_commit_sync_delay = 0",
        "SET GLOBAL binlog_commit_wait_usec = 0",
    );
    Address::of(&slow).run(&[at_once]).await;
    let bed = Bed::beside("pace_replicas_two", place, &bed.address).await;
    let name = |replica: &Mysqld| format!("127.0.0.1:{}", replica.port);
    // An account with no more than docs/reference/permissions.md asks for.
    let right = place.database.either("REPLICATION CLIENT", "REPLICA MONITOR");
    bed.run(&[
        "CREATE USER watch",
        "GRANT SELECT ON `\\_zosc`.* TO watch",
        &format!("GRANT {right} ON *.* TO watch"),
    ])
    .await;
    let named = [&fast, &slow].map(|replica| format!("--replica=mysql://watch@{}", name(replica)));
    fewer_rows(&bed).await;
    have_come_to(&[&fast, &slow], &bed, "milestone").await;
    // A run does not wait for its first beat to get there.
    let late = delay.replace("= 3", "= 900");
    Address::of(&slow).run(&[stop, &late, start]).await;
    // Slowly enough that the copy outlasts what a signal that cannot be read is given.
    let door = Door::made();
    let flags = ["--max-lag=1s", &named[0], &named[1], "--nice=100", &door.flag()];
    let mut running = bed.start_with(&flags);
    until_it_copies(&bed, &mut running).await;
    Address::of(&slow).run(&[stop, delay, start]).await;
    Address::of(&fast).run(&[&format!("{stop} IO_THREAD")]).await;
    until_it_rests_for(&mut running, "replica_lag").await;
    assert_eq!(bed.long_transactions().await, 0, "a transaction is open while it rests");
    Address::of(&fast).run(&[&format!("{start} IO_THREAD")]).await;
    until_it_rests_for(&mut running, "on").await;
    if place.database.is_mysql() {
        fast.crash();
        until_it_says(&mut running, "has not been readable for 1");
        fast.restart();
    }
    door.nc("nice=0");
    let ran = running.wait(PATIENCE);
    let late = name(&slow);
    let names_it = |event: &&serde_json::Value| event["detail"].to_string().contains(&late);
    assert_eq!(ran.events_of("throttled").filter(names_it).count(), 0, "{ran:#?}");
    assert!(rests(&ran).len() >= 2, "{ran:#?}");
    is_everywhere(&bed, &[&fast, &slow], &ran).await;
}

/// Waits until there is a row in the shadow.
async fn until_it_copies(bed: &Bed, running: &mut Running) {
    let begun = Instant::now();
    let tables = format!(
        "SELECT table_name FROM information_schema.tables \
         WHERE table_schema = '{}' AND table_name = 't__zosc_shadow'",
        bed.schema
    );
    let rows = format!("SELECT CAST(id AS CHAR) FROM {}.t__zosc_shadow LIMIT 1", bed.schema);
    while bed.column(&tables).await.is_empty() || bed.column(&rows).await.is_empty() {
        assert!(running.is_running(), "zosc ended before it copied: {}", running.said());
        assert!(begun.elapsed() < PATIENCE, "it does not copy: {}", running.said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn fewer_rows(bed: &Bed) {
    for table in ["t", "twin"] {
        bed.run(&[&format!("DELETE FROM {}.{table} WHERE id > 4000", bed.schema)]).await;
    }
}

/// The table is its twin on the server and on its replicas.
async fn is_everywhere(bed: &Bed, replicas: &[&Mysqld], ran: &Ran) {
    bed.is_migrated(ran).await;
    have_come_to(replicas, bed, "end").await;
    for replica in replicas {
        let mut conn = Address::of(replica).connect().await;
        let differing: Vec<String> = conn.query(bed.differing()).await.unwrap();
        conn.disconnect().await.unwrap();
        assert_eq!(differing, [""; 0], "on a replica: {ran:#?}");
    }
}

/// Writes now and then, and sees by that how far a replica is behind.
struct Watch {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<(u32, Duration)>,
}

impl Watch {
    fn begin(bed: &Bed, replica: &Mysqld) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let (address, replica) = (bed.address.clone(), Address::of(replica));
        let (schema, ending) = (bed.schema.clone(), Arc::clone(&stop));
        let task = tokio::spawn(async move {
            let (mut source, mut replica) = (address.connect().await, replica.connect().await);
            let (mut longest, mut written) = (Duration::ZERO, Vec::<Instant>::new());
            while !ending.load(Ordering::Relaxed) {
                let id = 50 * (written.len() % 100) + 7;
                for sql in [
                    "START TRANSACTION".to_owned(),
                    format!("UPDATE {schema}.t SET v = 'w{}' WHERE id = {id}", written.len() + 1),
                    format!(
                        "UPDATE {schema}.twin SET v = 'w{}' WHERE id = {id}",
                        written.len() + 1
                    ),
                    "COMMIT".to_owned(),
                ] {
                    source.query_drop(sql).await.unwrap();
                }
                written.push(Instant::now());
                for _ in 0..4 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    let newest = format!(
                        "SELECT COALESCE(MAX(CAST(SUBSTR(v, 2) AS UNSIGNED)), 0) \
                         FROM {schema}.twin WHERE v LIKE 'w%'"
                    );
                    let got: usize = replica.query_first(newest).await.unwrap().unwrap();
                    let lacks = written.get(got).map_or(Duration::ZERO, Instant::elapsed);
                    longest = longest.max(lacks);
                }
            }
            source.disconnect().await.unwrap();
            replica.disconnect().await.unwrap();
            (u32::try_from(written.len()).unwrap(), longest)
        });
        Self { stop, task }
    }

    /// How often it wrote, and how far the replica was behind at most.
    async fn end(self) -> (u32, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}
