//! Numbers as people read them.

use std::time::Duration;

/// `1200000` as `1,200,000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes with a unit.
#[allow(clippy::cast_precision_loss)] // one decimal is shown
pub fn bytes(number: u64) -> String {
    let mut rest = number as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if rest < 1024.0 {
            return if unit == "bytes" {
                format!("{number} bytes")
            } else {
                format!("{rest:.1} {unit}")
            };
        }
        rest /= 1024.0;
    }
    format!("{rest:.1} TiB")
}

/// Whole seconds as `1h 2m 3s`.
pub fn seconds(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

/// A fraction as per cent; rounded down, so that 100 means all.
pub fn percent(fraction: f64) -> f64 {
    (fraction * 1000.0).floor() / 10.0
}

/// A fraction as programs read it.
pub fn fraction(fraction: f64) -> f64 {
    (fraction * 10_000.0).floor() / 10_000.0
}

/// Rounded to one decimal.
pub fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// A rate without decimals.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
pub fn rate(rows_per_second: f64) -> String {
    format!("{} rows/s", thousands(rows_per_second.max(0.0).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 2048, 734_003_200].map(bytes), ["0 bytes", "2.0 KiB", "700.0 MiB"]);
        assert_eq!(
            [1.0 / 3.0, 0.9999, 1.0].map(|it| percent(it).to_string()),
            ["33.3", "99.9", "100"]
        );
        assert_eq!(fraction(2.0 / 3.0).to_string(), "0.6666");
        assert_eq!(rate(9100.4), "9,100 rows/s");
        assert_eq!(seconds(79), "1m 19s");
    }
}
