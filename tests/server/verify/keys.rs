//! Keys of every kind, and keys that change their type, order or name.

use super::stage::{Stage, differs, run};
use crate::support::each::on_both;
use crate::support::mysqld::Database;

/// Verifies a table of 400 rows that is equal, one whose copy lacks the row `some`, and one whose
/// copy has `more` besides.
async fn check(
    database: Database,
    name: &str,
    columns: &str,
    value: &str,
    alter: &str,
    some: &str,
    more: &str,
) {
    let make = [
        format!("CREATE TABLE t ({columns}, n INT)"),
        format!(
            "INSERT INTO t WITH RECURSIVE s AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM s \
             WHERE i < 400) SELECT {value}, i FROM s"
        ),
    ];
    let make: Vec<&str> = make.iter().map(String::as_str).collect();
    let schema = format!("verify_key_{name}");
    let renamed: &[(&str, &str)] = if alter.contains("TO k2") { &[("k", "k2")] } else { &[] };
    for (case, mischief) in [
        ("", String::new()),
        ("_missing", format!("DELETE FROM t__zosc_shadow WHERE n = {some}")),
        ("_extra", format!("INSERT INTO t__zosc_shadow VALUES ({more}, 0)")),
    ] {
        let schema = format!("{schema}{case}");
        let mut stage =
            Stage::set_renaming(database, &schema, &make, alter, "PRIMARY", renamed).await;
        let compared = stage.verify_after(&mischief).await;
        if case.is_empty() {
            assert_eq!(compared.unwrap_or_else(|error| panic!("{name}: {error}")).rows(), 400);
        } else {
            let said = differs(compared);
            assert!(said.starts_with("1 row(s)"), "{schema}: {said}");
            let lacks = said.contains("the copy lacks it");
            assert_eq!(lacks, case == "_missing", "{schema}: {said}");
        }
    }
}

async fn whole_numbers_that_get_wider(database: Database) {
    let alter = "MODIFY k BIGINT";
    check(database, "int", "k INT PRIMARY KEY", "i - 200", alter, "200", "1000").await;
}

async fn a_key_column_that_is_renamed(database: Database) {
    let alter = "RENAME COLUMN k TO k2";
    check(database, "renamed", "k INT PRIMARY KEY", "i", alter, "200", "1000").await;
}

async fn several_columns(database: Database) {
    let columns = "a INT, b VARCHAR(9), c DATETIME(3), PRIMARY KEY (b, c, a)";
    let value = "i % 7, CONCAT('k', i % 5), '2024-01-01' + INTERVAL i SECOND";
    check(database, "several", columns, value, "", "200", "1, 'k3', '2024-01-01'").await;
}

async fn bytes_and_decimals(database: Database) {
    check(
        database,
        "binary",
        "k BINARY(16) PRIMARY KEY",
        "UNHEX(LEFT(SHA2(i, 256), 32))",
        "",
        "200",
        "X'00'",
    )
    .await;
}

async fn members_and_bits(database: Database) {
    let columns =
        "e ENUM('z','a','m'), b BIT(12), y YEAR, d DECIMAL(9,3), PRIMARY KEY (e, b, y, d)";
    let value = "1 + i % 3, i, 2000 + i % 3, i / 3";
    check(
        database,
        "members",
        columns,
        value,
        "MODIFY d DECIMAL(12,4) NOT NULL",
        "200",
        "'a', 0, 2000, 0",
    )
    .await;
}

/// MariaDB has no keys over computed columns that cannot be NULL.
#[tokio::test]
async fn a_column_that_both_tables_compute() {
    let database = Database::Mysql;
    let make = [
        "CREATE TABLE t (n INT, k VARCHAR(9) AS (CONCAT('k', n)) STORED NOT NULL PRIMARY KEY)",
        "INSERT INTO t (n) VALUES (1), (2), (3)",
    ];
    let alter = "MODIFY n BIGINT";
    let mut stage = Stage::set(database, "verify_key_computed", &make, alter, "PRIMARY").await;
    assert_eq!(stage.verify_after("").await.unwrap().rows(), 3);
    let mut stage =
        Stage::set(database, "verify_key_computed_other", &make, alter, "PRIMARY").await;
    let said = differs(stage.verify_after("UPDATE t__zosc_shadow SET n = 4 WHERE n = 2").await);
    assert!(said.contains("(k='k2')") && said.contains("(k='k4')"), "{said}");
}

async fn text_that_becomes_stricter(database: Database) {
    let columns = "k VARCHAR(20) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY";
    let value = "CONCAT(CHAR(65 + i % 26 + 32 * (i % 2)), i)";
    let alter = "MODIFY k VARCHAR(20) COLLATE utf8mb4_bin";
    // `Zz1` is there as no row; `b1` is there, and `B1` is another row only in the copy's order.
    check(database, "stricter", columns, value, alter, "200", "'B1'").await;
}

async fn text_that_becomes_laxer(database: Database) {
    let columns = "k VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY";
    let value = "CONCAT(CHAR(65 + i % 26 + 32 * (i % 2)), i)";
    let alter = "MODIFY k VARCHAR(20) COLLATE utf8mb4_0900_ai_ci";
    check(database, "laxer", columns, value, alter, "200", "'Zz1'").await;
}

async fn text_in_another_character_set(database: Database) {
    let columns = "k VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY";
    let value = "CONCAT('é', i)";
    let alter = "MODIFY k VARCHAR(30) CHARACTER SET utf8mb4";
    check(database, "charset", columns, value, alter, "200", "'é999'").await;
    // No row of the original could ever have this key.
    check(database, "charset_never", columns, value, alter, "200", "'日'").await;
}

async fn a_text_key_under_lock(database: Database) {
    let make = [
        "CREATE TABLE t (k VARCHAR(20) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, n INT)",
        "INSERT INTO t VALUES ('a', 1), ('b', 2), ('ß', 3)",
    ];
    let alter = "MODIFY k VARCHAR(20) COLLATE utf8mb4_bin";
    let mut stage = Stage::set(database, "verify_key_lock", &make, alter, "PRIMARY").await;
    let mut verified = stage.verify_after("").await.unwrap();
    let mut keys = stage.keys().await;
    run(&mut stage.session, "UPDATE t SET k = UPPER(k)").await;
    keys.extend(stage.keys().await);
    stage.deliver(keys).await;
    stage.carrier().settle().await.unwrap();
    stage.under_lock(&mut verified).await.unwrap();
    run(&mut stage.session, "INSERT INTO t__zosc_shadow VALUES ('a', 1)").await;
    let said = differs(stage.under_lock(&mut verified).await);
    assert!(said.contains("(k='a')"), "{said}");
}

on_both!(
    whole_numbers_that_get_wider,
    a_key_column_that_is_renamed,
    several_columns,
    bytes_and_decimals,
    members_and_bits,
    text_that_becomes_stricter,
    text_that_becomes_laxer,
    text_in_another_character_set,
    a_text_key_under_lock
);
