//! Every type: equal rows pass, and the smallest corruption of the shadow is found.

use super::stage::{Stage, differs, run};
use crate::support::each::{on_all, on_both};
use crate::support::mysqld::Database;

/// A column's type, a value of the original, and values that the shadow must not hold instead.
const TYPES: &[(&str, &str, &[&str])] = &[
    ("TINYINT", "-1", &["0", "NULL", "1"]),
    ("SMALLINT UNSIGNED", "65535", &["65534"]),
    ("MEDIUMINT", "-8388608", &["8388607"]),
    ("INT", "0", &["NULL", "1"]),
    ("BIGINT UNSIGNED", "18446744073709551615", &["18446744073709551614"]),
    ("BIGINT", "9007199254740993", &["9007199254740992"]),
    (
        "DECIMAL(65,30)",
        "12345678901234567890123456789012345.000000000000000000000000000001",
        &["12345678901234567890123456789012345.000000000000000000000000000002"],
    ),
    ("FLOAT", "16777216", &["16777218", "NULL"]),
    ("FLOAT(9,2)", "1234567.25", &["1234567.38"]),
    ("DOUBLE", "0.1", &["0.10000000000000002"]),
    ("DOUBLE(20,3)", "90071992547.123", &["90071992547.124"]),
    ("BIT(1)", "b'1'", &["b'0'", "NULL"]),
    ("BIT(64)", "0xFFFFFFFFFFFFFFFF", &["0xFFFFFFFFFFFFFFFE"]),
    ("YEAR", "0", &["2000", "NULL"]),
    ("DATE", "'0000-00-00'", &["NULL", "'0001-01-01'"]),
    ("DATE", "'2024-02-00'", &["'2024-02-01'", "'2024-00-00'"]),
    ("TIME(6)", "'-838:59:58.999999'", &["'-838:59:58.999998'", "'838:59:58.999999'"]),
    ("DATETIME", "'2024-01-01 00:00:00'", &["'2024-01-01 00:00:01'"]),
    ("DATETIME(6)", "'9999-12-31 23:59:59.999999'", &["'9999-12-31 23:59:59.999998'"]),
    ("TIMESTAMP NULL", "'2021-11-07 05:30:00'", &["'2021-11-07 06:30:00'", "NULL"]),
    ("TIMESTAMP(3) NULL", "'0000-00-00 00:00:00'", &["NULL", "'1970-01-01 00:00:01'"]),
    ("CHAR(9)", "'Abc'", &["'abc'", "'Ab'", "''", "NULL"]),
    ("CHAR(9)", "''", &["NULL"]),
    ("VARCHAR(9)", "'a'", &["'a '", "'A'", "'á'", "''", "NULL", "'a\\0'"]),
    ("VARCHAR(9)", "''", &["NULL", "' '"]),
    ("VARCHAR(9) COLLATE utf8mb4_general_ci", "'ß'", &["'s'", "'ss'"]),
    ("VARCHAR(9) CHARACTER SET latin1", "_latin1 X'E9'", &["_latin1 X'C9'", "'e'"]),
    ("VARCHAR(9) CHARACTER SET utf16", "'a'", &["'A'"]),
    ("TEXT CHARACTER SET gbk", "'中'", &["'国'", "'中 '"]),
    ("MEDIUMTEXT", "REPEAT('x', 70000)", &["CONCAT(REPEAT('x', 69999), 'X')"]),
    ("BINARY(4)", "X'AB'", &["X'AB000001'", "X'AC'"]),
    ("VARBINARY(9)", "X'00'", &["X''", "X'0000'", "NULL"]),
    ("BLOB", "X'00FF'", &["X'00FE'", "X'00'"]),
    ("LONGBLOB", "REPEAT(X'FE', 70000)", &["CONCAT(REPEAT(X'FE', 69999), X'FF')"]),
    ("ENUM('a','B','')", "'b'", &["'a'", "''", "NULL"]),
    ("SET('x','y','z')", "'x,z'", &["'x'", "''", "NULL", "'x,y,z'"]),
];

/// What only MySQL has.
const ON_MYSQL: &[(&str, &str, &[&str])] = &[
    // MariaDB 10.11 and 11.8.9 store no negative zero; some versions between them do.
    ("FLOAT", "0", &["'-0'"]),
    ("DOUBLE", "'-0'", &["0"]),
    ("JSON", "JSON_ARRAY(1.50)", &["JSON_ARRAY(1.5)", "CAST('[1.50]' AS JSON)"]),
    ("JSON", "JSON_ARRAY(1.5, 1)", &["CAST('[1.5, 1]' AS JSON)"]),
    ("JSON", "CAST(5 AS JSON)", &["CAST(CAST(5 AS UNSIGNED) AS JSON)"]),
    ("JSON", "CAST(123.456 AS JSON)", &["CAST('123.456' AS JSON)"]),
    ("JSON", "JSON_REMOVE('{\"a\": 1, \"b\": 2}', '$.a')", &["CAST('{\"b\": 3}' AS JSON)"]),
    (
        "JSON",
        "JSON_OBJECT('a', JSON_ARRAY(5))",
        &[
            "JSON_OBJECT('A', JSON_ARRAY(5))",
            "JSON_OBJECT('a', JSON_ARRAY(TRUE))",
            "JSON_OBJECT('a', JSON_ARRAY('5'))",
            "NULL",
        ],
    ),
    ("JSON", "JSON_ARRAY(CAST('2024-01-01' AS DATE))", &["JSON_ARRAY('2024-01-01')"]),
    ("JSON", "CAST('null' AS JSON)", &["NULL", "CAST('\"null\"' AS JSON)"]),
    ("JSON", "CAST('[0.0]' AS JSON)", &["CAST('[-0.0]' AS JSON)"]),
    ("POINT SRID 4326", "ST_SRID(POINT(1, 2), 4326)", &["ST_SRID(POINT(1, 3), 4326)", "NULL"]),
    ("GEOMETRY", "POINT(1, 2)", &["ST_SRID(POINT(1, 2), 4326)", "POINT(1, 2.0000000000000004)"]),
    ("VECTOR(2)", "TO_VECTOR('[1,0]')", &["TO_VECTOR('[1,-0]')", "TO_VECTOR('[1]')", "NULL"]),
];

/// What only MariaDB has: its JSON is text, and is compared as text.
const ON_MARIADB: &[(&str, &str, &[&str])] = &[
    ("JSON", "'[1.50, 1]'", &["'[1.5, 1]'", "'[1.50,1]'", "'null'", "NULL"]),
    ("JSON", "'{\"a\": 1}'", &["'{\"A\": 1}'", "'{\"a\":  1}'"]),
    (
        "UUID",
        "'123e4567-e89b-12d3-a456-426655440000'",
        &["'123e4567-e89b-12d3-a456-426655440001'", "NULL"],
    ),
    ("INET4", "'192.0.2.1'", &["'192.0.2.2'", "NULL"]),
    ("INET6", "'::ffff:192.0.2.1'", &["'::192.0.2.1'", "'::'", "NULL"]),
    ("TEXT COMPRESSED", "REPEAT('ab', 900)", &["REPEAT('aB', 900)", "''", "NULL"]),
    ("VARBINARY(999) COMPRESSED", "REPEAT('x', 900)", &["REPEAT('x', 899)", "NULL"]),
    ("GEOMETRY", "POINT(1, 2)", &["POINT(1, 2.0000000000000004)", "NULL"]),
    ("GEOMETRY", "ST_GeomFromText('POINT(1 2)', 4326)", &["POINT(1, 2)"]),
];

/// What only the newer MariaDB has.
const ON_MARIADB_118: &[(&str, &str, &[&str])] =
    &[("VECTOR(2)", "VEC_FromText('[1,0]')", &["VEC_FromText('[1,0.0000001]')", "NULL"])];

fn types(database: Database) -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    let own: &[_] = match database {
        Database::Mysql => &[ON_MYSQL],
        Database::Mariadb => &[ON_MARIADB],
        Database::Mariadb118 => &[ON_MARIADB, ON_MARIADB_118],
    };
    [&[TYPES], own].concat().concat()
}

async fn the_smallest_corruption_of_each_type_is_found(database: Database) {
    let types = types(database);
    let columns: Vec<String> =
        types.iter().enumerate().map(|(at, (kind, ..))| format!("c{at} {kind}")).collect();
    let make = format!(
        "CREATE TABLE t (id INT PRIMARY KEY, {}) DEFAULT CHARSET=utf8mb4",
        columns.join(", ")
    );
    let values: Vec<&str> = types.iter().map(|(_, value, _)| *value).collect();
    let insert = format!("INSERT INTO t VALUES (1, {})", values.join(", "));
    let make = [make.as_str(), &insert, "INSERT INTO t (id) VALUES (2)"];
    let mut stage =
        Stage::set(database, "verify_types", &make, "ADD added INT DEFAULT 5", "PRIMARY").await;
    let mut verified = stage.verify_after("").await.unwrap();
    assert_eq!(verified.rows(), 2);

    let keys = stage.keys().await;
    stage.deliver(keys).await;
    stage.carrier().settle().await.unwrap();
    stage.under_lock(&mut verified).await.unwrap();
    let shadow = stage.pair.shadow.to_string();
    for (at, (kind, value, wrongs)) in types.iter().enumerate() {
        for wrong in *wrongs {
            let set = |value: &str| format!("UPDATE {shadow} SET c{at} = {value} WHERE id = 1");
            // By way of NULL: the server leaves a JSON value that it takes for equal as it is.
            run(&mut stage.session, &set("NULL")).await;
            run(&mut stage.session, &set(wrong)).await;
            let compared = stage.under_lock(&mut verified).await;
            assert!(compared.is_err(), "{kind}: {wrong} was taken for {value}");
            let said = differs(compared);
            assert!(
                said.contains("(id=1)") && said.contains(&format!("not equal in c{at}")),
                "{said}"
            );
            run(&mut stage.session, &set("NULL")).await;
            run(&mut stage.session, &set(value)).await;
        }
        stage.under_lock(&mut verified).await.unwrap();
    }
}

async fn an_enum_without_a_member_is_not_the_empty_member(database: Database) {
    let make = [
        "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a',''))",
        "SET sql_mode = ''",
        "INSERT INTO t VALUES (1, 'nobody')",
        "SET sql_mode = 'STRICT_ALL_TABLES'",
    ];
    let mut stage = Stage::set(database, "verify_enum", &make, "", "PRIMARY").await;
    let mischief = "UPDATE t__zosc_shadow SET e = ''";
    let said = differs(stage.verify_after(mischief).await);
    assert!(said.contains("not equal in e"), "{said}");
}

on_all!(the_smallest_corruption_of_each_type_is_found);
on_both!(an_enum_without_a_member_is_not_the_empty_member);
