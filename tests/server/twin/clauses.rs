//! Clauses that change more than they add.

use crate::support::place::{Place, played};
use crate::support::story::act::Act;
use crate::support::story::shape::{unique_number, unique_text};
use crate::support::story::{Story, values};

played! {
    on_all_servers:
        types_grow;
    everywhere:
        two_columns_exchange_their_names,
        change_renames_a_column,
        the_key_gets_another_name,
        a_column_is_dropped,
        a_column_is_dropped_and_another_of_its_name_added,
        everything_becomes_utf8mb4,
        a_unique_index_is_added,
        generated_columns_are_added,
        checks_are_added,
        rows_get_another_format,
        the_counter_is_set,
        the_counter_outlives_deleted_rows,
        the_table_has_an_odd_name;
}

/// A table that most clauses can be tried on.
fn plain(name: &str, place: Place) -> Story {
    Story::new(name, place)
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT, b INT, v VARCHAR(30) NOT NULL, \
             u VARCHAR(20) UNIQUE",
            "",
        )
        .column("a", values::maybe(values::int(-9..=9)))
        .column("b", values::maybe(values::int(100..=999)))
        .column("v", values::word())
        .unique("u", unique_text)
}

fn change_renames_a_column(place: Place) -> Story {
    plain("clause_change", place)
        .renamed("a", "alpha")
        .new_shape_has("alpha")
        .alter("CHANGE a alpha BIGINT AFTER v")
}

fn two_columns_exchange_their_names(place: Place) -> Story {
    plain("clause_exchange", place)
        .renamed("a", "b")
        .renamed("b", "a")
        .new_shape_has("marker")
        .alter("RENAME COLUMN a TO b, RENAME COLUMN b TO a, ADD COLUMN marker INT")
}

fn the_key_gets_another_name(place: Place) -> Story {
    plain("clause_rename_key", place)
        .renamed("id", "number")
        .renamed("u", "code")
        .new_shape_has("number")
        .alter("RENAME COLUMN id TO number, CHANGE u code VARCHAR(25)")
}

fn a_column_is_dropped(place: Place) -> Story {
    plain("clause_drop", place)
        .retired("a")
        .new_shape_has("marker")
        .alter("DROP COLUMN a, ADD COLUMN marker INT FIRST")
}

fn a_column_is_dropped_and_another_of_its_name_added(place: Place) -> Story {
    plain("clause_drop_add", place)
        .retired("a")
        .new_shape_has("marker")
        .alter("DROP COLUMN a, ADD COLUMN a INT DEFAULT 42, ADD COLUMN marker INT")
}

fn types_grow(place: Place) -> Story {
    Story::new("clause_widen", place)
        .table(
            "id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, n TINYINT, \
             v VARCHAR(30) CHARACTER SET latin1, d DATETIME, f FLOAT, t TINYTEXT",
            "",
        )
        .column("n", values::int(-128..=127))
        .column("v", values::text("aäßÖ€", 20))
        .column("d", values::one_of(&["'2024-03-31 02:30:00'", "NULL"]))
        // Exact in both types: the table has the new one before its twin has it.
        .column("f", values::one_of(&["-0e0", "0.5", "16777216", "-1048576.5", "NULL"]))
        .column("t", values::unicode())
        .alter(
            "MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, MODIFY n BIGINT NOT NULL DEFAULT 0, \
             MODIFY v VARCHAR(300) CHARACTER SET utf8mb4, MODIFY d DATETIME(3), MODIFY f DOUBLE, \
             MODIFY t MEDIUMTEXT",
        )
}

fn everything_becomes_utf8mb4(place: Place) -> Story {
    Story::new("clause_convert", place)
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40), t TEXT, \
             e ENUM('a','b','c'), u VARCHAR(20) UNIQUE",
            "CHARSET latin1",
        )
        .column("v", values::maybe(values::text("aäßÖ€", 20)))
        .column("t", values::text("aäßÖ€", 90))
        .column("e", values::one_of(&["'a'", "'b'", "'c'", "NULL"]))
        .unique("u", unique_text)
        .alter(&place.database.words("CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"))
}

fn a_unique_index_is_added(place: Place) -> Story {
    Story::new("clause_unique", place)
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT, u INT, INDEX u (u)", "")
        .column("v", values::int(0..=9))
        .unique("u", unique_number)
        .alter("DROP INDEX u, ADD UNIQUE INDEX u (u), ADD INDEX (v)")
}

fn generated_columns_are_added(place: Place) -> Story {
    plain("clause_generated", place).alter(
        "ADD COLUMN sum INT AS (a + b) STORED, ADD COLUMN upper VARCHAR(30) AS (UPPER(v)), \
             ADD INDEX (sum), ADD INDEX (upper)",
    )
}

fn checks_are_added(place: Place) -> Story {
    plain("clause_check", place).alter("ADD CHECK (a < 100), ADD CONSTRAINT ours CHECK (b > 0)")
}

fn rows_get_another_format(place: Place) -> Story {
    plain("clause_format", place).alter("ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8, COMMENT='small'")
}

fn the_counter_is_set(place: Place) -> Story {
    // Its twin is told when all is over: a number that was given away and came back would be lost.
    plain("clause_counter", place)
        .acts(&[Act::Update, Act::Move, Act::Delete])
        .alter("AUTO_INCREMENT = 1000000, ADD COLUMN c INT")
}

fn the_counter_outlives_deleted_rows(place: Place) -> Story {
    plain("clause_tail", place)
        .before("DELETE FROM {t} WHERE id > 7000")
        .acts(&[Act::UpdateRange])
        .alter("ADD COLUMN c INT")
}

fn the_table_has_an_odd_name(place: Place) -> Story {
    plain("clause_name", place).named("ta`ble.名 'x").alter("ADD COLUMN c INT")
}
