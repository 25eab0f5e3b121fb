//! Random values as SQL literals.

use std::fmt::Write as _;

pub use fastrand::Rng;

use crate::support::mysqld::Database;

/// Makes a literal.
pub type Make = Box<dyn Fn(&mut Rng) -> String + Send + Sync>;

/// Whole numbers.
pub fn int(range: std::ops::RangeInclusive<i64>) -> Make {
    Box::new(move |random| random.i64(range.clone()).to_string())
}

/// One of these literals.
pub fn one_of(literals: &'static [&'static str]) -> Make {
    Box::new(move |random| literals[random.usize(..literals.len())].to_owned())
}

/// NULL now and then.
pub fn maybe(make: Make) -> Make {
    Box::new(move |random| if random.u8(..5) == 0 { "NULL".to_owned() } else { make(random) })
}

/// A string of up to `longest` characters of `alphabet`, which must hold no quote and no backslash.
pub fn text(alphabet: &'static str, longest: usize) -> Make {
    let alphabet: Vec<char> = alphabet.chars().collect();
    Box::new(move |random| {
        let length = random.usize(..=longest);
        let text: String = (0..length).map(|_| alphabet[random.usize(..alphabet.len())]).collect();
        format!("'{text}'")
    })
}

/// ASCII words.
pub fn word() -> Make {
    text("abcdefgh ABCDEFGH0123", 30)
}

/// Characters of one to four bytes.
pub fn unicode() -> Make {
    text("aAäÄßéñ Ω中日🙂", 30)
}

/// Bytes, NUL and trailing zeros among them.
pub fn bytes(longest: usize) -> Make {
    Box::new(move |random| {
        let length = random.usize(..=longest);
        let mut literal = String::from("X'");
        for _ in 0..length {
            let byte = if random.bool() { 0 } else { random.u8(..) };
            write!(literal, "{byte:02x}").unwrap();
        }
        literal + "'"
    })
}

/// A double of any magnitude, minus zero among them; also fits a FLOAT.
pub fn float() -> Make {
    Box::new(move |random| match random.u8(..8) {
        0 => "-0e0".to_owned(),
        1 => "16777216".to_owned(),
        _ => {
            let exponent = random.i32(-30..=30);
            format!("{:.9}e{exponent}", random.f64().mul_add(2.0, -1.0))
        }
    })
}

/// A decimal with `scale` digits after the point and up to `whole` before it.
pub fn decimal(whole: u32, scale: usize) -> Make {
    Box::new(move |random| {
        let sign = if random.bool() { "-" } else { "" };
        let before = random.u64(..10_u64.pow(whole));
        let after = random.u64(..10_u64.pow(u32::try_from(scale).unwrap()));
        format!("{sign}{before}.{after:0scale$}")
    })
}

/// A moment of this century, with microseconds.
pub fn moment() -> Make {
    Box::new(|random| format!("'{} {}'", day(random), time_of_day(random)))
}

/// A date; zero dates and days without a month or day among them.
pub fn date() -> Make {
    Box::new(|random| match random.u8(..5) {
        0 => "'0000-00-00'".to_owned(),
        1 => "'2020-00-00'".to_owned(),
        _ => format!("'{}'", day(random)),
    })
}

fn day(random: &mut Rng) -> String {
    format!("20{:02}-{:02}-{:02}", random.u8(1..=37), random.u8(1..=12), random.u8(1..=28))
}

fn time_of_day(random: &mut Rng) -> String {
    let (hour, minute, second) = (random.u8(..24), random.u8(..60), random.u8(..60));
    format!("{hour:02}:{minute:02}:{second:02}.{:06}", random.u32(..1_000_000))
}

/// JSON with what a round trip through text would lose: decimals, moments, binary strings.
///
/// `MariaDB` has only text: there, what a rewriting of the text would lose.
pub fn json(database: Database) -> Make {
    Box::new(move |random| {
        let number = random.u32(..100_000);
        match random.u8(..4) {
            2 | 3 if !database.is_mysql() => {
                format!("' {{ \"d\": {number}.50, \"d\":\"\\\\u00fc\" ,\"t\":[ ] }} '")
            }
            0 => format!("JSON_ARRAY({number}, 0.1, -0e0, NULL, TRUE, 'ü')"),
            1 => format!("'{{\"a\": {number}.5, \"big\": 18446744073709551615}}'"),
            2 => format!("CAST(CAST('{number}.10' AS DECIMAL(20, 2)) AS JSON)"),
            _ => format!(
                "JSON_OBJECT('d', CAST('{number}.50' AS DECIMAL(20, 2)), \
                 't', CAST('{}' AS DATETIME(6)), 'b', CAST(X'00ff' AS BINARY))",
                day(random)
            ),
        }
    })
}

/// Points, and polygons in another reference system.
pub fn geometry() -> Make {
    Box::new(|random| {
        let (x, y) = (random.i32(-80..80), random.i32(-80..80));
        if random.bool() {
            format!("ST_GeomFromText('POINT({x}.25 {y})')")
        } else {
            format!("ST_GeomFromText('POLYGON(({x} {y}, {x} 89, 89 89, {x} {y}))', 4326)")
        }
    })
}
