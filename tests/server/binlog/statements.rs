//! Statements in the log: which of them stop the run.

use std::io::Write as _;

use zosc::capture::Delivery;

use super::bench::Bench;
use super::trouble::{bench, fill};
use crate::support::each::on_all;
use crate::support::mysqld::{Database, Mysqld};

on_all!(
    ddl_by_others_stops_the_run,
    writes_in_statement_format_stop_the_run,
    our_own_rename_ends_capture_quietly,
    the_runs_comment_is_enough_where_the_server_keeps_it,
    statements_of_no_concern_pass,
);

async fn ddl_by_others_stops_the_run(database: Database) {
    let own: &[&str] = if database.is_mariadb() {
        &[
            "ALTER ONLINE TABLE t ADD x INT",
            "SET STATEMENT lock_wait_timeout = 10 FOR ALTER TABLE t ADD x INT",
            "CREATE OR REPLACE TABLE t (id INT NOT NULL PRIMARY KEY)",
            "CREATE OR REPLACE TABLE t SELECT 1 AS id",
            "RENAME TABLE t NOWAIT TO t2",
            "RENAME TABLE IF EXISTS t WAIT 1 TO t2",
            "CREATE OR REPLACE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 2",
            "DROP TABLE IF EXISTS nope, t__zosc_shadow",
            "CREATE INDEX IF NOT EXISTS i ON t (v)",
        ]
    } else {
        &["ALTER TABLE t ADD COLUMN x INT, ALGORITHM = INSTANT"]
    };
    for (nth, statement) in [
        "TRUNCATE t",
        "ALTER TABLE t ADD COLUMN x INT",
        "CREATE INDEX i ON t (v)",
        "DROP TRIGGER tr",
        "CREATE TRIGGER tr2 AFTER INSERT ON t FOR EACH ROW SET @a = 1",
        "RENAME TABLE t TO t2",
        "DROP TABLE t",
        "OPTIMIZE TABLE t",
        "ALTER TABLE t__zosc_shadow COMMENT = 'x'",
        "CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES t (id))",
        "DROP DATABASE binlog_ddl",
    ]
    .iter()
    .chain(own)
    .enumerate()
    {
        let mut bench = bench(database, "binlog_ddl").await;
        let watched = bench.watched("t", &["id"]).await;
        let mut running = bench.capture(&watched).await;
        bench.run("INSERT INTO t (id, u) VALUES (1, 1)").await;
        bench.run(statement).await;
        let error = running.trouble().await;
        assert_eq!(error.code, "touched_by_ddl", "{nth} {statement}: {error}");
        let verb = statement.split(' ').next().unwrap();
        assert!(error.message.contains(verb) && error.message.contains("at binlog.0"), "{error}");
        running.capture.stop().await.unwrap();
    }
}

async fn writes_in_statement_format_stop_the_run(database: Database) {
    let server = Mysqld::start(database, &["--secure-file-priv="]);
    let mut bench = Bench::at(&server.url(), database, "binlog_statement").await;
    fill(&mut bench).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "7\t7").unwrap();
    let load = format!("LOAD DATA INFILE '{}' INTO TABLE t (id, u)", file.path().display());
    let own: &[&str] = if database.is_mariadb() {
        &[
            "ANALYZE UPDATE t SET v = v + 1",
            "ANALYZE FORMAT=JSON DELETE FROM t",
            "SET STATEMENT max_statement_time = 9 FOR UPDATE t SET v = v + 1",
            "BEGIN NOT ATOMIC UPDATE t SET v = v + 1; END",
        ]
    } else {
        &[]
    };
    let watched = bench.watched("t", &["id"]).await;
    let update = "UPDATE t SET v = v + 1";
    let always = [("MIXED", update), ("STATEMENT", update), ("STATEMENT", &load)];
    let own = own.iter().map(|statement| ("STATEMENT", *statement));
    for (format, statement) in always.into_iter().chain(own) {
        bench.run("REPLACE INTO t (id, u) VALUES (1, 1)").await;
        bench.run("DELETE FROM t WHERE id = 7").await;
        let mut running = bench.capture(&watched).await;
        bench.run(&format!("SET SESSION binlog_format = {format}")).await;
        bench.run(statement).await;
        bench.run("SET SESSION binlog_format = ROW").await;
        let error = running.trouble().await;
        assert_eq!(error.code, "statement_write", "{format} {statement}: {error}");
        let words: Vec<&str> = statement.split(' ').collect();
        let written = if words[0] == "BEGIN" { "UPDATE t" } else { &words[..2].join(" ") };
        assert!(error.message.contains(written), "{written}: {error}");
        assert!(error.message.contains("at binlog.0"), "{error}");
        running.capture.stop().await.unwrap();
    }
}

async fn our_own_rename_ends_capture_quietly(database: Database) {
    let mut bench = bench(database, "binlog_own").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let mut ours = bench.server.session().await.unwrap();
    running.capture.allow_thread(ours.id());
    let s = "binlog_own";
    ours.run(format!("ALTER TABLE {s}.t__zosc_shadow AUTO_INCREMENT = 1000")).await.unwrap();
    ours.run(format!("DROP TRIGGER {s}.tr")).await.unwrap();
    ours.run(format!(
        "CREATE TRIGGER {s}.tr BEFORE INSERT ON {s}.t__zosc_shadow FOR EACH ROW SET NEW.v = 1"
    ))
    .await
    .unwrap();
    bench.run("INSERT INTO t (id, u) VALUES (3, 3)").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [3]);
    ours.run(format!("RENAME TABLE {s}.t TO {s}.t__zosc_kept, {s}.t__zosc_shadow TO {s}.t"))
        .await
        .unwrap();
    while let Some(delivery) = running.next().await {
        assert!(matches!(delivery, Delivery::Commit(_)), "{delivery:?}");
    }
    ours.close().await.unwrap();
    running.stop().await;
}

async fn the_runs_comment_is_enough_where_the_server_keeps_it(database: Database) {
    let mut bench = bench(database, "binlog_comment").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let mut ours = bench.server.session().await.unwrap();
    ours.run("ALTER TABLE binlog_comment.t__zosc_shadow COMMENT = 'x'").await.unwrap();
    ours.close().await.unwrap();
    bench.settled(&mut running).await;
    let mut others = bench.server.tagged("another").session().await.unwrap();
    others.run("ALTER TABLE binlog_comment.t__zosc_shadow COMMENT = 'y'").await.unwrap();
    others.close().await.unwrap();
    assert_eq!(running.trouble().await.code, "touched_by_ddl");
    running.capture.stop().await.unwrap();
}

async fn statements_of_no_concern_pass(database: Database) {
    let mut bench = bench(database, "binlog_harmless").await;
    let watched = bench.watched("t", &["id"]).await;
    let mut running = bench.capture(&watched).await;
    let own: &[&str] = if database.is_mariadb() {
        &[
            "CREATE TABLE w (t INT, id INT NOT NULL PRIMARY KEY)",
            "SET STATEMENT lock_wait_timeout = 9 FOR ALTER TABLE w ADD t3 INT",
            "SET SESSION binlog_alter_two_phase = ON",
            "ALTER TABLE w ADD t4 INT",
            "CREATE OR REPLACE TABLE w SELECT * FROM t",
            "CREATE OR REPLACE TABLE w (t INT)",
            "RENAME TABLE IF EXISTS w WAIT 1 TO w2",
            "DROP TABLE IF EXISTS w, w2",
            "ANALYZE TABLE t PERSISTENT FOR ALL",
            "FLUSH TABLES t",
            "CREATE SEQUENCE q",
            "DO NEXTVAL(q)",
            "CREATE TABLE r (id INT) ENGINE = Aria",
            "INSERT INTO r VALUES (1)",
        ]
    } else {
        &[]
    };
    for statement in [
        "CREATE TABLE u (t INT, id INT NOT NULL PRIMARY KEY)",
        "ALTER TABLE u ADD COLUMN t2 INT",
        "TRUNCATE u",
        "CREATE TABLE IF NOT EXISTS t (x INT)",
        "CREATE TABLE c AS SELECT * FROM t",
        "CREATE VIEW v AS SELECT * FROM t",
        "DROP VIEW v",
        "ANALYZE TABLE t",
        "CREATE TEMPORARY TABLE t (x INT)",
        "DROP TEMPORARY TABLE t",
        "DROP TABLE u, c",
        "CREATE PROCEDURE p() DELETE FROM t",
        "DROP PROCEDURE p",
        "CREATE TABLE m (id INT) ENGINE = MyISAM",
        "INSERT INTO m VALUES (1)",
    ]
    .iter()
    .chain(own)
    {
        bench.run(statement).await;
    }
    bench.run("INSERT INTO t (id, u) VALUES (5, 5)").await;
    assert_eq!(bench.settled(&mut running).await.integers(), [5]);
    running.stop().await;
}
