//! The queued swap from end to end, on a server that could do without.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use zosc::schema::TableName;
use zosc::swap::Way;

use super::parts::{locker_of, renamer_of};
use crate::plan::ground::server_at;
use crate::support::address::Address;
use crate::support::ground::{Ground, PATIENCE};
use crate::support::mysqld::{Database, shared_url};
use crate::support::place::{Place, played};
use crate::support::story::Story;

played! {
    mysql: while_the_application_writes;
    on_both_servers: while_its_sessions_are_killed, the_shadow_is_held_open, zosc_is_frozen, names_in_the_wrong_order,
        the_server_says_which_way;
}

const QUEUED: &str = "--swap=queued";

fn story(name: &str, place: Place) -> Story {
    Story::new(name, place)
        .of_texts()
        .before("ANALYZE TABLE {t}")
        .pause(Duration::from_millis(2))
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 7 FIRST")
}

fn while_the_application_writes(place: Place) -> Story {
    story("queued_written", place).args(&[QUEUED])
}

/// The locker and the renamer are killed at moments that nobody chose; in the end it is done.
async fn while_its_sessions_are_killed(place: Place) {
    let story = story("queued_killed", place).args(&[QUEUED, "--swap-attempts=60"]);
    let killer = Killer::of(place.address(), place.schema("queued_killed"));
    let told = tokio::task::spawn_blocking(|| story.run()).await.unwrap();
    let deaths = killer.stop();
    let attempts = told.events.iter().filter(|event| event["event"] == "swap").count();
    assert!(deaths > 0 && attempts > 1, "{deaths} killed in {attempts} attempts");
}

/// Kills who holds the table, and who waits to rename it, some times.
struct Killer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u32>,
}

impl Killer {
    /// The most that it kills, so that the swap may succeed.
    const MOST: u32 = 6;

    fn of(address: Address, schema: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(Self::kill(&address, &schema, &stopped))
        });
        Self { stop, thread }
    }

    async fn kill(address: &Address, schema: &str, stop: &AtomicBool) -> u32 {
        let mut conn = address.connect().await;
        let mut holder = hold_when_filled(address, schema, stop).await;
        let mut killed = 0;
        while !stop.load(Ordering::Relaxed) && killed < Self::MOST {
            let victim = if killed % 2 == 0 {
                locker_of(&mut conn, schema).await
            } else {
                renamer_of(&mut conn, schema).await
            };
            let Some(victim) = victim else { continue };
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..25))).await;
            killed += u32::from(conn.query_drop(format!("KILL {victim}")).await.is_ok());
            holder.query_drop("COMMIT").await.unwrap();
        }
        killed
    }

    fn stop(self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// A reader of the table, from when the shadow is being filled: the first who wants to lock it waits
/// long enough to be seen.
async fn hold_when_filled(address: &Address, schema: &str, stop: &AtomicBool) -> Conn {
    let mut conn = address.connect().await;
    while !stop.load(Ordering::Relaxed) {
        let filled: Result<Option<u64>, _> =
            conn.query_first(format!("SELECT id FROM {schema}.t__zosc_shadow LIMIT 1")).await;
        if matches!(filled, Ok(Some(_))) {
            conn.query_drop("BEGIN").await.unwrap();
            conn.query_drop(format!("SELECT id FROM {schema}.t LIMIT 1")).await.unwrap();
            break;
        }
    }
    conn
}

/// What undid others: it holds up the swap, and nothing is lost.
async fn the_shadow_is_held_open(place: Place) {
    let ground = Ground::with_a_big_table("queued_open", place).await;
    let mut running = ground.copying_with("ADD COLUMN c INT", &[QUEUED]).await;
    let mut reader = ground.connect().await;
    let thread = u64::from(reader.id());
    reader.query_drop("BEGIN").await.unwrap();
    reader.query_drop("SELECT * FROM big__zosc_shadow LIMIT 1").await.unwrap();
    let mut application = ground.connect().await;
    let mut is_held = true;
    let mut written = 0;
    let mut longest = Duration::ZERO;
    while running.is_running() {
        // Until an attempt has failed, and it was asked who is in the way.
        if is_held && running.has_said("\"event\":\"swap\"") {
            reader.query_drop("COMMIT").await.unwrap();
            is_held = false;
        }
        let before = Instant::now();
        application.query_drop("INSERT INTO big (v) VALUES ('late')").await.unwrap();
        longest = longest.max(before.elapsed());
        written += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let blocked = ran.events_of("swap").find(|event| event["outcome"] == "lock_timeout");
    let blockers = &blocked.expect("no attempt was blocked: nothing is proven")["blockers"];
    // Whoever else used a table at that moment is named, too.
    let named = blockers.as_array().unwrap().iter().any(|blocker| blocker["thread"] == thread);
    assert!(named, "{ran:#?}");
    assert!(longest < Duration::from_secs(4), "the application waited {longest:?}");
    let there = ground.column("SELECT COUNT(*) FROM big WHERE v = 'late'").await;
    assert_eq!(there, [written.to_string()]);
    assert_eq!(ground.tables().await, ["big", "big__zosc_kept"]);
    ground.gone().await;
}

/// In the middle of a swap the process sleeps: the server gives the application its table back.
async fn zosc_is_frozen(place: Place) {
    let ground = Ground::with_a_big_table("queued_frozen", place).await;
    let mut running = ground.copying_with("ADD COLUMN c INT", &[QUEUED]).await;
    let mut looker = ground.connect().await;
    let mut application = ground.connect().await;
    let mut frozen = false;
    while running.is_running() {
        if frozen || renamer_of(&mut looker, &ground.schema).await.is_none() {
            continue;
        }
        frozen = true;
        running.signal("-STOP");
        let before = Instant::now();
        application.query_drop("INSERT INTO big (v) VALUES ('late')").await.unwrap();
        let waited = before.elapsed();
        assert!(waited < Duration::from_secs(6), "the application waited {waited:?}");
        tokio::time::sleep(Duration::from_secs(5)).await;
        running.signal("-CONT");
    }
    assert!(frozen, "the rename was not seen");
    let ran = running.wait(PATIENCE);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ground.column("SELECT COUNT(*) FROM big WHERE v = 'late'").await, ["1"]);
    assert_eq!(ground.tables().await, ["big", "big__zosc_kept"]);
    ground.gone().await;
}

/// A long name leaves no room for ours behind it, and these letters come after any sign of ours.
async fn names_in_the_wrong_order(place: Place) {
    let name = "é".repeat(64);
    let create = format!("CREATE TABLE `{name}` (id INT PRIMARY KEY)");
    let ground = Ground::laid("queued_names", place, &[&create]).await;
    let table = format!("`{name}`");
    let ran = ground.start(&table, "ADD COLUMN c INT", &[QUEUED]).wait(PATIENCE);
    ground.is_as_before(&ran).await;
    assert_eq!(ran.error()["code"], "swap-names", "{ran:#?}");
    let ran = ground.start(&table, "ADD COLUMN c INT", &["--swap=locked"]).wait(PATIENCE);
    if place.database.is_mysql() {
        assert_eq!(ran.code, 0, "{ran:#?}");
    } else {
        ground.is_as_before(&ran).await;
        assert_eq!(ran.error()["code"], "swap_way", "{ran:#?}");
    }
    ground.gone().await;
}

async fn the_server_says_which_way(place: Place) {
    let create = "CREATE TABLE t (id INT PRIMARY KEY)";
    let ground = Ground::laid("queued_way", place, &[create]).await;
    let server = server_at(&shared_url(place.database), "root").await;
    let mut session = server.session().await.unwrap();
    let way = Way::probe(&mut session, &TableName::new(&ground.schema, "t")).await.unwrap();
    assert_eq!(way == Way::Locked, place.database == Database::Mysql, "{way:?}");
    // Nothing is locked any more.
    ground.run(&["INSERT INTO t VALUES (1)"]).await;
    ground.gone().await;
}
