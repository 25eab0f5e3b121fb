//! Values that break when they pass through anything but the server.

use crate::support::story::shape::unique_text;
use crate::support::story::{Story, values};

#[test]
fn json_keeps_its_types() {
    Story::new("value_json")
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, j JSON, n INT", "")
        .column("j", values::maybe(values::json()))
        .column("n", values::int(0..=9))
        .alter("ADD COLUMN c INT FIRST, ADD COLUMN d DECIMAL(20, 2) AS (j->'$.d')")
        .run();
}

#[test]
fn floats_keep_their_bits() {
    Story::new("value_float")
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, f FLOAT, d DOUBLE, n INT", "")
        .column("f", values::float())
        .column("d", values::float())
        .column("n", values::int(0..=9))
        .alter("ADD COLUMN c INT FIRST")
        .run();
}

#[test]
fn blobs_and_geometry() {
    Story::new("value_blob")
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, b BLOB, t LONGTEXT, g GEOMETRY, \
             p POINT NOT NULL SRID 0, SPATIAL INDEX (p)",
            "",
        )
        .rows(2_000)
        .column("b", values::maybe(values::bytes(3_000)))
        .column("t", values::unicode())
        .column("g", values::maybe(values::geometry()))
        .column("p", values::one_of(&["POINT(1, 2.5)", "POINT(-0.0, 1e-30)"]))
        .alter("ADD COLUMN c INT FIRST")
        .run();
}

#[test]
fn generated_and_invisible_columns() {
    Story::new("value_generated")
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT, \
             `virtual` INT AS (n * 2), `stored` INT AS (n + 1) STORED, \
             hidden VARCHAR(40) NOT NULL DEFAULT 'default' INVISIBLE, \
             u VARCHAR(20) UNIQUE, INDEX (`virtual`)",
            "",
        )
        .column("n", values::maybe(values::int(0..=999)))
        .column("hidden", values::word())
        .unique("u", unique_text)
        .alter("ADD COLUMN c INT FIRST, MODIFY `stored` BIGINT AS (n + 1) STORED")
        .run();
}

#[test]
fn zero_dates_times_bits_and_sets() {
    Story::new("value_zoo")
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, d DATE, m DATETIME(6), s TIMESTAMP(6) NULL, \
             t TIME(3), y YEAR, b BIT(40), e SET('a','b','c'), x DECIMAL(30, 10)",
            "",
        )
        .session("SET SESSION time_zone = '+05:45'")
        .column("d", values::date())
        .column("m", values::moment())
        .column("s", values::maybe(values::moment()))
        .column("t", values::one_of(&["'-838:59:59'", "'00:00:00.001'", "'-00:00:01.5'"]))
        .column("y", values::one_of(&["0", "1901", "2155", "NULL"]))
        .column("b", values::int(0..=0xFF_FFFF_FFFF))
        .column("e", values::one_of(&["''", "'a,c'", "NULL"]))
        .column("x", values::decimal(18, 10))
        .alter("ADD COLUMN c TIMESTAMP NULL DEFAULT '2001-01-01', MODIFY s TIMESTAMP(6) NULL")
        .run();
}
