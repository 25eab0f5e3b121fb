//! From the words of flags and option files to values that the library takes, each checked in one
//! place.

use std::time::Duration;

use url::Url;
use zosc::capture::Mode;
use zosc::mysql::TlsMode;
use zosc::swap::Way;

use crate::report::Format;

/// The journal's schema unless told otherwise.
pub(crate) const JOURNAL_SCHEMA: &str = "_zosc";

/// More connections than this only get in each other's way.
const MAX_WORKERS: usize = 64;

/// A number of workers.
pub(crate) fn workers(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|workers| (1..=MAX_WORKERS).contains(workers))
        .ok_or_else(|| format!("it must be a number from 1 to {MAX_WORKERS}"))
}

/// A number of rows.
pub(crate) fn rows(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|rows| *rows > 0)
        .ok_or_else(|| "it must be a number from 1".to_owned())
}

/// A number of attempts.
pub(crate) fn attempts(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|attempts| *attempts > 0)
        .ok_or_else(|| "it must be a number from 1".to_owned())
}

/// A time such as `500ms` or `2s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration >= Duration::from_millis(1) => Ok(duration),
        Ok(_) => Err("it must be at least 1ms".to_owned()),
        Err(error) => Err(format!("{error}; write it as `500ms` or `2s`")),
    }
}

/// A mode of TLS.
pub(crate) fn ssl_mode(text: &str) -> Result<TlsMode, String> {
    TlsMode::of_word(text)
        .ok_or_else(|| format!("it must be one of {}", TlsMode::ALL.map(TlsMode::word).join(", ")))
}

/// One of several ways, or the plan's choice among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice<T> {
    Auto,
    Only(T),
}

impl<T: Copy> Choice<T> {
    fn of_word<const N: usize>(
        text: &str,
        all: [T; N],
        word: impl Fn(T) -> &'static str,
    ) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        all.into_iter()
            .find(|known| word(*known) == text)
            .map(Self::Only)
            .ok_or_else(|| format!("it must be one of auto, {}", all.map(word).join(", ")))
    }

    pub(crate) fn only(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Only(way) => Some(way),
        }
    }
}

/// Where changed keys come from.
pub(crate) fn capture(text: &str) -> Result<Choice<Mode>, String> {
    Choice::of_word(text, Mode::ALL, Mode::word)
}

/// How the tables are exchanged.
pub(crate) fn swap(text: &str) -> Result<Choice<Way>, String> {
    Choice::of_word(text, Way::ALL, Way::word)
}

/// A format of output.
pub(crate) fn format(text: &str) -> Result<Format, String> {
    match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("it must be `text` or `json`".to_owned()),
    }
}

/// How many times as long to rest.
pub(crate) fn nice(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|ratio| (0.0..=100.0).contains(ratio))
        .ok_or_else(|| "it must be a number from 0 to 100".to_owned())
}

/// An address to ask.
pub(crate) fn http(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
        .ok_or_else(|| "it must be an address that begins with http:// or https://".to_owned())
}

/// A number of bytes, such as `10GiB` or `500MB`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
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
