//! The swap's reply is lost: which table is which is looked at, never guessed.

use std::time::Duration;

use tokio::task::JoinHandle;
use zosc::error::Result;
use zosc::journal::{Journal, RunRow};
use zosc::mysql::{Identity, Process, Session};
use zosc::plan::Method;
use zosc::shadow::{self, Shadow};
use zosc::swap::is_swapped;

use crate::plan::ground::Ground;

/// No connection has this number.
const GONE: Identity = Identity { id: u32::MAX, life: 0 };

/// Less than a lost client's statement is waited for.
const AT_ONCE: Duration = Duration::from_secs(20);

async fn built(ground: &mut Ground, schema: &str, table: &str) -> Shadow {
    let mut request = ground.request(table, "ADD COLUMN c INT");
    request.copy = true;
    request.journal_schema = schema.to_owned();
    let plan = ground.try_draw(&request).await.unwrap();
    let Method::Copy(copy) = &plan.method else { panic!("not a copy: {plan:?}") };
    Journal::prepare(&mut ground.session, schema).await.unwrap();
    let mut run = RunRow::insert(&mut ground.session, schema, &request, "", "").await.unwrap();
    shadow::build(&ground.server, &request, &plan.original, copy, &mut run).await.unwrap()
}

async fn decides(schema: &'static str, table: &'static str) {
    let create = format!("CREATE TABLE {} (id INT PRIMARY KEY)", zosc::schema::quote(table));
    let mut ground = Ground::laid(schema, &[&create]).await;
    let shadow = built(&mut ground, schema, table).await;
    let pair = shadow.pair();
    assert!(!is_swapped(&ground.server, &shadow, GONE).await.unwrap());
    let (original, kept) = (&pair.original, shadow.kept());
    let rename = format!("RENAME TABLE {original} TO {kept}, {} TO {original}", pair.shadow);
    ground.session.run(rename).await.unwrap();
    assert!(is_swapped(&ground.server, &shadow, GONE).await.unwrap());
    // A third table under the name is neither.
    ground.session.run(format!("DROP TABLE {original}, {kept}")).await.unwrap();
    ground.session.run(format!("CREATE TABLE {original} (id INT)")).await.unwrap();
    let unknown = is_swapped(&ground.server, &shadow, GONE).await.unwrap_err();
    assert_eq!(unknown.kind.exit_code(), 9, "{unknown:?}");
    ground.session.run(format!("DROP DATABASE {}", zosc::schema::quote(schema))).await.unwrap();
}

#[tokio::test]
async fn by_the_tables_ids() {
    decides("swap_ids", "t").await;
}

/// InnoDB writes such a name in its own way, so its id is not asked for.
#[tokio::test]
async fn by_the_tables_names() {
    decides("swap_names", "größe").await;
}

/// Behind a restart a connection of anybody may have the number of the one that was lost.
#[tokio::test]
async fn another_with_its_number_is_not_waited_for() {
    let schema = "swap_number";
    let mut ground = Ground::laid(schema, &["CREATE TABLE t (id INT PRIMARY KEY)"]).await;
    let shadow = built(&mut ground, schema, "t").await;
    let other = ground.server.session().await.unwrap();
    let in_another_life = Identity { life: 1, ..other.identity() };
    let looked = is_swapped(&ground.server, &shadow, in_another_life);
    assert!(!tokio::time::timeout(AT_ONCE, looked).await.unwrap().unwrap());
    // A restart need not be noticed.
    let (busy, theirs) = sleep(&mut ground, other, 30).await;
    let looked = is_swapped(&ground.server, &shadow, theirs);
    assert!(!tokio::time::timeout(AT_ONCE, looked).await.unwrap().unwrap());
    ground.session.run(format!("KILL {}", theirs.id)).await.unwrap();
    busy.await.unwrap().unwrap_err();
    // What the run itself has going on is waited for.
    let own = ground.server.tagged(&shadow.run().to_string()).session().await.unwrap();
    let (busy, ours) = sleep(&mut ground, own, 2).await;
    assert!(!is_swapped(&ground.server, &shadow, ours).await.unwrap());
    assert!(!sleeps(&mut ground, ours).await, "its statement still goes on");
    busy.await.unwrap().unwrap();
    ground.session.run(format!("DROP DATABASE {schema}")).await.unwrap();
}

/// Keeps a session busy; it is gone when the statement ends.
async fn sleep(
    ground: &mut Ground,
    mut session: Session,
    seconds: u32,
) -> (JoinHandle<Result<u64>>, Identity) {
    let identity = session.identity();
    let busy = tokio::spawn(async move { session.run(format!("DO SLEEP({seconds})")).await });
    while !sleeps(ground, identity).await {}
    (busy, identity)
}

async fn sleeps(ground: &mut Ground, who: Identity) -> bool {
    let all = Process::all(&mut ground.session).await.unwrap();
    all.iter()
        .any(|process| process.id == u64::from(who.id) && process.statement.contains("SLEEP("))
}
