//! What triggers do not tell of stops the run.

use zosc::capture::Rest;
use zosc::schema::{Firing, Helper, TableName};

use super::bench::{Bench, integers};
use crate::support::each::on_both;
use crate::support::mysqld::Database;

on_both!(ddl_by_others, the_rest, our_own_swap);

const TABLES: &[&str] = &[
    "DROP TABLE IF EXISTS child, t2, `größe__zosc_shadow`, `größe`",
    "CREATE TABLE `größe` (id INT NOT NULL PRIMARY KEY, v INT) \
     PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN (99))",
    "INSERT INTO `größe` VALUES (1, 1), (11, 1)",
];

const PLAIN: &[&str] = &[
    "DROP TABLE IF EXISTS child, t2, t__zosc_shadow, t",
    "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)",
    "INSERT INTO t VALUES (1, 1), (11, 1)",
];

/// Runs a statement of another session while capture is on; it must be noticed.
async fn noticed(bench: &mut Bench, tables: &[&str], table: &str, statement: &str) {
    for sql in tables {
        bench.run(sql).await;
    }
    let watched = bench.watched(table, &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run(&statement.replace("TABLE_NAME", &format!("`{table}`"))).await;
    let error = running.trouble().await;
    assert_eq!(error.code, "touched_by_ddl", "{statement}: {error}");
    running.capture.stop().await.unwrap();
    let triggers = "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
                    AND trigger_name LIKE '%zosc%'";
    assert_eq!(bench.column(triggers).await, ["0"], "{statement}");
    let name = TableName::new(&bench.schema, table).helper(Helper::Log(Firing::Update));
    bench.run(&format!("CREATE TABLE {name} (id INT)")).await;
    bench.run(&format!("DROP TABLE {name}")).await;
}

async fn ddl_by_others(kind: Database) {
    let mut bench = Bench::new(kind, "trg_ddl").await;
    for statement in [
        "TRUNCATE TABLE_NAME",
        "ALTER TABLE TABLE_NAME TRUNCATE PARTITION high",
        "ALTER TABLE TABLE_NAME DROP PARTITION low",
        "ALTER TABLE TABLE_NAME REBUILD PARTITION low",
    ] {
        noticed(&mut bench, TABLES, "größe", statement).await;
    }
    for statement in [
        "TRUNCATE TABLE_NAME",
        "ALTER TABLE TABLE_NAME ADD COLUMN x INT",
        "ALTER TABLE TABLE_NAME COMMENT = 'x'",
        "CREATE INDEX i ON TABLE_NAME (v)",
        "OPTIMIZE TABLE TABLE_NAME",
        "DROP TRIGGER t__zosc_upd",
        "RENAME TABLE TABLE_NAME TO t2",
        "TRUNCATE t__zosc_shadow",
        "ALTER TABLE t__zosc_shadow ADD COLUMN x INT",
        "CREATE TABLE child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES TABLE_NAME (id))",
    ] {
        noticed(&mut bench, PLAIN, "t", statement).await;
    }
    bench.gone().await;
}

/// Under the lock all is known, or it is an error, however short ago it was done.
async fn the_rest(kind: Database) {
    let mut bench = Bench::new(kind, "trg_rest").await;
    for sql in PLAIN {
        bench.run(sql).await;
    }
    let watched = bench.watched("t", &["id"]).await;
    let running = bench.capture(&watched).await;
    bench.run("INSERT INTO t VALUES (2, 1), (3, 1)").await;
    bench.run("UPDATE t SET v = 2 WHERE id IN (1, 3)").await;
    let mut locker = bench.locker(&watched).await;
    let Rest::Keys(keys) = running.capture.rest(&mut locker).await.unwrap() else { panic!() };
    let mut keys = integers(&keys);
    keys.sort_unstable();
    assert_eq!(keys, [1, 2, 3], "each once");
    locker.close().await.unwrap();
    // What came after the question is what strays are.
    bench.run("UPDATE t SET v = 5 WHERE id = 2").await;
    let mut session = bench.server.session().await.unwrap();
    let Rest::Keys(keys) = running.capture.strays(&mut session).await.unwrap() else { panic!() };
    assert_eq!(integers(&keys), [2]);
    bench.run("TRUNCATE t").await;
    let mut locker = bench.locker(&watched).await;
    let error = running.capture.rest(&mut locker).await.unwrap_err();
    assert_eq!(error.code, "touched_by_ddl", "{error}");
    locker.close().await.unwrap();
    running.stop().await;
    bench.gone().await;
}

/// The run's own swap is no trouble, and what it leaves goes.
async fn our_own_swap(kind: Database) {
    let mut bench = Bench::new(kind, "trg_swap").await;
    for sql in PLAIN {
        bench.run(sql).await;
    }
    let watched = bench.watched("t", &["id"]).await;
    let running = bench.capture(&watched).await;
    let mut locker = bench.locker(&watched).await;
    running.capture.rest(&mut locker).await.unwrap();
    locker.run("UNLOCK TABLES").await.unwrap();
    bench.run("RENAME TABLE t TO t__zosc_kept, t__zosc_shadow TO t").await;
    bench.run("INSERT INTO t VALUES (7, 7)").await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    running.stop().await;
    assert_eq!(bench.left().await, ["t", "t__zosc_kept"]);
    bench.gone().await;
}
