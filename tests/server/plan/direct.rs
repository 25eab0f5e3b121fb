//! Changes that the server makes itself.

use std::time::Duration;

use zosc::direct::{Direct, alter};
use zosc::error::{Error, Kind};
use zosc::event::{Event, Events};
use zosc::halt::Halt;
use zosc::outcome::Outcome;
use zosc::request::Request;
use zosc::schema::read;
use zosc::settings::{Settings, SwapBounds};
use zosc::sql::Algorithm;

use super::ground::Ground;
use crate::support::each::on_both;
use crate::support::mysqld::Database;

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY a (a))";

fn impatient(request: Request, attempts: u32) -> Request {
    let swap =
        SwapBounds { lock_timeout: Duration::from_secs(1), attempts, ..SwapBounds::default() };
    Request { settings: Settings { swap, ..request.settings }, ..request }
}

async fn the_original_is_altered(database: Database) {
    let mut ground = Ground::laid_in(database, "direct_done", &[TABLE]).await;
    let (events, _ear) = Events::channel();
    for (sql, algorithm, outcome) in [
        ("ADD COLUMN b INT", Algorithm::Instant, Outcome::Instant),
        ("DROP INDEX a ON t", Algorithm::InPlace, Outcome::InPlace),
    ] {
        let request = ground.request("t", sql);
        let done = alter(&ground.server, &request, algorithm, &events, &Halt::new()).await.unwrap();
        assert!(matches!(done, Direct::Done(done) if done == outcome));
    }
    let name = ground.table("t");
    let table = read::table(&mut ground.session, &name).await.unwrap().unwrap();
    assert!(table.column("b").is_some() && table.index("a").is_none());
    ground.gone().await;
}

async fn what_the_algorithm_cannot_do_changes_nothing(database: Database) {
    let ground = Ground::laid_in(database, "direct_not", &[TABLE]).await;
    let (events, _ear) = Events::channel();
    let request = ground.request("t", "MODIFY a BIGINT");
    for algorithm in [Algorithm::Instant, Algorithm::InPlace] {
        let done = alter(&ground.server, &request, algorithm, &events, &Halt::new()).await.unwrap();
        assert!(matches!(done, Direct::NotPossible(error) if error.errno().is_some()));
    }
    let request = ground.request("t", "DROP COLUMN nix");
    let error = alter(&ground.server, &request, Algorithm::Instant, &events, &Halt::new()).await;
    assert_eq!(error.unwrap_err().code, "alter_refused");
    ground.gone().await;
}

async fn a_lock_is_waited_for_in_short_tries(database: Database) {
    let mut ground = Ground::laid_in(database, "direct_lock", &[TABLE]).await;
    let (events, mut ear) = Events::channel();
    ground.session.begin().await.unwrap();
    ground.session.run("INSERT INTO t VALUES (1, 1)").await.unwrap();
    let request = impatient(ground.request("t", "ADD COLUMN b INT"), 2);
    let halt = Halt::new();
    let error = alter(&ground.server, &request, Algorithm::Instant, &events, &halt).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Postponed, "lock_timeout"));
    let said = ear.recv().await.unwrap().event;
    assert!(matches!(said, Event::Waiting { what, .. } if what == "table_lock"));

    // While it pauses it can be stopped, and when the lock is free it goes through.
    let patient = impatient(request.clone(), 20);
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        halt.stop(Error::new(Kind::Interrupted, "interrupted", "stop"));
    };
    let tries = alter(&ground.server, &patient, Algorithm::Instant, &events, &halt);
    let (stopped, ()) = tokio::join!(tries, stopping);
    assert_eq!(stopped.unwrap_err().code, "interrupted");

    let (server, halt) = (ground.server.clone(), Halt::new());
    let tries = alter(&server, &patient, Algorithm::Instant, &events, &halt);
    let freeing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        ground.session.commit().await.unwrap();
    };
    let (done, ()) = tokio::join!(tries, freeing);
    assert!(matches!(done.unwrap(), Direct::Done(Outcome::Instant)));
    ground.gone().await;
}

on_both!(
    the_original_is_altered,
    what_the_algorithm_cannot_do_changes_nothing,
    a_lock_is_waited_for_in_short_tries,
);
