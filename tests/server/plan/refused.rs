//! What is refused, by its slug; and what is only told.

use std::collections::BTreeSet;

use zosc::capture::Mode;
use zosc::error::Kind;
use zosc::plan::{Finding, Level};
use zosc::request::Request;
use zosc::schema::{Helper, TableName};

use super::ground::{Ground, server_at};
use crate::support::each::on_both;
use crate::support::mysqld::{Database, Mysqld, shared_url};

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, a INT, v VARCHAR(20), d DECIMAL(10,4), \
     m DATETIME(6), ts TIMESTAMP NULL, e ENUM('a','b','c'), t TEXT)";

async fn statements_and_tables_that_are_not_for_zosc(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_refused",
        &[
            TABLE,
            "CREATE TABLE nokey (a INT)",
            "CREATE TABLE old (a INT PRIMARY KEY) ENGINE=MyISAM",
            "CREATE VIEW v AS SELECT id FROM t",
        ],
    )
    .await;
    for (table, sql, kind, code) in [
        ("t", "RENAME TO x", Kind::Refused, "rename-table"),
        ("t", "ADD COLUMN x INT, ALGORITHM=INSTANT", Kind::Refused, "algorithm-clause"),
        ("t", "ADD COLUMN x INTEGRE", Kind::Usage, "bad_statement"),
        ("t", "DROP COLUMN nix", Kind::Refused, "alter_refused"),
        ("t", "ADD COLUMN a INT", Kind::Refused, "alter_refused"),
        ("t", "ADD KEY (nix)", Kind::Refused, "alter_refused"),
        ("t", "ALTER TABLE other ADD COLUMN x INT", Kind::Usage, "other_table"),
        ("t", "DROP CONSTRAINT nix", Kind::Refused, "alter_refused"),
        ("missing", "ADD COLUMN x INT", Kind::Refused, "no_such_table"),
        ("v", "ADD COLUMN x INT", Kind::Refused, "not_a_base_table"),
        ("old", "ADD COLUMN x INT", Kind::Refused, "not_innodb"),
        ("nokey", "MODIFY a BIGINT", Kind::Refused, "no_usable_key"),
        ("t", "ENGINE=MyISAM", Kind::Refused, "not_innodb"),
        (
            "t",
            "MODIFY a BIGINT, ADD FOREIGN KEY (a) REFERENCES t (id)",
            Kind::Refused,
            "foreign-keys",
        ),
    ] {
        let error = ground.refusal(table, sql).await;
        assert_eq!((error.kind, error.code), (kind, code), "{table} {sql}: {error}");
        assert!(!error.hints.is_empty(), "{sql}: no way out");
    }
    let system = Request {
        table: TableName::new("mysql", "user"),
        ..ground.request("t", "ADD COLUMN x INT")
    };
    assert_eq!(ground.try_draw(&system).await.unwrap_err().code, "system_schema");
    ground.gone().await;
}

async fn conversions_that_lose_without_an_error(database: Database) {
    let mut ground = Ground::laid_in(database, "plan_lossy", &[TABLE]).await;
    for (sql, code) in [
        ("MODIFY d DECIMAL(10,2)", "lossy-conversion"),
        ("MODIFY m DATETIME(3)", "lossy-conversion"),
        ("MODIFY m DATE", "lossy-conversion"),
        ("MODIFY d DOUBLE", "lossy-conversion"),
        ("MODIFY t VARCHAR(10)", "lossy-conversion"),
        ("MODIFY v CHAR(20)", "lossy-conversion"),
        ("MODIFY m TIMESTAMP", "timestamp-conversion"),
        ("MODIFY ts DATETIME", "timestamp-conversion"),
    ] {
        assert_eq!(ground.refusal("t", sql).await.code, code, "{sql}");
    }
    let request = Request {
        allow: BTreeSet::from(["lossy-conversion".to_owned()]),
        ..ground.request("t", "MODIFY d DECIMAL(10,2), MODIFY m TIMESTAMP(6)")
    };
    let plan = ground.try_draw(&request).await.unwrap();
    assert_eq!(plan.accepted(&request).unwrap_err().code, "timestamp-conversion");
    let request =
        Request { statement: ground.request("t", "MODIFY d DECIMAL(10,2)").statement, ..request };
    ground.try_draw(&request).await.unwrap().accepted(&request).unwrap();
    for sql in ["MODIFY d DECIMAL(12,4)", "MODIFY a BIGINT", "MODIFY e ENUM('c','a','b')"] {
        assert_eq!(ground.rules("t", sql).await, [""; 0], "{sql}");
    }
    assert_eq!(ground.rules("t", "MODIFY e ENUM('c','a')").await, ["enum-members"]);
    ground.gone().await;
}

async fn rows_that_do_not_fit(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_rows",
        &[
            "CREATE TABLE t (id INT PRIMARY KEY, n INT, s VARCHAR(9) COLLATE utf8mb4_bin, w INT)",
            "INSERT INTO t VALUES (1, NULL, 'x', 1), (2, 5, 'X', 2), (3, NULL, 'y', 3)",
        ],
    )
    .await;
    for (sql, code) in [
        ("MODIFY n INT NOT NULL", "not-null"),
        ("ADD UNIQUE u (s(1)), MODIFY s VARCHAR(9) COLLATE utf8mb4_0900_ai_ci", "duplicates"),
        ("ADD COLUMN c INT DEFAULT 5, ADD UNIQUE u (c)", "duplicates"),
    ] {
        assert_eq!(ground.refusal("t", sql).await.code, code, "{sql}");
    }
    for sql in [
        "MODIFY w INT NOT NULL",
        "ADD UNIQUE u (s)",
        "ADD UNIQUE u (n)",
        "ADD UNIQUE u (n, id)",
        "ADD COLUMN c INT, ADD UNIQUE u (c)",
    ] {
        assert_eq!(ground.rules("t", sql).await, [""; 0], "{sql}");
    }
    if database.is_mysql() {
        assert_eq!(ground.rules("t", "ADD UNIQUE u ((n + 1))").await, ["duplicates"]);
    }
    ground.gone().await;
}

async fn relations_of_the_table(database: Database) {
    let mut ground = Ground::laid_in(database, "plan_relations",
        &[
            "CREATE TABLE p (id INT PRIMARY KEY, a INT, c INT, CHECK (a > 0), CONSTRAINT mine CHECK (c > 0))",
            "CREATE TABLE k (id INT PRIMARY KEY, p INT, a INT, FOREIGN KEY (p) REFERENCES p (id))",
            "CREATE TABLE g (id INT PRIMARY KEY, a INT)",
            "CREATE TRIGGER audit AFTER INSERT ON g FOR EACH ROW SET @x = NEW.a",
            "CREATE TABLE s (id INT PRIMARY KEY, a INT, b INT, gone INT)",
            "CREATE VIEW reading AS SELECT id, gone FROM s",
            "CREATE VIEW other AS SELECT id, a FROM s",
        ],
    )
    .await;
    // Each table of MariaDB has its own names of CHECKs.
    let both = ["foreign-keys", "check-names"];
    let rules = database.either(&both[..], &both[..1]);
    assert_eq!(ground.rules("p", "MODIFY a BIGINT").await, rules);
    assert_eq!(ground.rules("k", "MODIFY a BIGINT").await, ["foreign-keys"]);
    assert_eq!(ground.rules("g", "MODIFY a BIGINT").await, [""; 0]);
    assert_eq!(ground.rules("g", "RENAME COLUMN a TO b").await, ["triggers"]);
    assert_eq!(ground.refusal("g", "MODIFY id BIGINT, DROP COLUMN a").await.code, "triggers");
    let (_, findings) = ground.copy("s", "DROP COLUMN gone").await;
    let views: Vec<&Finding> = findings.iter().filter(|f| f.rule == "views").collect();
    assert!(
        views[0].message.contains("reading") && !views[0].message.contains("n_relations.other")
    );
    assert_eq!(ground.rules("s", "MODIFY b INT AS (a + 1) STORED").await, ["generated-column"]);
    // The server's own ways need none of this.
    assert_eq!(ground.draw("p", "ADD COLUMN x INT").await.findings, []);
    ground.gone().await;
}

async fn names_of_helpers_that_are_taken(database: Database) {
    let mut ground = Ground::laid_in(database, "plan_helpers", &[TABLE]).await;
    let original = ground.table("t");
    for (helper, comment, code) in [
        (Helper::Shadow, "", Some("helper-names")),
        (Helper::Shadow, "zosc run 7", None),
        (Helper::Kept, "zosc run 7", Some("helper-names")),
    ] {
        let name = original.helper(helper);
        let make = format!("CREATE TABLE {name} (id INT) COMMENT='{comment}'");
        ground.session.run(make).await.unwrap();
        let request = ground.request("t", "MODIFY a BIGINT");
        let plan = ground.try_draw(&request).await.unwrap();
        let refused = plan.accepted(&request).err().map(|error| error.code);
        assert_eq!(refused, code, "{} {comment}", name.plain());
        ground.session.run(format!("DROP TABLE {name}")).await.unwrap();
    }

    // The rehearsal's own name: what is not ours stays, what is ours goes.
    let name = original.helper(Helper::Rehearsal);
    ground.session.run(format!("CREATE TABLE {name} (id INT)")).await.unwrap();
    let request = ground.request("t", "ADD COLUMN x INT");
    let error = zosc::plan::draw(&ground.server, &request).await.unwrap_err();
    assert_eq!(error.code, "helper-names");
    ground.session.run(format!("ALTER TABLE {name} COMMENT='zosc rehearsal for x'")).await.unwrap();
    ground.try_draw(&request).await.unwrap();
    ground.gone().await;
}

#[tokio::test]
async fn rights_that_are_missing() {
    let database = Database::Mysql;
    let mut ground = Ground::laid_in(database, "plan_grants", &[TABLE]).await;
    for sql in [
        "DROP USER IF EXISTS plan_grants",
        "CREATE USER plan_grants",
        "GRANT SELECT ON plan_grants.* TO plan_grants",
    ] {
        ground.session.run(sql).await.unwrap();
    }
    let server = server_at(&shared_url(Database::Mysql), "plan_grants").await;
    let instant = ground.request("t", "ADD COLUMN x INT");
    let copy = ground.request("t", "MODIFY a BIGINT");
    let error = zosc::plan::draw(&server, &instant).await.unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::NotReady, "missing_grants"));
    assert!(
        error.message.contains("GRANT INSERT, CREATE, DROP, ALTER ON `plan\\_grants`.* TO"),
        "{error}"
    );

    let grant = "GRANT INSERT, CREATE, DROP, ALTER ON plan_grants.* TO plan_grants";
    ground.session.run(grant).await.unwrap();
    let error = zosc::plan::draw(&server, &instant).await.unwrap_err();
    assert!(
        error.message.contains("GRANT SELECT, INSERT, UPDATE, CREATE ON `\\_zosc`.*"),
        "{error}"
    );
    let error = zosc::plan::draw(&server, &copy).await.unwrap_err();
    for grant in [
        "GRANT DELETE, TRIGGER, LOCK TABLES ON `plan\\_grants`.*",
        "ON `\\_zosc`.*",
        "GRANT PROCESS ON *.*",
    ] {
        assert!(error.message.contains(grant), "{error}");
    }

    // The rest through a role.
    for sql in [
        "DROP ROLE IF EXISTS plan_grants_role",
        "CREATE ROLE plan_grants_role",
        "GRANT DELETE, TRIGGER, LOCK TABLES ON plan_grants.* TO plan_grants_role",
        "GRANT ALL ON _zosc.* TO plan_grants_role",
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT, PROCESS ON *.* TO plan_grants_role",
        "GRANT plan_grants_role TO plan_grants",
    ] {
        ground.session.run(sql).await.unwrap();
    }
    assert!(zosc::plan::draw(&server, &copy).await.is_err(), "the role is not active");
    ground.session.run("SET DEFAULT ROLE ALL TO plan_grants").await.unwrap();
    let plan = zosc::plan::draw(&server, &copy).await.unwrap();
    let rules: Vec<_> = plan.findings.iter().map(|found| (found.rule, found.level)).collect();
    assert_eq!(rules, [("blockers-unseen", Level::Note)]);
    ground.session.run("DROP USER plan_grants").await.unwrap();
    ground.session.run("DROP ROLE plan_grants_role").await.unwrap();
    ground.gone().await;
}

/// A server of its own, because its settings are changed.
#[tokio::test]
async fn servers_that_do_not_tell_all() {
    let mysqld = Mysqld::start(Database::Mysql, &["--binlog-ignore-db=ignored"]);
    let server = server_at(&mysqld.url(), "root").await;
    let mut ground = Ground::laid_on(server, "plan_server", &[TABLE]).await;
    for (set, reset, code) in [
        ("binlog_format = 'STATEMENT'", "binlog_format = 'ROW'", "binlog_format"),
        ("binlog_order_commits = OFF", "binlog_order_commits = ON", "binlog_order_commits"),
        ("read_only = ON", "read_only = OFF", "read_only"),
        ("sync_binlog = 0", "sync_binlog = 1", "binlog_filtered"),
    ] {
        ground.session.run(format!("SET GLOBAL {set}")).await.unwrap();
        let from_the_log =
            Request { capture: Some(Mode::Binlog), ..ground.request("t", "MODIFY a BIGINT") };
        let error = ground.try_draw(&from_the_log).await.unwrap_err();
        assert_eq!((error.kind, error.code), (Kind::NotReady, code), "{error}");
        if code != "read_only" {
            // What the server does itself needs no log.
            ground.draw("t", "ADD COLUMN x INT").await;
        }
        ground.session.run(format!("SET GLOBAL {reset}")).await.unwrap();
    }
    ground.gone().await;
}

on_both!(
    statements_and_tables_that_are_not_for_zosc,
    conversions_that_lose_without_an_error,
    rows_that_do_not_fit,
    relations_of_the_table,
    names_of_helpers_that_are_taken,
);
