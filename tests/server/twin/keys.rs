//! Keys of every type that zosc accepts.

use crate::support::place::{Place, played};
use crate::support::story::act::Act;
use crate::support::story::shape::{unique_number, unique_text};
use crate::support::story::{Story, values};

played! {
    on_all_servers:
        a_bigint_that_the_server_numbers,
        a_uuid_with_trailing_zero_bytes;
    everywhere:
        a_datetime_and_a_timestamp,
        an_int_and_a_word_without_case_and_accents,
        an_enum_out_of_alphabetical_order_and_bits,
        an_unsigned_int_from_zero_to_its_maximum,
        a_bigint_unsigned_above_the_signed_range,
        a_mediumint_below_zero,
        a_latin1_word_with_umlauts_and_padding,
        a_latin1_word_that_becomes_utf8mb4,
        a_binary_collation_that_becomes_a_case_insensitive_one,
        a_char_that_is_padded,
        a_varbinary_whose_values_are_each_others_prefixes,
        a_decimal_below_and_above_zero,
        a_date_the_zero_date_among_them,
        a_time_below_zero_and_a_year,
        a_unique_key_and_no_primary_key,
        another_primary_key_and_a_shared_unique_key;
    mysql:
        a_primary_key_that_the_server_generates;
}

/// Letters and digits that spell a slot; no two slots look alike to any collation.
fn word(slot: u64) -> String {
    const LETTERS: &[u8; 10] = b"bcdfghjklm";
    slot.to_string().bytes().map(|digit| char::from(LETTERS[usize::from(digit - b'0')])).collect()
}

/// The same word as collations without case see it.
fn cased(slot: u64, spelling: usize) -> String {
    if spelling.is_multiple_of(2) { word(slot) } else { word(slot).to_uppercase() }
}

fn a_bigint_that_the_server_numbers(place: Place) -> Story {
    Story::new("key_bigint", place)
        .of_texts()
        .alter("ADD COLUMN c INT NOT NULL DEFAULT 7 FIRST, ADD COLUMN d VARCHAR(9) AFTER id")
}

fn an_unsigned_int_from_zero_to_its_maximum(place: Place) -> Story {
    Story::new("key_unsigned", place)
        .table("id INT UNSIGNED NOT NULL PRIMARY KEY, v INT, u BIGINT UNIQUE", "")
        .key(["id"], |slot| {
            let half = slot / 2;
            [if slot % 2 == 0 { half } else { u64::from(u32::MAX) - half }.to_string()]
        })
        .column("v", values::int(-5..=5))
        .unique("u", unique_number)
        .alter("MODIFY id BIGINT UNSIGNED NOT NULL, MODIFY v BIGINT")
}

fn a_bigint_unsigned_above_the_signed_range(place: Place) -> Story {
    Story::new("key_huge", place)
        .table("id BIGINT UNSIGNED NOT NULL PRIMARY KEY, v INT", "")
        .key(["id"], |slot| [(u64::MAX - slot * 1_000_000_007).to_string()])
        .column("v", values::int(-5..=5))
        .alter("ADD INDEX (v)")
}

fn a_mediumint_below_zero(place: Place) -> Story {
    Story::new("key_mediumint", place)
        .table("id MEDIUMINT NOT NULL PRIMARY KEY, v INT, gone INT DEFAULT 3", "")
        .key(["id"], |slot| [(i64::try_from(slot).unwrap() * 1_100 - 8_388_608).to_string()])
        .clustered()
        .column("v", values::int(-5..=5))
        .alter("DROP COLUMN gone")
}

fn an_int_and_a_word_without_case_and_accents(place: Place) -> Story {
    Story::new("key_composite_text", place)
        .table(
            "a INT NOT NULL, b VARCHAR(30) NOT NULL, v VARCHAR(40), u VARCHAR(20) UNIQUE, \
             PRIMARY KEY (a, b)",
            &place.database.words("COLLATE utf8mb4_0900_ai_ci"),
        )
        .key_spelled(["a", "b"], 3, |slot, spelling| {
            let text = if spelling == 2 {
                format!("'ä{}'", word(slot))
            } else {
                format!("'a{}'", cased(slot, spelling))
            };
            [(slot % 17).to_string(), text]
        })
        .column("v", values::maybe(values::unicode()))
        .unique("u", unique_text)
        .alter("ADD COLUMN c INT")
}

fn a_latin1_word_with_umlauts_and_padding(place: Place) -> Story {
    Story::new("key_latin1", place)
        .table("k VARCHAR(40) NOT NULL PRIMARY KEY, v VARCHAR(30)", "CHARSET latin1")
        .key_spelled(["k"], 4, |slot, spelling| {
            let padding = if spelling < 2 { "" } else { "  " };
            [format!("'ÄÖßñé{}{padding}'", cased(slot, spelling))]
        })
        .column("v", values::text("aäßÖ€", 20))
        .alter("ADD COLUMN c INT")
}

fn a_latin1_word_that_becomes_utf8mb4(place: Place) -> Story {
    Story::new("key_latin1_convert", place)
        .table("k VARCHAR(40) NOT NULL PRIMARY KEY, v VARCHAR(30)", "CHARSET latin1")
        .key(["k"], |slot| [format!("'Äß{}é'", word(slot))])
        .column("v", values::text("aäßÖ€", 20))
        .alter("CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
}

fn a_binary_collation_that_becomes_a_case_insensitive_one(place: Place) -> Story {
    Story::new("key_collation", place)
        .table(
            "k VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, v INT",
            "",
        )
        .key(["k"], |slot| [format!("'{}'", cased(slot, usize::from(slot % 3 == 0)))])
        .column("v", values::int(0..=9))
        .alter(&place.database.words(
            "MODIFY k VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci NOT NULL",
        ))
}

fn a_char_that_is_padded(place: Place) -> Story {
    Story::new("key_char", place)
        .table("k CHAR(20) NOT NULL PRIMARY KEY, v VARCHAR(30)", "COLLATE utf8mb4_general_ci")
        .key_spelled(["k"], 4, |slot, spelling| {
            let padding = if spelling < 2 { "" } else { " " };
            [format!("'{}{padding}'", cased(slot, spelling))]
        })
        .column("v", values::word())
        .alter("ROW_FORMAT=COMPACT, ADD INDEX (v)")
}

fn a_uuid_with_trailing_zero_bytes(place: Place) -> Story {
    Story::new("key_binary", place)
        .table("k BINARY(16) NOT NULL PRIMARY KEY, v VARBINARY(30), n INT", "")
        .key(["k"], |slot| {
            // Up to fourteen zero bytes at the end.
            let head = slot.wrapping_mul(0x9E37_79B9) & 0xFFFF;
            let (low, high) = (slot & 0xFF, slot >> 8);
            if slot % 2 == 0 {
                [format!("X'{high:02x}{low:02x}{}'", "0".repeat(28))]
            } else {
                [format!("X'{high:02x}{low:02x}{head:04x}{}ff00'", "0".repeat(20))]
            }
        })
        .column("v", values::bytes(30))
        .column("n", values::int(0..=9))
        .alter("ADD COLUMN c INT AFTER k, ADD INDEX (n)")
}

fn a_varbinary_whose_values_are_each_others_prefixes(place: Place) -> Story {
    Story::new("key_varbinary", place)
        .table("k VARBINARY(20) NOT NULL PRIMARY KEY, v VARBINARY(30)", "")
        .key(["k"], |slot| [format!("X'{:04x}{}'", slot / 10, "00".repeat((slot % 10) as usize))])
        .column("v", values::bytes(30))
        .alter("ADD COLUMN length INT AS (LENGTH(v)) VIRTUAL, ADD INDEX (length)")
}

fn a_decimal_below_and_above_zero(place: Place) -> Story {
    Story::new("key_decimal", place)
        .table("k DECIMAL(14, 4) NOT NULL PRIMARY KEY, v DECIMAL(8, 3)", "")
        .key(["k"], |slot| {
            let sign = if slot % 2 == 0 { "-" } else { "" };
            [format!("{sign}{}.{:04}", slot * 7_919, slot % 10_000)]
        })
        .column("v", values::decimal(5, 3))
        .alter("MODIFY v DECIMAL(20, 6), ADD CHECK (k <> 0.5)")
}

fn a_datetime_and_a_timestamp(place: Place) -> Story {
    Story::new("key_moments", place)
        .table(
            "a DATETIME(6) NOT NULL, b TIMESTAMP(3) NOT NULL, v VARCHAR(30), PRIMARY KEY (a, b)",
            "",
        )
        .session("SET SESSION time_zone = '-03:30'")
        .key(["a", "b"], |slot| {
            [
                format!("('2001-02-03 04:05:06.000007' + INTERVAL {} MINUTE)", slot % 50),
                format!("('2024-10-27 00:30:00.125' + INTERVAL {slot} MINUTE)"),
            ]
        })
        .column("v", values::word())
        .alter("ADD COLUMN c INT")
}

fn a_date_the_zero_date_among_them(place: Place) -> Story {
    Story::new("key_date", place)
        .table("d DATE NOT NULL PRIMARY KEY, v DATE, y YEAR", "")
        .key(["d"], |slot| {
            [if slot == 0 {
                "'0000-00-00'".to_owned()
            } else {
                format!("('1995-01-01' + INTERVAL {slot} DAY)")
            }]
        })
        .column("v", values::date())
        .column("y", values::one_of(&["1901", "2155", "0", "2026"]))
        .alter("ADD COLUMN c DATETIME DEFAULT '2000-01-01'")
}

fn a_time_below_zero_and_a_year(place: Place) -> Story {
    Story::new("key_time", place)
        .table("y YEAR NOT NULL, t TIME(2) NOT NULL, v INT, PRIMARY KEY (y, t)", "")
        .key(["y", "t"], |slot| {
            let sign = if slot % 2 == 0 { "-" } else { "" };
            let year = if slot % 3 == 0 { 0 } else { 1_901 + slot % 255 };
            let (hour, minute, second) = (slot / 3_600, slot / 60 % 60, slot % 60);
            [year.to_string(), format!("'{sign}{hour:02}:{minute:02}:{second:02}.05'")]
        })
        .column("v", values::int(0..=9))
        .alter("ADD COLUMN c INT")
}

fn an_enum_out_of_alphabetical_order_and_bits(place: Place) -> Story {
    Story::new("key_enum", place)
        .table(
            "e ENUM('zebra','apple','mango') NOT NULL, b BIT(17) NOT NULL, n SMALLINT NOT NULL, \
             v ENUM('a','b','c'), s SET('x','y','z'), PRIMARY KEY (e, b, n)",
            "",
        )
        .key(["e", "b", "n"], |slot| {
            let member = ["'mango'", "'zebra'", "'apple'"][(slot % 3) as usize];
            [member.to_owned(), (slot % 70_000).to_string(), (slot % 100).to_string()]
        })
        .column("v", values::maybe(values::one_of(&["'a'", "'b'", "'c'"])))
        .column("s", values::one_of(&["''", "'x'", "'x,z'", "'x,y,z'"]))
        .alter("MODIFY v ENUM('c','d','a','b'), MODIFY s SET('x','y','z','w')")
}

fn a_unique_key_and_no_primary_key(place: Place) -> Story {
    Story::new("key_unique", place)
        .table(
            "a INT NOT NULL, b VARCHAR(20) NOT NULL, maybe INT, v VARCHAR(30), \
             UNIQUE KEY nullable (maybe, v), UNIQUE KEY ours (b, a)",
            "",
        )
        .key(["a", "b"], |slot| [(slot % 40).to_string(), format!("'{}'", word(slot))])
        .column("v", values::word())
        .alter("ADD COLUMN c INT FIRST")
}

fn another_primary_key_and_a_shared_unique_key(place: Place) -> Story {
    Story::new("key_changes", place)
        .table(
            "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, code INT NOT NULL, v VARCHAR(30), \
             UNIQUE KEY code (code)",
            "",
        )
        // What one writer owns lies together: the server locks what is beside a value that comes back.
        .key(["code"], |slot| [(slot % 4 * 1_000_000 + slot * 3).to_string()])
        .column("v", values::word())
        // For many rows the server would rather read them all than look each up in this index.
        .acts(&[Act::Insert, Act::Update, Act::Move, Act::Delete, Act::DeleteThenInsert])
        // The numbers would differ between the table and its twin.
        .alter("DROP PRIMARY KEY, DROP COLUMN id, ADD PRIMARY KEY (code, v)")
}

fn a_primary_key_that_the_server_generates(place: Place) -> Story {
    Story::new("key_generated", place)
        .session("SET SESSION sql_generate_invisible_primary_key = ON")
        .table("v VARCHAR(30), u VARCHAR(20) UNIQUE", "")
        .numbered("my_row_id")
        .column("v", values::word())
        .unique("u", unique_text)
        .alter("ADD COLUMN c INT FIRST")
}
