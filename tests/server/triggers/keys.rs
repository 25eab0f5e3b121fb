//! The keys that triggers write down are the keys that the server returns, whatever the session of
//! the application is like.

use super::bench::Bench;
use crate::support::each::on_both;
use crate::support::mysqld::Database;

on_both!(every_type, key_changes, summer_time_ends, shapes);

/// Types with literals of values that are easily lost on the way.
const CASES: &[(&str, &[&str])] = &[
    ("TINYINT", &["-128", "0", "127"]),
    ("BIGINT", &["-9223372036854775808", "0", "9223372036854775807"]),
    ("BIGINT UNSIGNED", &["0", "18446744073709551615"]),
    ("INT(5) UNSIGNED ZEROFILL", &["0", "7", "4294967295"]),
    ("YEAR", &["0", "'0'", "1901", "2155"]),
    ("BIT(1)", &["0", "1"]),
    ("BIT(64)", &["0", "0xFFFFFFFFFFFFFFFF", "b'100000001'"]),
    ("DECIMAL(65,30)", &["-1.5", "0", "99999999999999999999999999999999999.999"]),
    ("DECIMAL(5,2)", &["-0.01", "999.99"]),
    ("DATE", &["'0000-00-00'", "'2024-00-00'", "'2024-02-31'", "'9999-12-31'"]),
    ("TIME(6)", &["'-838:59:59'", "'00:00:00.000001'", "'838:59:59'"]),
    ("DATETIME(3)", &["'0000-00-00'", "'2024-00-31 23:59:59.999'", "'2023-02-30 00:00:00.1'"]),
    ("TIMESTAMP", &["'0000-00-00'", "'1970-01-02 03:04:05'", "'2038-01-19 03:14:07'"]),
    ("TIMESTAMP(6)", &["'2024-10-27 00:30:00.5'", "'2024-10-27 01:30:00.5'"]),
    ("ENUM('a','','c')", &["0", "1", "2", "3"]),
    ("ENUM('x\\'y','a,b','\\\\','é')", &["1", "2", "3", "4"]),
    ("CHAR(5) CHARACTER SET latin1", &["''", "'a'", "'a b  '", "X'E92027'"]),
    ("CHAR(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", &["'é'", "'\\\\'", "'😀'", "'\\''"]),
    ("VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", &["'a'", "'a\\0'", "'%'", "'ä'"]),
    ("VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin", &["X'FF00'", "X'5C27'", "'z'"]),
    (
        "VARCHAR(9) CHARACTER SET sjis",
        &["CONVERT('ソ能' USING sjis)", "CONVERT('表\\'' USING sjis)"],
    ),
    ("VARCHAR(9) CHARACTER SET utf16", &["CONVERT('aé' USING utf16)", "CONVERT('' USING utf16)"]),
    ("VARCHAR(300) CHARACTER SET gbk", &["CONVERT('表\\\\' USING gbk)", "REPEAT('x', 300)"]),
    ("BINARY(4)", &["''", "X'6100'", "X'00'", "X'61000000'", "X'5C272200'"]),
    ("VARBINARY(6)", &["''", "X'6100'", "X'00'", "X'6120'"]),
];

/// Sessions that an application may have.
const SESSIONS: &[&str] = &[
    "sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'",
    "sql_mode = 'ALLOW_INVALID_DATES,NO_ZERO_DATE,NO_ZERO_IN_DATE,STRICT_ALL_TABLES', time_zone = '-11:30'",
    "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH', time_zone = '+13:00'",
    "sql_mode = 'TRADITIONAL', character_set_client = latin1, character_set_connection = latin1",
    "sql_mode = 'ALLOW_INVALID_DATES', foreign_key_checks = 0, unique_checks = 0, sql_safe_updates = 1",
];

async fn every_type(kind: Database) {
    let mut bench = Bench::new(kind, "trg_keys").await;
    for (number, (column_type, literals)) in CASES.iter().enumerate() {
        let table = format!("t{number}");
        bench.run(&format!("SET {}", SESSIONS[0])).await;
        bench
            .run(&format!(
                "CREATE TABLE {table} (v INT, k {column_type} NOT NULL, w TEXT, PRIMARY KEY (k))"
            ))
            .await;
        let watched = bench.watched(&table, &["k"]).await;
        let mut running = bench.capture(&watched).await;
        for literal in *literals {
            // An ENUM's index 0 is a wrong value, which only IGNORE lets in.
            bench.run(&format!("INSERT IGNORE INTO {table} (k) VALUES ({literal})")).await;
        }
        let expected = bench.keys_in(&watched).await;
        assert!(expected.len() >= 2, "{column_type}: {expected:?}");
        let inserted = running.settled().await;
        assert_eq!(inserted.sorted(), expected, "{column_type} inserted");
        for (step, session) in SESSIONS.iter().enumerate() {
            bench.run(&format!("SET {session}")).await;
            bench
                .run(&format!("UPDATE {table} SET v = {step} WHERE v IS NULL OR v >= 0 LIMIT 99"))
                .await;
            let updated = running.settled().await;
            assert_eq!(updated.sorted(), expected, "{column_type} updated with {session}");
        }
        bench.run(&format!("DELETE FROM {table} WHERE v >= 0 LIMIT 99")).await;
        let deleted = running.settled().await;
        assert_eq!(deleted.sorted(), expected, "{column_type} deleted");
        running.stop().await;
    }
    bench.gone().await;
}

/// An ordinary update writes one row, one that changes the key's bytes two.
async fn key_changes(kind: Database) {
    let mut bench = Bench::new(kind, "trg_changes").await;
    for (column_type, from, to, same) in [
        ("INT", "1", "2", false),
        ("VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "'a'", "'A'", false),
        ("VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin", "'a'", "'a '", false),
        ("CHAR(9) CHARACTER SET latin1", "'a'", "'a '", true),
        ("ENUM('','b')", "1", "0", false),
        ("VARBINARY(5)", "X'61'", "X'6100'", false),
        ("DECIMAL(9,3)", "1", "1.000", true),
        ("DATETIME(6)", "'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.000001'", false),
        ("BIT(9)", "1", "257", false),
    ] {
        bench.run("SET sql_mode = ''").await;
        bench
            .run(&format!("CREATE TABLE t (k {column_type} NOT NULL, v INT, PRIMARY KEY (k))"))
            .await;
        let watched = bench.watched("t", &["k"]).await;
        let mut running = bench.capture(&watched).await;
        bench.run(&format!("INSERT INTO t (k, v) VALUES ({from}, 1)")).await;
        let mut expected = bench.keys_in(&watched).await;
        running.settled().await;
        bench.run("UPDATE t SET v = v + 1").await;
        assert_eq!(running.settled().await.keys, expected, "{column_type}: v changes");
        bench.run(&format!("UPDATE t SET k = {to}")).await;
        if !same {
            expected.extend(bench.keys_in(&watched).await);
        }
        assert_eq!(running.settled().await.keys, expected, "{column_type}: {from} to {to}");
        running.stop().await;
        bench.run("DROP TABLE t").await;
    }
    bench.gone().await;
}

/// When summer time ends two moments have one local time: the key changes from one to the other.
async fn summer_time_ends(kind: Database) {
    let mut bench = Bench::new(kind, "trg_summer").await;
    for sql in [
        "DELETE FROM mysql.time_zone_name WHERE name = 'Zosc/Summer'",
        "INSERT INTO mysql.time_zone (use_leap_seconds) VALUES ('N')",
        "SET @zone = LAST_INSERT_ID()",
        "INSERT INTO mysql.time_zone_name VALUES ('Zosc/Summer', @zone)",
        "INSERT INTO mysql.time_zone_transition_type VALUES (@zone, 0, 7200, 1, 'S'), \
         (@zone, 1, 3600, 0, 'W')",
        "INSERT INTO mysql.time_zone_transition VALUES (@zone, 1711846800, 0), (@zone, 1729990800, 1)",
        "CREATE TABLE t (k TIMESTAMP(1) NOT NULL DEFAULT '2000-01-01', v INT, PRIMARY KEY (k))",
    ] {
        bench.run(sql).await;
    }
    let watched = bench.watched("t", &["k"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run("INSERT INTO t VALUES ('2024-10-27 00:30:00.5', 1)").await;
    let mut expected = bench.keys_in(&watched).await;
    bench.run("SET time_zone = 'Zosc/Summer'").await;
    assert_eq!(bench.column("SELECT k FROM t").await, ["2024-10-27 02:30:00.5"]);
    // What is assigned is a moment that has the same local time.
    bench.run("SET timestamp = 1729992600.5").await;
    bench.run("UPDATE t SET k = CURRENT_TIMESTAMP(1)").await;
    bench.run("SET timestamp = DEFAULT").await;
    expected.extend(bench.keys_in(&watched).await);
    expected.sort();
    expected.dedup();
    assert_eq!(bench.column("SELECT k FROM t").await, ["2024-10-27 02:30:00.5"]);
    assert_eq!(running.settled().await.sorted(), expected);
    running.stop().await;
    bench.gone().await;
}

async fn shapes(kind: Database) {
    let mut bench = Bench::new(kind, "trg_shapes").await;
    for sql in [
        "CREATE TABLE t (id INT NOT NULL, `we``ird` DATE NOT NULL, k0 VARCHAR(9) NOT NULL, v INT, \
         PRIMARY KEY (k0, id, `we``ird`)) PARTITION BY HASH (id) PARTITIONS 3",
        "CREATE TABLE `größe.$` (id INT NOT NULL PRIMARY KEY, v INT)",
    ] {
        bench.run(sql).await;
    }
    for (table, key, insert, update) in [
        (
            "t",
            &["k0", "id", "we`ird"][..],
            "INSERT INTO t VALUES (1, '2024-01-02', 'x', 1), (2, 0, 'y', 1)",
            "UPDATE t SET v = 2",
        ),
        ("größe.$", &["id"], "INSERT INTO `größe.$` VALUES (1, 1)", "UPDATE `größe.$` SET v = 2"),
    ] {
        let watched = bench.watched(table, key).await;
        let mut running = bench.capture(&watched).await;
        bench.run(insert).await;
        let expected = bench.keys_in(&watched).await;
        assert_eq!(running.settled().await.sorted(), expected);
        bench.run(update).await;
        assert_eq!(running.settled().await.sorted(), expected);
        running.stop().await;
    }
    let long = "l".repeat(64);
    bench.run(&format!("CREATE TABLE {long} (id INT NOT NULL PRIMARY KEY)")).await;
    let watched = bench.watched(&long, &["id"]).await;
    let mut running = bench.capture(&watched).await;
    bench.run(&format!("INSERT INTO {long} VALUES (5)")).await;
    assert_eq!(running.settled().await.integers(), [5]);
    running.stop().await;
    bench.gone().await;
}

/// Keys that only MySQL has: made up by the server, or computed.
#[tokio::test]
async fn keys_that_nobody_writes() {
    let mut bench = Bench::new(Database::Mysql, "trg_unwritten").await;
    bench.run("SET SESSION sql_generate_invisible_primary_key = 1").await;
    bench.run("CREATE TABLE t (v INT)").await;
    bench.run("CREATE TABLE t2 (v INT, g INT AS (v * 2) STORED NOT NULL PRIMARY KEY)").await;
    bench.run("SET SESSION sql_generate_invisible_primary_key = 0").await;
    for (table, key) in [("t", "my_row_id"), ("t2", "g")] {
        let watched = bench.watched(table, &[key]).await;
        let mut running = bench.capture(&watched).await;
        bench.run(&format!("INSERT INTO {table} (v) VALUES (1), (2)")).await;
        let mut expected = bench.keys_in(&watched).await;
        assert_eq!(running.settled().await.sorted(), expected);
        bench.run(&format!("UPDATE {table} SET v = v + 10")).await;
        expected.extend(bench.keys_in(&watched).await);
        expected.sort();
        expected.dedup();
        assert_eq!(running.settled().await.sorted(), expected, "{table}");
        running.stop().await;
    }
    bench.gone().await;
}
