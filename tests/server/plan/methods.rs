//! Nothing, instant, in place, or a copy.

use zosc::plan::{Level, Method};
use zosc::request::Request;

use super::ground::Ground;
use crate::support::each::on_both;
use crate::support::mysqld::Database;

const ORDERS: &str = "CREATE TABLE orders (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT, \
     v VARCHAR(20) NOT NULL DEFAULT '', KEY a (a), KEY v (v), CONSTRAINT small CHECK (a < 100)) \
     COMMENT='it''s \\\\ ours'";

fn word(method: &Method) -> &'static str {
    match method {
        Method::Nothing => "nothing",
        Method::Instant => "instant",
        Method::InPlace => "in_place",
        Method::Copy(_) => "copy",
    }
}

async fn the_cheapest_way_is_taken(database: Database) {
    let mut ground = Ground::laid_in(database, "plan_methods", &[ORDERS]).await;
    let at_once = database.either("in_place", "instant");
    for (sql, method) in [
        ("MODIFY a INT", "nothing"),
        ("ALTER TABLE orders COMMENT='it''s \\\\ ours'", "nothing"),
        ("DROP KEY v, ADD KEY v (v)", "nothing"),
        ("ADD COLUMN b INT", "instant"),
        // Its index goes with it, for which MariaDB need not write the rows anew.
        ("ADD COLUMN b INT FIRST, DROP COLUMN v", database.either("copy", "in_place")),
        ("ADD COLUMN b INT FIRST, ALTER a SET DEFAULT 5", "instant"),
        ("RENAME COLUMN v TO w", "instant"),
        ("DROP COLUMN a", database.either("copy", "in_place")),
        ("DROP INDEX a", "in_place"),
        ("DROP INDEX a ON orders", "in_place"),
        (
            database.either(
                "RENAME INDEX a TO b, ALTER INDEX v INVISIBLE",
                "RENAME INDEX a TO b, ALTER INDEX v IGNORED",
            ),
            at_once,
        ),
        ("COMMENT='theirs'", at_once),
        ("AUTO_INCREMENT=1000", at_once),
        ("MODIFY v VARCHAR(30) NOT NULL DEFAULT ''", at_once),
        ("CREATE INDEX pair ON orders (a, v)", "copy"),
        ("DROP KEY a, ADD KEY a (a, v)", "copy"),
        ("MODIFY a BIGINT", "copy"),
        ("ADD COLUMN b DATE NOT NULL DEFAULT '2000-01-01', ADD KEY (b)", "copy"),
        ("FORCE", "copy"),
        ("ENGINE=InnoDB", "copy"),
        ("PARTITION BY HASH (id) PARTITIONS 2", "copy"),
        (database.either("DROP CHECK small", "DROP CONSTRAINT IF EXISTS small"), "instant"),
        (database.either("ALTER CHECK small NOT ENFORCED", "DROP CONSTRAINT small"), "instant"),
        ("DROP CONSTRAINT small", "instant"),
    ] {
        let request = ground.request("orders", sql);
        match ground.try_draw(&request).await {
            Ok(plan) => {
                assert_eq!(word(&plan.method), method, "{sql}: {}", plan.reason);
                assert!(!plan.reason.is_empty());
                assert!(plan.summary(&request).is_object());
            }
            // The CHECK is over this column.
            Err(error) => assert!(sql.contains("DROP COLUMN a"), "{sql}: {error}"),
        }
    }
    ground.gone().await;
}

async fn dropping_and_adding_a_column_is_not_nothing(database: Database) {
    let mut ground =
        Ground::laid_in(database, "plan_drop_add", &["CREATE TABLE t (id INT PRIMARY KEY, c INT)"])
            .await;
    let plan = ground.draw("t", "DROP COLUMN c, ADD COLUMN c INT").await;
    assert_eq!(plan.method, Method::Instant);
    ground.gone().await;
}

async fn a_copy_can_be_asked_for(database: Database) {
    let mut ground = Ground::laid_in(database, "plan_copy", &[ORDERS]).await;
    let (copy, _) = ground.copy("orders", "ADD COLUMN b INT").await;
    assert_eq!(copy.target.columns.len(), 4);
    assert_eq!(copy.target.comment, "it's \\ ours");
    assert!(copy.target.definition.contains("COMMENT='it''s \\\\ ours'"));
    ground.gone().await;
}

async fn a_dropped_foreign_key_is_metadata(database: Database) {
    let mut ground = Ground::laid_in(database, "plan_drop_key",
        &[
            "CREATE TABLE p (id INT PRIMARY KEY)",
            "CREATE TABLE t (id INT PRIMARY KEY, p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id))",
        ],
    )
    .await;
    assert_eq!(ground.draw("t", "DROP FOREIGN KEY f").await.method, Method::InPlace);
    assert_eq!(ground.draw("t", "ADD COLUMN c INT").await.method, Method::Instant);
    assert_eq!(ground.refusal("t", "DROP FOREIGN KEY g").await.code, "alter_refused");
    let mixed = ground.refusal("t", "DROP FOREIGN KEY f, ADD COLUMN c INT").await;
    assert_eq!(mixed.code, "constraint_by_name");
    ground.gone().await;
}

#[tokio::test]
async fn the_budget_of_instant_changes_is_kept() {
    let database = Database::Mysql;
    let mut ground =
        Ground::laid_in(database, "plan_budget", &["CREATE TABLE t (id INT PRIMARY KEY, a INT)"])
            .await;
    ground.session.run("SET SESSION sql_log_bin = 0").await.unwrap();
    let (major, minor, _) = ground.server.facts().version;
    let most = if (major, minor) >= (9, 1) { 255 } else { 64 };
    for round in 0..most {
        let sql = if round % 2 == 0 { "ADD COLUMN x INT" } else { "DROP COLUMN x" };
        ground.session.run(format!("ALTER TABLE t {sql}, ALGORITHM=INSTANT")).await.unwrap();
        if round == most - 2 {
            let plan = ground.draw("t", "ADD COLUMN y INT").await;
            assert_eq!(plan.method, Method::Instant);
            assert_eq!(
                (plan.findings[0].rule, plan.findings[0].level),
                ("row-versions", Level::Warn)
            );
        }
    }
    let plan = ground.draw("t", "ADD COLUMN y INT").await;
    assert!(matches!(plan.method, Method::Copy(_)), "{}", plan.reason);
    assert!(plan.reason.contains("has used all"), "{}", plan.reason);
    // Without a new version the limit does not matter.
    assert_eq!(ground.draw("t", "ALTER a SET DEFAULT 3").await.method, Method::Instant);
    ground.gone().await;
}

#[tokio::test]
async fn the_statement_runs_in_the_servers_own_mode() {
    let database = Database::Mysql;
    let mut ground = Ground::laid_in(
        database,
        "plan_mode",
        &[
            "SET SESSION sql_mode = ''",
            "CREATE TABLE t (id INT PRIMARY KEY, d DATE NOT NULL DEFAULT '0000-00-00')",
        ],
    )
    .await;
    // The server's global mode has NO_ZERO_DATE: a plain ALTER refuses this default, and so do we.
    let error = ground.refusal("t", "ADD COLUMN e DATE NOT NULL DEFAULT '0000-00-00'").await;
    assert_eq!((error.code, error.errno()), ("alter_refused", Some(1067)));
    ground.gone().await;
}

async fn a_partitioned_table_is_planned_like_any(database: Database) {
    let mut ground = Ground::laid_in(database, "plan_parts",
        &["CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY a (a)) PARTITION BY HASH (id) PARTITIONS 3"],
    )
    .await;
    assert_eq!(ground.draw("t", "ADD COLUMN c INT").await.method, Method::Instant);
    assert_eq!(ground.draw("t", "DROP KEY a").await.method, Method::InPlace);
    let (copy, _) = ground.copy("t", "MODIFY a BIGINT").await;
    assert!(copy.target.partitioned);
    let request = Request { copy: true, ..ground.request("t", "REMOVE PARTITIONING") };
    let plan = ground.try_draw(&request).await.unwrap();
    let Method::Copy(copy) = plan.method else { panic!("{}", plan.reason) };
    assert!(!copy.target.partitioned);
    ground.gone().await;
}

on_both!(
    the_cheapest_way_is_taken,
    dropping_and_adding_a_column_is_not_nothing,
    a_copy_can_be_asked_for,
    a_dropped_foreign_key_is_metadata,
    a_partitioned_table_is_planned_like_any,
);
