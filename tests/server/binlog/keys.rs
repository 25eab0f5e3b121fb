//! The keys decoded from the log are the keys that the server returns, for every type.

use fastrand::Rng;
use zosc::schema::hex;

use super::bench::Bench;
use crate::support::each::{on_all, on_both};
use crate::support::mysqld::{Database, Mysqld};

on_all!(keys_of_every_type_are_what_the_server_returns);
on_both!(a_key_of_several_columns_comes_in_its_own_order);

/// Rows for each type.
const ROWS: usize = 60;

/// A type and a maker of literals for it.
type Case = (String, Box<dyn Fn(&mut Rng) -> String>);

async fn keys_of_every_type_are_what_the_server_returns(database: Database) {
    let server = Mysqld::start(database, &[]);
    let mut bench = Bench::at(&server.url(), database, "binlog_keys").await;
    let seed = fastrand::u64(..);
    let mut rng = Rng::with_seed(seed);
    for (number, (column_type, literal)) in cases(database).into_iter().enumerate() {
        let table = format!("t{number}");
        bench
            .run(&format!(
                "CREATE TABLE {table} (a VARCHAR(300) CHARACTER SET utf8mb4, j JSON, b BIT(3), \
                 s SET('x','y','z'), y YEAR, k {column_type} NOT NULL, z LONGBLOB, \
                 d DECIMAL(20,5), g POINT, f FLOAT, w DOUBLE, t TINYTEXT, h CHAR(200), \
                 x INT AS (d + 1) VIRTUAL, i BIGINT UNSIGNED INVISIBLE, n TIME(3), {} \
                 p MEDIUMTEXT AS (CONCAT(t, 'x')) STORED, PRIMARY KEY (k))",
                own_columns(database)
            ))
            .await;
        let watched = bench.watched(&table, &["k"]).await;
        let mut running = bench.capture(&watched).await;
        for _ in 0..ROWS {
            let value = literal(&mut rng);
            let filling = if rng.bool() {
                "'', '[1, {\"a\": 2}]', 5, 'x,z', 0, '', -1.5, POINT(1, 2), 0.1, 1e300, \
                 'tiny', 'h', 18446744073709551615, '-1:02:03.456'"
            } else {
                "REPEAT('é', 300), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
                 NULL, NULL, NULL"
            };
            bench
                .run(&format!(
                    "INSERT IGNORE INTO {table} (a, j, b, s, y, z, d, g, f, w, t, h, i, n, k) \
                     VALUES ({filling}, {value})"
                ))
                .await;
        }
        let inserted = bench.settled(&mut running).await;
        let returned = bench.keys_in(&watched).await;
        assert!(returned.len() > 1, "{column_type}: too few rows");
        assert_eq!(sorted(inserted.keys), returned, "{column_type} inserted, seed {seed}");
        bench.finds_each(&watched, &returned).await;
        bench.run(&format!("UPDATE {table} SET d = 7, t = 'x', a = NULL")).await;
        let updated = bench.settled(&mut running).await;
        assert_eq!(sorted(updated.keys), returned, "{column_type} updated, seed {seed}");
        bench.run(&format!("DELETE FROM {table}")).await;
        let deleted = bench.settled(&mut running).await;
        assert_eq!(sorted(deleted.keys), returned, "{column_type} deleted, seed {seed}");
        running.stop().await;
    }
}

/// Columns of types that only this server has.
fn own_columns(database: Database) -> &'static str {
    match database {
        Database::Mysql => "v VECTOR(3) DEFAULT (TO_VECTOR('[1,2,3]')),",
        Database::Mariadb => {
            "u UUID DEFAULT UUID(), q INET6 DEFAULT '::1', e INET4 DEFAULT '1.2.3.4', \
             vc VARCHAR(100) COMPRESSED DEFAULT REPEAT('c', 100), \
             vl VARCHAR(255) COMPRESSED DEFAULT REPEAT('c', 255), \
             bc BLOB COMPRESSED DEFAULT REPEAT('b', 1000),"
        }
        Database::Mariadb118 => {
            "u UUID DEFAULT UUID(), q INET6 DEFAULT '::1', \
             v VECTOR(3) DEFAULT VEC_FromText('[1,2,3]'), \
             tc MEDIUMTEXT COMPRESSED DEFAULT REPEAT('b', 1000),"
        }
    }
}

async fn a_key_of_several_columns_comes_in_its_own_order(database: Database) {
    let mut bench = Bench::new(database, "binlog_composite").await;
    bench
        .run(
            "CREATE TABLE t (b VARCHAR(9) NOT NULL, x JSON, a MEDIUMINT NOT NULL, \
             c DATETIME(3) NOT NULL, PRIMARY KEY (a, c, b))",
        )
        .await;
    let watched = bench.watched("t", &["a", "c", "b"]).await;
    let mut running = bench.capture(&watched).await;
    bench
        .run(
            "INSERT INTO t VALUES ('x', '{}', -3, '2024-02-29 01:02:03.456'), \
             ('y ', NULL, 3, '0000-00-00')",
        )
        .await;
    let delivered = bench.settled(&mut running).await;
    let before = bench.keys_in(&watched).await;
    assert_eq!(sorted(delivered.keys), before);
    bench.finds_each(&watched, &before).await;
    bench.run("UPDATE t SET c = '2025-01-01' WHERE a = -3").await;
    let mut delivered = bench.settled(&mut running).await.keys;
    let after = bench.keys_in(&watched).await;
    assert_eq!(delivered.len(), 2, "the old key and the new one");
    assert!(before.contains(&delivered.remove(1)) && after.contains(&delivered.remove(0)));
    running.stop().await;
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

fn cases(database: Database) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |column_type: &str, literal: Box<dyn Fn(&mut Rng) -> String>| {
        cases.push((column_type.to_owned(), literal));
    };
    for (name, bits) in
        [("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)]
    {
        add(name, Box::new(move |rng| whole(rng, bits, true).to_string()));
        add(&format!("{name} UNSIGNED"), Box::new(move |rng| whole(rng, bits, false).to_string()));
    }
    add("INT UNSIGNED ZEROFILL", Box::new(|rng| whole(rng, 32, false).to_string()));
    add("YEAR", Box::new(|rng| if rng.u8(..) < 40 { 0 } else { rng.u32(1901..=2155) }.to_string()));
    for bits in [1, 9, 33, 64] {
        add(&format!("BIT({bits})"), Box::new(move |rng| whole(rng, bits, false).to_string()));
    }
    for (digits, scale, extra) in [
        (5, 2, ""),
        (65, 30, ""),
        (10, 0, ""),
        (9, 9, ""),
        (18, 9, ""),
        (19, 10, " UNSIGNED"),
        (12, 3, " UNSIGNED ZEROFILL"),
        (5, 5, " ZEROFILL"),
    ] {
        let negative = extra.is_empty();
        add(
            &format!("DECIMAL({digits},{scale}){extra}"),
            Box::new(move |rng| decimal(rng, digits, scale, negative)),
        );
    }
    add("DATE", Box::new(|rng| format!("'{}'", date(rng))));
    for fsp in [0, 1, 2, 3, 5, 6] {
        add(&format!("TIME({fsp})"), Box::new(time));
        add(&format!("DATETIME({fsp})"), Box::new(|rng| format!("'{} {}'", date(rng), clock(rng))));
        add(&format!("TIMESTAMP({fsp})"), Box::new(move |rng| timestamp(rng, database)));
    }
    add("ENUM('a','b','c')", Box::new(|rng| rng.u8(0..=3).to_string()));
    let members: Vec<String> = (0..300).map(|member| format!("'m{member}'")).collect();
    add(&format!("ENUM({})", members.join(",")), Box::new(|rng| rng.u16(1..=300).to_string()));
    for (column_type, charset) in [
        ("CHAR(10)", "latin1"),
        ("CHAR(255)", "utf8mb4"),
        ("CHAR(64)", "utf8mb3"),
        ("CHAR(5)", "utf16"),
        ("VARCHAR(50)", "utf8mb4"),
        ("VARCHAR(255)", "latin1"),
        ("VARCHAR(256)", "latin1"),
        ("VARCHAR(100)", "gbk"),
        ("VARCHAR(30)", "sjis"),
        ("VARCHAR(20)", "utf32"),
        ("VARCHAR(700)", "utf8mb4"),
    ] {
        add(
            &format!("{column_type} CHARACTER SET {charset}"),
            Box::new(move |rng| string(rng, charset)),
        );
    }
    for column_type in ["BINARY(8)", "BINARY(255)", "VARBINARY(20)", "VARBINARY(300)"] {
        add(column_type, Box::new(bytes));
    }
    cases
}

/// A random number of so many bits; often an extreme one.
fn whole(rng: &mut Rng, bits: u32, signed: bool) -> i128 {
    let all = 1_i128 << bits;
    let (low, high) = if signed { (-all / 2, all / 2 - 1) } else { (0, all - 1) };
    match rng.u8(0..6) {
        0 => low,
        1 => high,
        2 => (-1).max(low),
        3 => 0,
        _ => low + i128::from(rng.u64(..)) % (high - low + 1),
    }
}

fn decimal(rng: &mut Rng, digits: usize, scale: usize, negative: bool) -> String {
    let mut side = |most: usize| {
        let length = rng.usize(0..=most);
        (0..length).map(|_| if rng.bool() { '0' } else { rng.char('0'..='9') }).collect::<String>()
    };
    let (whole, fraction) = (side(digits - scale), side(scale));
    let sign = if negative && rng.bool() { "-" } else { "" };
    format!("{sign}0{whole}.{fraction}0")
}

fn date(rng: &mut Rng) -> String {
    match rng.u8(0..6) {
        0 => "0000-00-00".to_owned(),
        1 => "9999-12-31".to_owned(),
        2 => format!("{:04}-{:02}-00", rng.u16(1..=9999), rng.u8(0..=12)),
        _ => format!("{:04}-{:02}-{:02}", rng.u16(0..=9999), rng.u8(1..=12), rng.u8(1..=28)),
    }
}

fn clock(rng: &mut Rng) -> String {
    let (h, m, s) = (rng.u8(0..24), rng.u8(0..60), rng.u8(0..60));
    format!("{h:02}:{m:02}:{s:02}.{:06}", rng.u32(0..1_000_000))
}

fn time(rng: &mut Rng) -> String {
    let sign = if rng.bool() { "-" } else { "" };
    let hour = if rng.bool() { 0 } else { rng.u16(0..=838) };
    let (m, s) = (rng.u8(0..=59), rng.u8(0..=59));
    format!("'{sign}{hour:02}:{m:02}:{s:02}.{:06}'", rng.u32(0..1_000_000))
}

fn timestamp(rng: &mut Rng, database: Database) -> String {
    let last = if database == Database::Mariadb118 { u32::MAX } else { 0x7FFF_FFFF };
    match rng.u8(0..5) {
        0 => "'0000-00-00'".to_owned(),
        1 => format!("FROM_UNIXTIME({last})"),
        _ => format!("FROM_UNIXTIME({}.{:06})", rng.u32(1..last), rng.u32(0..999_999)),
    }
}

fn string(rng: &mut Rng, charset: &str) -> String {
    let alphabet: Vec<char> = match charset {
        "latin1" => "aB é'\\ü ".chars().collect(),
        "gbk" | "sjis" => "aB 表ソ能\\' ".chars().collect(),
        _ => "aB é表\\'ß ".chars().collect(),
    };
    let length = rng.usize(0..12);
    let text: String = (0..length).map(|_| alphabet[rng.usize(..alphabet.len())]).collect();
    format!("CONVERT(_utf8mb4 X'{}' USING {charset})", hex(text.as_bytes()))
}

fn bytes(rng: &mut Rng) -> String {
    let length = rng.usize(0..=8);
    let bytes: Vec<u8> = (0..length).map(|_| if rng.bool() { 0 } else { rng.u8(..) }).collect();
    format!("X'{}'", hex(&bytes))
}
