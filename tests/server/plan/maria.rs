//! What only MariaDB has.

use zosc::error::Kind;
use zosc::plan::Method;
use zosc::request::Request;
use zosc::schema::read;

use super::ground::Ground;
use crate::support::each::on_mariadb;
use crate::support::mysqld::Database;

async fn tables_with_a_history_and_sequences_are_refused(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_history",
        &[
            "CREATE TABLE versioned (id INT PRIMARY KEY, a INT) WITH SYSTEM VERSIONING",
            "CREATE TABLE stamped (id INT PRIMARY KEY, b TIMESTAMP(6) AS ROW START, \
             e TIMESTAMP(6) AS ROW END, PERIOD FOR SYSTEM_TIME (b, e)) WITH SYSTEM VERSIONING",
            "CREATE TABLE valid (id INT, s DATE, e DATE, PERIOD FOR p (s, e), \
             UNIQUE (id, p WITHOUT OVERLAPS))",
            "CREATE SEQUENCE numbers",
            "CREATE TABLE plain (id INT PRIMARY KEY, s DATE NOT NULL, e DATE NOT NULL, \
             next INT DEFAULT NEXTVAL(numbers))",
        ],
    )
    .await;
    for (table, sql, code) in [
        ("versioned", "ADD COLUMN x INT", "system_versioned"),
        ("stamped", "ADD COLUMN x INT", "system_versioned"),
        ("valid", "ADD COLUMN x INT", "application_period"),
        ("numbers", "ADD COLUMN x INT", "not_a_base_table"),
        ("plain", "ADD SYSTEM VERSIONING", "system_versioned"),
        ("plain", "ADD COLUMN x INT, ADD SYSTEM VERSIONING", "system_versioned"),
        ("plain", "ADD PERIOD FOR p (s, e)", "application_period"),
    ] {
        let error = ground.refusal(table, sql).await;
        assert_eq!((error.kind, error.code), (Kind::Refused, code), "{table} {sql}: {error}");
        assert!(error.message.contains(&format!("`plan_history.{table}`")), "{error}");
        assert!(!error.hints.is_empty(), "{error}");
    }
    let (copy, _) = ground.copy("plain", "MODIFY next BIGINT DEFAULT NEXTVAL(numbers)").await;
    assert!(copy.mapping.columns.iter().any(|pair| pair.original.name == "next"));
    ground.gone().await;
}

async fn defaults_and_checks_are_read(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_defaults",
        &["CREATE TABLE t (id INT PRIMARY KEY, nothing INT DEFAULT NULL, word VARCHAR(9) \
           DEFAULT 'it''s', null_word VARCHAR(9) DEFAULT 'NULL', number DECIMAL(5,2) DEFAULT -1.5, \
           sum INT DEFAULT (1 + 1), u UUID DEFAULT UUID(), at TIMESTAMP DEFAULT NOW(), \
           bits BIT(3) DEFAULT b'101', j JSON, c INT CHECK (c > 0), zipped TEXT COMPRESSED, \
           long_text TEXT, UNIQUE KEY hashed (long_text), CHECK (c < 9))"],
    )
    .await;
    let name = ground.table("t");
    let table = read::table(&mut ground.session, &name).await.unwrap().unwrap();
    for (column, default, computed) in [
        ("nothing", None, false),
        ("word", Some("it's"), false),
        ("null_word", Some("NULL"), false),
        ("number", Some("-1.50"), false),
        ("sum", Some("(1 + 1)"), true),
        ("u", Some("uuid()"), true),
        ("at", Some("current_timestamp()"), true),
        ("bits", Some("b'101'"), false),
    ] {
        let found = table.column(column).unwrap();
        assert_eq!((found.default.as_deref(), found.computed_default), (default, computed));
    }
    let checks: Vec<&str> = table.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(checks, ["c", "CONSTRAINT_1", "j"]);
    assert_eq!(table.index("hashed").unwrap().index_type, "HASH");
    // Expressions differ from row to row, so a unique key over them is no duplicate.
    let rules = ground.rules("t", "ADD COLUMN v UUID DEFAULT UUID(), ADD UNIQUE (v)").await;
    assert_eq!(rules, [""; 0]);
    ground.gone().await;
}

/// The clone has them under the same names.
async fn checks_are_dropped_along_with_other_changes(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_checks",
        &[
            "CREATE TABLE p (id INT PRIMARY KEY)",
            "CREATE TABLE t (id INT PRIMARY KEY, a INT, CONSTRAINT few CHECK (a < 9))",
            "CREATE TABLE k (id INT PRIMARY KEY, p INT, CONSTRAINT few CHECK (p < 9), \
             CONSTRAINT parent FOREIGN KEY (p) REFERENCES p (id))",
        ],
    )
    .await;
    let plan = ground.draw("t", "DROP CONSTRAINT few, ADD COLUMN b INT").await;
    assert_eq!(plan.method, Method::Instant);
    let (copy, findings) = ground.copy("t", "DROP CONSTRAINT few, MODIFY a BIGINT").await;
    assert!(copy.target.checks.is_empty());
    assert!(findings.iter().all(|finding| finding.rule != "check-names"));
    let (copy, _) = ground.copy("t", "MODIFY a BIGINT").await;
    assert_eq!(copy.target.checks[0].name, "few");
    assert_eq!(ground.draw("k", "DROP CONSTRAINT parent").await.method, Method::InPlace);
    assert_eq!(ground.draw("k", "DROP CONSTRAINT few").await.method, Method::Instant);
    ground.gone().await;
}

/// The engine knows also those that the account may not see, by its own name of the table.
async fn foreign_keys_of_hidden_tables_are_found(database: Database) {
    let mut ground = Ground::laid_in(
        database,
        "plan_hidden",
        &[
            "CREATE TABLE `pär ent` (id INT PRIMARY KEY, a INT)",
            "CREATE OR REPLACE DATABASE plan_hidden_children",
            "CREATE TABLE plan_hidden_children.c (id INT PRIMARY KEY, p INT, \
             FOREIGN KEY (p) REFERENCES plan_hidden.`pär ent` (id))",
            "CREATE OR REPLACE USER plan_hidden",
            "GRANT ALL ON plan_hidden.* TO plan_hidden",
            "GRANT ALL ON _zosc.* TO plan_hidden",
            "GRANT REPLICATION SLAVE, BINLOG MONITOR, PROCESS ON *.* TO plan_hidden",
        ],
    )
    .await;
    let url = crate::support::mysqld::shared_url(database);
    let server = super::ground::server_at(&url, "plan_hidden").await;
    let request = Request { copy: true, ..ground.request("pär ent", "MODIFY a BIGINT") };
    let plan = zosc::plan::draw(&server, &request).await.unwrap();
    let refused = plan.accepted(&request).unwrap_err();
    assert_eq!(refused.code, "foreign-keys");
    assert!(
        refused.message.contains("`plan_hidden_children.c` to `plan_hidden.pär ent`"),
        "{refused}"
    );
    for sql in ["DROP DATABASE plan_hidden_children", "DROP USER plan_hidden"] {
        ground.session.run(sql).await.unwrap();
    }
    ground.gone().await;
}

on_mariadb!(
    tables_with_a_history_and_sequences_are_refused,
    defaults_and_checks_are_read,
    checks_are_dropped_along_with_other_changes,
    foreign_keys_of_hidden_tables_are_found,
);
