//! From what flags and option files say to numbers that the library takes, each checked in one place.

use std::time::Duration;

use zosc::capture::Mode;
use zosc::error::Result;
use zosc::mysql::{Entry, TlsMode};
use zosc::settings::{Effort, Settings, SwapBounds};
use zosc::swap::Way;

use super::args::Tuning;
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

    fn only(self) -> Option<T> {
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

/// What `[zosc]` says beside the connection.
#[derive(Debug, Default)]
pub(crate) struct FromFile {
    pub(crate) tuning: Tuning,
    pub(crate) journal_schema: Option<String>,
}

impl FromFile {
    /// Takes the lines; one that is not known is an error, because a misspelt safety setting must
    /// not look like one that works.
    pub(crate) fn read(entries: &[&Entry]) -> Result<Self> {
        let mut file = Self::default();
        for entry in entries {
            file.take(entry)?;
        }
        Ok(file)
    }

    fn take(&mut self, entry: &Entry) -> Result<()> {
        fn read<T>(entry: &Entry, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>> {
            parse(entry.value()?).map(Some).map_err(|reason| entry.flaw(&reason))
        }
        let tuning = &mut self.tuning;
        match entry.name.as_str() {
            "allow" => {
                tuning.allow =
                    entry.value()?.split(',').map(|rule| rule.trim().to_owned()).collect();
            }
            "capture" => tuning.capture = read(entry, capture)?,
            "swap" => tuning.swap = read(entry, swap)?,
            "workers" => tuning.workers = read(entry, workers)?,
            "chunk-time" => tuning.chunk_time = read(entry, duration)?,
            "max-chunk-rows" => tuning.max_chunk_rows = read(entry, rows)?,
            "lock-timeout" => tuning.lock_timeout = read(entry, duration)?,
            "max-lock-hold" => tuning.max_lock_hold = read(entry, duration)?,
            "swap-attempts" => tuning.swap_attempts = read(entry, attempts)?,
            "journal-schema" => self.journal_schema = read(entry, super::name::schema)?,
            _ if entry.loose => {}
            _ => {
                return Err(entry
                    .flaw("zosc knows no such setting")
                    .hint("correct it, or write `loose-` before it to have it passed over"));
            }
        }
        Ok(())
    }
}

impl Tuning {
    /// This where it says something, `weaker` elsewhere.
    pub(crate) fn or(self, weaker: Self) -> Self {
        Self {
            allow: if self.allow.is_empty() { weaker.allow } else { self.allow },
            capture: self.capture.or(weaker.capture),
            swap: self.swap.or(weaker.swap),
            workers: self.workers.or(weaker.workers),
            chunk_time: self.chunk_time.or(weaker.chunk_time),
            max_chunk_rows: self.max_chunk_rows.or(weaker.max_chunk_rows),
            lock_timeout: self.lock_timeout.or(weaker.lock_timeout),
            max_lock_hold: self.max_lock_hold.or(weaker.max_lock_hold),
            swap_attempts: self.swap_attempts.or(weaker.swap_attempts),
        }
    }

    /// What the run obeys as it begins.
    pub(crate) fn settings(&self) -> Settings {
        Settings { effort: self.effort(), swap: self.swap_bounds(), ..Settings::default() }
    }

    fn effort(&self) -> Effort {
        let default = Effort::default();
        Effort {
            workers: self.workers.unwrap_or(default.workers),
            chunk_time: self.chunk_time.unwrap_or(default.chunk_time),
            max_chunk_rows: self.max_chunk_rows.unwrap_or(default.max_chunk_rows),
            ..default
        }
    }

    /// `None` leaves the choice to the plan.
    pub(crate) fn capture(&self) -> Option<Mode> {
        self.capture.and_then(Choice::only)
    }

    /// `None` leaves the choice to the plan.
    pub(crate) fn swap_way(&self) -> Option<Way> {
        self.swap.and_then(Choice::only)
    }

    fn swap_bounds(&self) -> SwapBounds {
        let default = SwapBounds::default();
        SwapBounds {
            lock_timeout: self.lock_timeout.unwrap_or(default.lock_timeout),
            max_hold: self.max_lock_hold.unwrap_or(default.max_hold),
            attempts: self.swap_attempts.unwrap_or(default.attempts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value: &str, loose: bool) -> Entry {
        Entry { name: name.into(), value: Some(value.into()), loose, origin: "my.cnf:7".into() }
    }

    #[test]
    fn flags_win_over_files_setting_by_setting() {
        let lines = [entry("workers", "4", false), entry("chunk-time", "250ms", false)];
        let file = FromFile::read(&lines.iter().collect::<Vec<_>>()).unwrap();
        let flags = Tuning { workers: Some(2), ..Tuning::default() };
        let effort = flags.or(file.tuning).effort();
        assert_eq!((effort.workers, effort.chunk_time), (2, Duration::from_millis(250)));
    }

    #[test]
    fn an_unknown_setting_is_an_error_unless_loose() {
        let error = FromFile::read(&[&entry("wrokers", "4", false)]).unwrap_err();
        assert!(error.message.contains("my.cnf:7: `wrokers`"), "{}", error.message);
        FromFile::read(&[&entry("wrokers", "4", true)]).unwrap();
        assert!(FromFile::read(&[&entry("workers", "0", false)]).is_err());
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("1s 500ms").unwrap(), Duration::from_millis(1500));
        assert!(duration("100").unwrap_err().contains("500ms"));
        assert!(duration("0s").is_err());
    }
}
