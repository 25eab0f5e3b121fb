//! Values of settings as people write them: checked here, whether they come from flags, option files
//! or the control socket. An error says what would be right.

use std::time::Duration;

use url::Url;

/// More connections than this only get in each other's way.
const MAX_WORKERS: usize = 64;

/// A number of workers.
pub fn workers(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|workers| (1..=MAX_WORKERS).contains(workers))
        .ok_or_else(|| format!("it must be a number from 1 to {MAX_WORKERS}"))
}

/// A number of rows.
pub fn rows(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|rows| *rows > 0)
        .ok_or_else(|| "it must be a number from 1".to_owned())
}

/// A number of attempts.
pub fn attempts(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|attempts| *attempts > 0)
        .ok_or_else(|| "it must be a number from 1".to_owned())
}

/// A time such as `500ms` or `2s`.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration >= Duration::from_millis(1) => Ok(duration),
        Ok(_) => Err("it must be at least 1ms".to_owned()),
        Err(error) => Err(format!("{error}; write it as `500ms` or `2s`")),
    }
}

/// How many times as long to rest.
pub fn nice(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|ratio| (0.0..=100.0).contains(ratio))
        .ok_or_else(|| "it must be a number from 0 to 100".to_owned())
}

/// An address to ask.
pub fn http(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
        .ok_or_else(|| "it must be an address that begins with http:// or https://".to_owned())
}

/// A number of bytes, such as `10GiB` or `500MB`.
pub fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 9] = [
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("tib", 1 << 40),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
        ("tb", 1_000_000_000_000),
        ("", 1),
    ];
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).trim();
    let unit = text[digits.len()..].trim();
    let factor = UNITS.into_iter().find(|(known, _)| *known == unit).map(|(_, factor)| factor);
    let number: Option<u64> = digits.parse().ok();
    number
        .zip(factor)
        .and_then(|(number, factor)| number.checked_mul(factor))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "it must be a size such as 10GiB or 500MB".to_owned())
}

/// On or off, as people say it.
pub fn switch(text: &str) -> Result<bool, String> {
    match text.trim() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("it must be `on` or `off`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("1s 500ms").unwrap(), Duration::from_millis(1500));
        assert!(duration("100").unwrap_err().contains("500ms"));
        assert!(duration("0s").is_err());
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("10GiB").unwrap(), 10 << 30);
        assert_eq!(bytes("500 mb").unwrap(), 500_000_000);
        assert_eq!(bytes("7").unwrap(), 7);
        for wrong in ["", "GiB", "0", "-1", "1.5GB", "99999999TiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
