//! The application notices nothing of the triggers.

use mysql_async::prelude::Queryable;

use super::bench::Bench;
use crate::support::each::on_both;
use crate::support::mysqld::Database;

on_both!(unseen, own_triggers);

/// Statements on `TABLE`, with what an application may look at afterwards.
const STATEMENTS: &[&str] = &[
    "INSERT INTO TABLE (v) VALUES (1), (2), (3)",
    "INSERT INTO TABLE VALUES (70, 1)",
    "INSERT INTO TABLE (v) SELECT v FROM few",
    "UPDATE TABLE SET v = v + 1",
    "UPDATE TABLE SET v = v",
    "UPDATE TABLE SET id = id + 1000 WHERE id < 3",
    "INSERT INTO TABLE VALUES (70, 1), (71, 1) ON DUPLICATE KEY UPDATE v = 99",
    "INSERT INTO TABLE VALUES (70, 1) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), v = 5",
    "INSERT IGNORE INTO TABLE VALUES (70, 1), (72, 'x')",
    "REPLACE INTO TABLE VALUES (70, 1), (75, 1)",
    "UPDATE TABLE AS a JOIN few ON few.v = a.v SET a.v = a.v + 100",
    "SELECT LAST_INSERT_ID(500)",
    "UPDATE TABLE SET v = LAST_INSERT_ID(v + 7) WHERE id = 75",
    "DELETE FROM TABLE WHERE id > 1000",
    "SET insert_id = 5000",
    "INSERT INTO TABLE (v) VALUES (1)",
    "INSERT INTO few (v) VALUES (9)",
    "DELETE a FROM TABLE AS a JOIN few ON few.v = a.v",
    "DELETE FROM TABLE",
];

async fn unseen(kind: Database) {
    let mut bench = Bench::new(kind, "trg_unseen").await;
    for table in ["t", "twin", "few"] {
        bench
            .run(&format!("CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, v INT)"))
            .await;
    }
    bench.run("INSERT INTO few (v) VALUES (1), (3), (5)").await;
    let watched = bench.watched("t", &["id"]).await;
    let running = bench.capture(&watched).await;
    let mut seen = Vec::new();
    for table in ["twin", "t"] {
        bench.run("DELETE FROM few WHERE v = 9").await;
        bench.run("ALTER TABLE few AUTO_INCREMENT = 4").await;
        let mut app = bench.another().await;
        let mut all = Vec::new();
        for statement in STATEMENTS {
            let sql = statement.replace("TABLE", table);
            app.query_drop(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            // With any trigger at all, whatever it does, an UPDATE leaves the number that
            // LAST_INSERT_ID(…) was given out of its reply; asked for, it is there.
            let is_lost = statement.starts_with("UPDATE") && statement.contains("LAST_INSERT_ID");
            let id = app.last_insert_id().filter(|_| !is_lost);
            let told = (app.affected_rows(), id, app.get_warnings());
            let info = app.info().into_owned();
            let asked: (i64, u64) =
                app.query_first("SELECT ROW_COUNT(), LAST_INSERT_ID()").await.unwrap().unwrap();
            all.push((*statement, told, info, asked));
        }
        seen.push(all);
    }
    assert_eq!(seen[0], seen[1]);
    running.stop().await;
    bench.gone().await;
}

/// The table's own triggers go on, and what they make of a key is what is written down.
async fn own_triggers(kind: Database) {
    let mut bench = Bench::new(kind, "trg_own").await;
    for sql in [
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)",
        "CREATE TABLE audit (n INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(9), id INT)",
        "CREATE TRIGGER tb BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 100",
        "CREATE TRIGGER tu BEFORE UPDATE ON t FOR EACH ROW SET NEW.id = NEW.id + 1000",
        "CREATE TRIGGER ta AFTER INSERT ON t FOR EACH ROW INSERT INTO audit (what, id) VALUES ('ins', NEW.id)",
        "CREATE TRIGGER tc AFTER UPDATE ON t FOR EACH ROW INSERT INTO audit (what, id) VALUES ('upd', NEW.id)",
        "CREATE TRIGGER td AFTER DELETE ON t FOR EACH ROW INSERT INTO audit (what, id) VALUES ('del', OLD.id)",
    ] {
        bench.run(sql).await;
    }
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t VALUES (1, 1), (2, 2)").await;
    assert_eq!(running.settled().await.integers(), [101, 102]);
    bench.run("UPDATE t SET v = 5 WHERE id = 101").await;
    assert_eq!(running.settled().await.integers(), [101, 1101]);
    bench.run("DELETE FROM t WHERE id = 102").await;
    assert_eq!(running.settled().await.integers(), [102]);
    let audit = bench.column("SELECT CONCAT(what, id) FROM audit ORDER BY n").await;
    assert_eq!(audit, ["ins101", "ins102", "upd1101", "del102"]);
    running.stop().await;
    assert_eq!(bench.left().await, ["t", "t__zosc_shadow", "ta", "tb", "tc", "td", "tu"]);
    bench.gone().await;
}
