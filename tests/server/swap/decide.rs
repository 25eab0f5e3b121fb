//! The swap's reply is lost: which table is which is looked at, never guessed.

use zosc::journal::{Journal, RunRow};
use zosc::plan::Method;
use zosc::shadow::{self, Shadow};
use zosc::swap::is_swapped;

use crate::plan::ground::Ground;

/// No connection has this number.
const GONE: u32 = u32::MAX;

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
