//! Clauses that change more than they add.

use crate::support::story::book::Act;
use crate::support::story::shape::{unique_number, unique_text};
use crate::support::story::{Story, values};

/// A table that most clauses can be tried on.
fn plain(name: &'static str) -> Story {
    Story::new(name)
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

#[test]
fn change_renames_a_column() {
    plain("clause_change")
        .renamed("a", "alpha")
        .new_shape_has("alpha")
        .alter("CHANGE a alpha BIGINT AFTER v")
        .run();
}

#[test]
fn two_columns_exchange_their_names() {
    plain("clause_exchange")
        .renamed("a", "b")
        .renamed("b", "a")
        .new_shape_has("marker")
        .alter("RENAME COLUMN a TO b, RENAME COLUMN b TO a, ADD COLUMN marker INT")
        .run();
}

#[test]
fn the_key_gets_another_name() {
    plain("clause_rename_key")
        .renamed("id", "number")
        .renamed("u", "code")
        .new_shape_has("number")
        .alter("RENAME COLUMN id TO number, CHANGE u code VARCHAR(25)")
        .run();
}

#[test]
fn a_column_is_dropped() {
    plain("clause_drop")
        .retired("a")
        .new_shape_has("marker")
        .alter("DROP COLUMN a, ADD COLUMN marker INT FIRST")
        .run();
}

#[test]
fn a_column_is_dropped_and_another_of_its_name_added() {
    plain("clause_drop_add")
        .retired("a")
        .new_shape_has("marker")
        .alter("DROP COLUMN a, ADD COLUMN a INT DEFAULT 42, ADD COLUMN marker INT")
        .run();
}

#[test]
fn types_grow() {
    Story::new("clause_widen")
        .table(
            "id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, n TINYINT, \
             v VARCHAR(30) CHARACTER SET latin1, d DATETIME, f FLOAT, t TINYTEXT",
            "",
        )
        .rows(4_000)
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
        .run();
}

#[test]
fn everything_becomes_utf8mb4() {
    Story::new("clause_convert")
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40), t TEXT, \
             e ENUM('a','b','c'), u VARCHAR(20) UNIQUE",
            "CHARSET latin1",
        )
        .column("v", values::maybe(values::text("aäßÖ€", 20)))
        .column("t", values::text("aäßÖ€", 90))
        .column("e", values::one_of(&["'a'", "'b'", "'c'", "NULL"]))
        .unique("u", unique_text)
        .alter("CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci")
        .run();
}

#[test]
fn a_unique_index_is_added() {
    Story::new("clause_unique")
        .table("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT, u INT, INDEX u (u)", "")
        .column("v", values::int(0..=9))
        .unique("u", unique_number)
        .alter("DROP INDEX u, ADD UNIQUE INDEX u (u), ADD INDEX (v)")
        .run();
}

#[test]
fn generated_columns_are_added() {
    plain("clause_generated")
        .alter(
            "ADD COLUMN sum INT AS (a + b) STORED, ADD COLUMN upper VARCHAR(30) AS (UPPER(v)), \
             ADD INDEX (sum), ADD INDEX (upper)",
        )
        .run();
}

#[test]
fn checks_are_added() {
    plain("clause_check").alter("ADD CHECK (a < 100), ADD CONSTRAINT ours CHECK (b > 0)").run();
}

#[test]
fn rows_get_another_format() {
    plain("clause_format").alter("ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8, COMMENT='small'").run();
}

#[test]
fn the_counter_is_set() {
    plain("clause_counter").alter("AUTO_INCREMENT = 1000000, ADD COLUMN c INT").run();
}

#[test]
fn the_counter_outlives_deleted_rows() {
    plain("clause_tail")
        .before("DELETE FROM {t} WHERE id > 12000")
        .acts(&[Act::UpdateRange])
        .alter("ADD COLUMN c INT")
        .run();
}

#[test]
fn the_table_has_an_odd_name() {
    plain("clause_name").named("ta`ble.名 'x").alter("ADD COLUMN c INT").run();
}
