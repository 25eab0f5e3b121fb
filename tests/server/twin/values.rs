//! Values that break when they pass through anything but the server.

use crate::support::place::{Place, played};
use crate::support::story::shape::unique_text;
use crate::support::story::{Story, values};

played! {
    mariadb:
        types_that_only_mariadb_has;
    mariadb_with_triggers:
        compressed_columns;
    on_all_servers:
        json_keeps_its_types;
    everywhere:
        generated_and_invisible_columns,
        zero_dates_times_bits_and_sets,
        defaults_are_expressions,
        floats_keep_their_bits,
        blobs_and_geometry;
}

fn json_keeps_its_types(place: Place) -> Story {
    Story::new("value_json", place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, j JSON, n INT", "")
        .column("j", values::maybe(values::json(place.database)))
        .column("n", values::int(0..=9))
        .alter(place.database.either(
            "ADD COLUMN c INT FIRST, ADD COLUMN d DECIMAL(20, 2) AS (j->'$.d')",
            "ADD COLUMN c INT FIRST, ADD COLUMN d DECIMAL(20, 2) AS (JSON_VALUE(j, '$.d'))",
        ))
}

fn floats_keep_their_bits(place: Place) -> Story {
    Story::new("value_float", place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, f FLOAT, d DOUBLE, n INT", "")
        .column("f", values::float())
        .column("d", values::float())
        .column("n", values::int(0..=9))
        .alter("ADD COLUMN c INT FIRST")
}

fn blobs_and_geometry(place: Place) -> Story {
    Story::new("value_blob", place)
        .table(
            &format!(
                "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, b BLOB, t LONGTEXT, g GEOMETRY, \
             p POINT {}, SPATIAL INDEX (p)",
                place.database.either("NOT NULL SRID 0", "REF_SYSTEM_ID = 0 NOT NULL")
            ),
            "",
        )
        .rows(2_000)
        .column("b", values::maybe(values::bytes(3_000)))
        .column("t", values::unicode())
        .column("g", values::maybe(values::geometry()))
        .column("p", values::one_of(&["POINT(1, 2.5)", "POINT(-0.0, 1e-30)"]))
        .alter("ADD COLUMN c INT FIRST")
}

fn generated_and_invisible_columns(place: Place) -> Story {
    Story::new("value_generated", place)
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT, \
             `virtual` INT AS (n * 2), `stored` INT AS (n + 1) STORED, \
             hidden VARCHAR(40) NOT NULL INVISIBLE DEFAULT 'default', \
             u VARCHAR(20) UNIQUE, INDEX (`virtual`)",
            "",
        )
        .column("n", values::maybe(values::int(0..=999)))
        .column("hidden", values::word())
        .unique("u", unique_text)
        .alter("ADD COLUMN c INT FIRST, MODIFY `stored` BIGINT AS (n + 1) STORED")
}

fn zero_dates_times_bits_and_sets(place: Place) -> Story {
    Story::new("value_zoo", place)
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
}

fn types_that_only_mariadb_has(place: Place) -> Story {
    Story::new("value_mariadb", place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, u UUID, i INET6, f INET4", "")
        .column(
            "u",
            values::one_of(&[
                "NULL",
                "'00000000-0000-0000-0000-000000000000'",
                "'123e4567-e89b-12d3-a456-426655440000'",
            ]),
        )
        .column(
            "i",
            values::one_of(&["NULL", "'::'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'"]),
        )
        .column("f", values::one_of(&["NULL", "'0.0.0.0'", "'192.0.2.255'"]))
        .alter("ADD COLUMN c UUID DEFAULT '123e4567-e89b-12d3-a456-426655440000' FIRST")
}

fn compressed_columns(place: Place) -> Story {
    Story::new("value_compressed", place)
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, t TEXT COMPRESSED, b BLOB COMPRESSED",
            "",
        )
        .column("t", values::text("aäß", 900))
        .column("b", values::bytes(900))
        .alter("ADD COLUMN c INT FIRST")
}

fn defaults_are_expressions(place: Place) -> Story {
    Story::new("value_defaults", place)
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT, \
             e VARCHAR(40) NOT NULL DEFAULT (CONCAT('x', 'y')), o JSON DEFAULT (JSON_ARRAY(1))",
            "",
        )
        .column("n", values::int(0..=9))
        .alter("ADD COLUMN c INT DEFAULT (2 * 21), ADD COLUMN d TEXT DEFAULT ('d')")
}
