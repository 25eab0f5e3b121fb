//! Types that change: what the server converts passes, and another value is found.

use super::stage::{Stage, differs, run};
use crate::support::each::on_all;
use crate::support::mysqld::Database;

/// A type, the new type, values that fit, and a value that none of them becomes.
type Change = (&'static str, &'static str, &'static [&'static str], &'static str);

const CHANGES: &[Change] = &[
    // Whole numbers.
    ("INT", "BIGINT", &["-2147483648", "0"], "1"),
    ("INT UNSIGNED", "BIGINT", &["4294967295"], "-1"),
    ("BIGINT UNSIGNED", "DECIMAL(20,0)", &["18446744073709551615"], "18446744073709551614"),
    ("BIGINT", "DECIMAL(22,2)", &["9007199254740993", "-1"], "9007199254740992.99"),
    ("BIGINT", "DOUBLE", &["9007199254740993", "-5"], "9007199254740994"),
    ("INT", "FLOAT", &["16777217", "3"], "16777218"),
    ("INT(5) ZEROFILL", "VARCHAR(20)", &["42"], "'00042'"),
    ("INT", "VARCHAR(20)", &["-42", "0"], "'-42 '"),
    ("INT", "CHAR(20) CHARACTER SET utf16", &["-42"], "'42'"),
    ("INT", "VARBINARY(20)", &["-42"], "'42'"),
    ("INT", "TEXT", &["7"], "'07'"),
    ("INT", "YEAR", &["0", "7", "69", "70", "99", "2155"], "2001"),
    ("INT", "BIT(8)", &["255", "0"], "1"),
    ("INT", "ENUM('x','y')", &["2", "1"], "NULL"),
    ("INT", "SET('x','y')", &["3", "0"], "'x'"),
    ("INT", "DATE", &["20240131"], "'2024-01-30'"),
    ("BIGINT", "DATETIME", &["20240131235959"], "'2024-01-31 23:59:58'"),
    ("INT", "TIME", &["235959"], "'23:59:58'"),
    ("YEAR", "INT", &["2024", "0"], "24"),
    ("YEAR", "VARCHAR(4)", &["2024", "0"], "'24'"),
    ("YEAR", "TEXT", &["2024", "0"], "'24'"),
    ("YEAR", "DECIMAL(6,1)", &["2024"], "2024.1"),
    ("BIT(64)", "BIGINT UNSIGNED", &["0xFFFFFFFFFFFFFFFF", "b'1'"], "0"),
    ("BIT(8)", "BIT(16)", &["b'10000001'"], "b'1'"),
    ("BIT(8)", "DECIMAL(9,2)", &["b'10000001'"], "1"),
    // Numbers with a fraction.
    ("DECIMAL(10,4)", "DECIMAL(12,2)", &["1.9999", "-1.005", "0.005"], "1.99"),
    ("DECIMAL(10,4)", "INT", &["1.5", "-1.5", "2.5"], "1"),
    ("DECIMAL(10,4)", "DOUBLE", &["0.1", "-0.3"], "0.10000000000000002"),
    ("DECIMAL(10,4)", "FLOAT", &["0.1"], "0.2"),
    ("DECIMAL(10,4)", "VARCHAR(20)", &["1.5", "-0.5"], "'1.5'"),
    ("FLOAT", "DOUBLE", &["0.1", "'-0'", "16777216"], "0.1"),
    ("FLOAT", "DECIMAL(20,10)", &["0.1", "16777216"], "0.2"),
    ("FLOAT", "VARCHAR(30)", &["0.1", "1e30", "16777216"], "'0.10'"),
    ("DOUBLE", "FLOAT", &["0.1", "1e30", "'-0'"], "0.2"),
    ("DOUBLE", "INT", &["1.5", "2.5", "-2.5", "-0.4"], "3"),
    ("DOUBLE", "BIGINT", &["9007199254740992", "2.5"], "9007199254740993"),
    ("DOUBLE", "BIGINT UNSIGNED", &["9007199254740992", "2.5"], "9007199254740993"),
    ("DOUBLE", "DECIMAL(20,6)", &["0.1", "1234567.8901235"], "0.100001"),
    ("DOUBLE", "VARCHAR(30)", &["0.1", "1e100", "-5e-324"], "'0.10'"),
    ("DOUBLE", "DOUBLE(12,2)", &["1.005", "-1.235", "2.675"], "1.02"),
    ("FLOAT", "FLOAT(9,2)", &["1.005", "-1.235"], "1.02"),
    ("FLOAT", "DOUBLE(9,2)", &["1.005", "-1.235"], "1.02"),
    ("DOUBLE", "FLOAT(9,2)", &["1.005", "-1.235", "2.675"], "1.02"),
    ("DECIMAL(10,4)", "DOUBLE(9,2)", &["1.005", "-1.235", "2.675"], "1.02"),
    ("DOUBLE(9,3)", "DOUBLE(9,2)", &["1.005", "-1.235", "2.675"], "1.02"),
    ("FLOAT", "CHAR(30)", &["0.1", "1e30", "1e15"], "'0.10'"),
    ("FLOAT", "BLOB", &["0.1"], "'0.10'"),
    ("TINYINT UNSIGNED ZEROFILL", "INT", &["5"], "6"),
    ("INT(5) ZEROFILL", "TEXT", &["42"], "'42'"),
    ("INT(5) ZEROFILL", "VARBINARY(9)", &["42"], "'00042'"),
    ("INT(5) ZEROFILL", "BLOB", &["42"], "'42'"),
    ("FLOAT", "LONGTEXT", &["0.1", "16777216"], "'0.10'"),
    ("BIT(8)", "VARCHAR(9)", &["b'1000001'", "b'1'"], "'1'"),
    ("BIT(8)", "TEXT", &["b'1000001'", "b'1'"], "'1'"),
    ("BIT(8)", "VARBINARY(9)", &["b'1000001'"], "'1'"),
    ("BIT(16)", "BLOB", &["b'100000101000001'"], "'1'"),
    // Dates and times.
    ("DATE", "DATETIME", &["'2024-02-29'", "'0000-00-00'"], "'2024-02-29 00:00:01'"),
    ("DATE", "TIMESTAMP NULL", &["'2024-02-29'"], "'2024-02-29 00:00:01'"),
    ("DATE", "VARCHAR(20)", &["'2024-02-29'", "'0000-00-00'"], "'2024-02-28'"),
    ("DATE", "INT", &["'2024-02-29'"], "20240228"),
    (
        "DATETIME",
        "DATETIME(6)",
        &["'2024-12-31 23:59:59'", "'0000-00-00 00:00:00'"],
        "'2024-12-31 23:59:59.000001'",
    ),
    ("DATETIME(6)", "DATE", &["'2024-12-31 23:59:59.7'", "'2024-12-31 12:00:00'"], "'2024-12-30'"),
    ("DATETIME(6)", "TIME(3)", &["'2024-12-31 12:59:59.7'"], "'12:59:59'"),
    ("DATETIME(6)", "VARCHAR(30)", &["'2024-12-31 12:59:59.7'"], "'2024-12-31 12:59:59.7'"),
    ("TIMESTAMP NULL", "DATETIME", &["'2021-11-07 05:30:00'"], "'2021-11-07 06:30:00'"),
    ("DATETIME", "TIMESTAMP(3) NULL", &["'2021-11-07 06:30:00'"], "'2021-11-07 05:30:00'"),
    ("TIMESTAMP NULL", "BIGINT", &["'2021-11-07 05:30:00'"], "20211107063000"),
    ("TIME(2)", "VARCHAR(30)", &["'-838:59:58.99'"], "'838:59:58.99'"),
    ("TIME(2)", "DECIMAL(12,2)", &["'12:59:58.99'"], "125958.98"),
    ("VARCHAR(30)", "DATE", &["'2024-01-31'", "'240131'"], "'2024-01-30'"),
    ("VARCHAR(30)", "TIME", &["'10:11:12'"], "'10:11:13'"),
    // Text.
    ("VARCHAR(9)", "VARCHAR(20)", &["'a '", "''", "'É'"], "'a'"),
    ("VARCHAR(9)", "VARCHAR(20) CHARACTER SET latin1", &["'é'", "'a '"], "'É'"),
    ("VARCHAR(9) CHARACTER SET latin1", "VARCHAR(9)", &["'é'", "''"], "'É'"),
    ("VARCHAR(9) CHARACTER SET utf8mb3", "VARCHAR(9)", &["'中'"], "'国'"),
    ("VARCHAR(9) CHARACTER SET sjis", "TEXT CHARACTER SET utf32", &["'中'"], "'国'"),
    ("VARCHAR(9)", "VARCHAR(9) COLLATE utf8mb4_bin", &["'a '", "'A'"], "'a'"),
    ("VARCHAR(9)", "VARCHAR(3)", &["'abc'", "'ab '", "'a'"], "'ABC'"),
    ("TEXT CHARACTER SET latin1", "VARCHAR(3)", &["'ab   '"], "'ab'"),
    ("VARCHAR(9)", "CHAR(3)", &["'abc'", "'ab   '", "'a '"], "'ABC'"),
    ("CHAR(9)", "VARCHAR(9)", &["'a '", "''"], "'a '"),
    ("VARCHAR(9)", "TINYTEXT", &["'a '"], "'a'"),
    ("TEXT", "VARCHAR(3)", &["'abc'", "'ab '"], "'ABC'"),
    ("TINYTEXT", "LONGTEXT CHARACTER SET utf16", &["'ab '"], "'ab'"),
    ("VARCHAR(9)", "VARBINARY(20)", &["'é '"], "'é'"),
    ("VARCHAR(9) CHARACTER SET latin1", "BLOB", &["'é'"], "X'C3A9'"),
    ("VARCHAR(9)", "BINARY(6)", &["'ab'", "'abcdef'"], "'abc'"),
    ("VARBINARY(9)", "VARCHAR(9)", &["'ab '", "X'C3A9'"], "'ab'"),
    ("BLOB", "TEXT CHARACTER SET latin1", &["X'E9'"], "X'C9'"),
    ("BINARY(4)", "VARBINARY(9)", &["X'AB'"], "X'AB'"),
    ("VARBINARY(4)", "BINARY(9)", &["X'AB'", "X'AB00'"], "X'AC'"),
    ("BINARY(4)", "BINARY(9)", &["X'AB'"], "X'AC'"),
    ("VARCHAR(9)", "INT", &["'42'", "'-7'", "'1.5'", "'2.5'", "'1e2'"], "43"),
    ("VARCHAR(30)", "BIGINT UNSIGNED", &["'18446744073709551615'"], "18446744073709551614"),
    ("VARCHAR(9)", "DECIMAL(9,2)", &["'42.125'", "'1e2'"], "42.12"),
    ("VARCHAR(30)", "DOUBLE", &["'0.1'", "'1e100'", "'-0'"], "0.10000000000000002"),
    ("VARCHAR(30)", "FLOAT", &["'0.1'"], "0.2"),
    ("VARCHAR(30)", "YEAR", &["'2024'", "'7'", "'0'"], "2023"),
    ("VARCHAR(1)", "BIT(8)", &["'a'"], "b'1'"),
    ("VARBINARY(2)", "BIT(16)", &["X'0102'"], "b'1'"),
    // Members.
    ("ENUM('a','b')", "ENUM('a','b','c')", &["'b'", "'a'"], "'c'"),
    ("ENUM('a','b','c')", "ENUM('c','a','b','it''s, \\\\ok')", &["'a'", "'c'"], "'b'"),
    ("ENUM('a','b') CHARACTER SET latin1", "ENUM('b','a') CHARACTER SET utf8mb4", &["'a'"], "'b'"),
    ("ENUM('a','B')", "VARCHAR(9)", &["'B'"], "'b'"),
    ("ENUM('a','B')", "CHAR(9) CHARACTER SET utf16", &["'B'"], "'b'"),
    ("ENUM('5','7')", "INT", &["'7'"], "7"),
    ("VARCHAR(9)", "ENUM('x','y','')", &["'y'", "''", "'X'", "'x '"], "'x'"),
    ("SET('a','b','c')", "SET('c','b','a')", &["'a,c'", "''", "'a,b,c'"], "'a'"),
    ("SET('a','b')", "SET('a','b','c')", &["'a,b'"], "'a,b,c'"),
    ("SET('a','b')", "VARCHAR(9)", &["'a,b'", "''"], "'b,a'"),
    ("VARCHAR(9)", "SET('a','b','c')", &["'b,a'", "''", "'c'"], "'a'"),
    // And shapes.
    ("POINT", "GEOMETRY", &["POINT(1, 2)"], "POINT(2, 1)"),
];

/// What MySQL alone does, or does so.
const ON_MYSQL: &[Change] = &[
    // Fractions of a second are rounded.
    (
        "DATETIME(6)",
        "DATETIME",
        &["'2024-12-31 23:59:59.7'", "'2024-01-01 00:00:00.4'"],
        "'2024-12-31 23:59:59'",
    ),
    ("DATETIME(6)", "DATETIME(3)", &["'2024-12-31 23:59:59.9996'"], "'2024-12-31 23:59:59.999'"),
    ("TIME(6)", "TIME", &["'23:59:59.7'", "'-00:00:00.5'"], "'23:59:59'"),
    ("TIME(6)", "INT", &["'12:59:59.7'", "'-00:00:01'"], "125958"),
    ("VARCHAR(30)", "DATETIME(2)", &["'2024-01-31 10:00:00.126'"], "'2024-01-31 10:00:00.12'"),
    (
        "DATETIME(6)",
        "BIGINT",
        &["'2024-12-31 12:59:59.7'", "'2024-12-31 12:59:58.2'", "'2024-12-31 23:59:59.999999'"],
        "20241231125959",
    ),
    (
        "VARCHAR(30)",
        "JSON",
        &["'{\"a\": [1, 1.5, \"é\"]}'", "'null'"],
        "'{\"a\": [1, 1.5, \"e\"]}'",
    ),
    ("LONGTEXT CHARACTER SET latin1", "JSON", &["'[\"é\"]'"], "'[\"e\"]'"),
    ("JSON", "LONGTEXT", &["'[1, 1.5]'", "'null'"], "'[1,1.5]'"),
    ("JSON", "VARCHAR(99) CHARACTER SET utf16", &["'[\"é\"]'"], "'[\"e\"]'"),
    ("JSON", "LONGBLOB", &["'[1]'"], "'[2]'"),
    ("JSON", "INT", &["'5'"], "6"),
    ("VECTOR(2)", "VECTOR(3)", &["TO_VECTOR('[1,2]')"], "TO_VECTOR('[1,3]')"),
    ("DATE", "YEAR", &["'2024-01-31'"], "2023"),
];

/// And MariaDB, where JSON is text with a CHECK.
const ON_MARIADB: &[Change] = &[
    // Fractions of a second are cut.
    ("DATETIME(6)", "DATETIME", &["'2024-12-31 23:59:59.7'"], "'2025-01-01 00:00:00'"),
    ("DATETIME(6)", "DATETIME(3)", &["'2024-12-31 23:59:59.9996'"], "'2025-01-01 00:00:00'"),
    (
        "DATETIME(6)",
        "BIGINT",
        &["'2024-12-31 12:59:59.7'", "'2024-12-31 12:59:58.2'", "'2024-12-31 23:59:59.999999'"],
        "20241231130000",
    ),
    ("TIME(6)", "TIME", &["'23:59:59.7'", "'-00:00:00.5'"], "'24:00:00'"),
    ("TIME(6)", "INT", &["'12:59:59.7'", "'-00:00:01'"], "130000"),
    ("VARCHAR(30)", "DATETIME(2)", &["'2024-01-31 10:00:00.126'"], "'2024-01-31 10:00:00.13'"),
    ("VARCHAR(30)", "JSON", &["'{\"a\": [1, 1.50]}'", "'null'"], "'{\"a\":[1,1.50]}'"),
    ("LONGTEXT CHARACTER SET latin1", "JSON", &["'[\"é\"]'"], "'[\"e\"]'"),
    ("JSON", "VARCHAR(99) CHARACTER SET utf16", &["'[\"é\"]'"], "'[\"e\"]'"),
    ("JSON", "LONGBLOB", &["'[1]'"], "'[2]'"),
    ("UUID", "CHAR(36)", &["'123e4567-e89b-12d3-a456-426655440000'"], "'x'"),
    (
        "VARCHAR(36)",
        "UUID",
        &["'123E4567-e89b-12d3-a456-426655440000'"],
        "'123e4567-e89b-12d3-a456-426655440001'",
    ),
    ("BINARY(16)", "UUID", &["X'00112233445566778899AABBCCDDEEFF'"], "NULL"),
    ("INET4", "VARCHAR(15)", &["'192.0.2.1'"], "'192.0.2.2'"),
    ("VARCHAR(39)", "INET6", &["'::1'", "'0:0:0:0:0:0:0:2'"], "'::3'"),
    ("TEXT", "TEXT COMPRESSED", &["REPEAT('ab', 900)"], "REPEAT('aB', 900)"),
    ("VARCHAR(999) COMPRESSED", "VARCHAR(999)", &["REPEAT('ab', 400)"], "''"),
];

async fn what_the_server_converts_passes_and_another_value_is_found(database: Database) {
    let own = database.either(ON_MYSQL, ON_MARIADB);
    let changes = [CHANGES, own].concat();
    let most = changes.iter().map(|(_, _, values, _)| values.len()).max().unwrap();
    let list = |item: &dyn Fn(usize) -> String| {
        (0..changes.len()).map(item).collect::<Vec<_>>().join(", ")
    };
    let columns = list(&|at| format!("c{at} {}", changes[at].0));
    let mut make = vec![format!("CREATE TABLE t (id INT PRIMARY KEY, {columns}) CHARSET utf8mb4")];
    for row in 0..=most {
        let values = list(&|at| (*changes[at].2.get(row).unwrap_or(&"NULL")).to_owned());
        make.push(format!("INSERT INTO t VALUES ({row}, {values})"));
    }
    let make: Vec<&str> = make.iter().map(String::as_str).collect();
    let alter = list(&|at| format!("MODIFY c{at} {}", changes[at].1));
    let mut stage = Stage::set(database, "verify_conversions", &make, &alter, "PRIMARY").await;
    let mut verified = stage.verify_after("").await.unwrap();

    let keys = stage.keys().await;
    stage.deliver(keys.clone()).await;
    stage.carrier().settle().await.unwrap();
    stage.under_lock(&mut verified).await.unwrap();
    let shadow = stage.pair.shadow.to_string();
    for (at, (from, to, values, wrong)) in changes.iter().enumerate() {
        let sql = format!("UPDATE {shadow} SET c{at} = {wrong} WHERE id = 0");
        run(&mut stage.session, &sql).await;
        let compared = stage.under_lock(&mut verified).await;
        assert!(compared.is_err(), "{from} to {to}: {wrong} was taken for {}", values[0]);
        let said = differs(compared);
        let named = format!("not equal in c{at}");
        assert!(said.contains("(id=0)") && said.ends_with(&named), "{from} to {to}: {said}");
        run(&mut stage.session, &stage.pair.remove(&keys[..1])).await;
        run(&mut stage.session, &stage.pair.carry("id = 0")).await;
    }
    stage.under_lock(&mut verified).await.unwrap();
}

on_all!(what_the_server_converts_passes_and_another_value_is_found);
