//! What operators say, a line each: zosc's words, and gh-ost's with gh-ost's meaning. Pure.

use std::path::PathBuf;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::settings::Setting;

/// What was said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) word: Word,
    /// The table that it is meant for, where one is named.
    pub(super) table: Option<String>,
    /// As it was said.
    pub(super) words: String,
}

/// All that can be said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Help,
    Status,
    /// The status in one line.
    Sup,
    Settings,
    Audit,
    /// How far the server's log goes, and capture.
    Coordinates,
    /// The server that is written to.
    Server,
    Read(Setting, Unit),
    Set(Setting, String),
    Throttle,
    NoThrottle,
    Postpone,
    /// The swap need not wait for a word any more, whether it is ready or not.
    NoPostpone,
    /// The swap waits while this file exists; gh-ost makes it at once.
    PostponeByFile(PathBuf),
    CutOver,
    /// What would be in the way of the swap now.
    Preview,
    /// All rows are compared once more.
    Verify,
    Abort,
}

/// In what a value is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// As its flag takes it.
    Own,
    /// Whole milliseconds, without a unit.
    Millis,
}

impl Word {
    /// Whether it changes something.
    pub(super) fn changes(&self) -> bool {
        match self {
            Self::Help
            | Self::Status
            | Self::Sup
            | Self::Settings
            | Self::Audit
            | Self::Coordinates
            | Self::Server
            | Self::Read(..)
            | Self::Preview => false,
            Self::Set(..)
            | Self::Throttle
            | Self::NoThrottle
            | Self::Postpone
            | Self::NoPostpone
            | Self::PostponeByFile(_)
            | Self::CutOver
            | Self::Verify
            | Self::Abort => true,
        }
    }
}

/// A line of text: `word`, `word value` or `word=value`.
pub(super) fn of_text(line: &str) -> Result<Said> {
    let line = line.trim();
    let end = line.find(|letter: char| letter == '=' || letter.is_whitespace());
    let (word, rest) = line.split_at(end.unwrap_or(line.len()));
    // `word = value`, too.
    let rest = rest.trim_start();
    let value = end.map(|_| unquoted(rest.strip_prefix('=').unwrap_or(rest).trim()));
    let is_assigned = rest.starts_with('=');
    said(word, value.filter(|value| is_assigned || !value.is_empty()))
}

/// An object: `{"do":"max-lag","value":"2s"}`; a list of values is as if divided by commas.
pub(super) fn of_json(line: &str) -> Result<Said> {
    let unclear = |why: &str| {
        Error::usage("bad_json", format!("the line is not understood: {why}"))
            .hint(r#"write `{"do":"status"}` or `{"do":"max-lag","value":"2s"}`"#)
    };
    let object: Value = serde_json::from_str(line).map_err(|error| unclear(&error.to_string()))?;
    let word = object["do"].as_str().ok_or_else(|| unclear("`do` must be a word"))?;
    let value = match &object["value"] {
        Value::Null => None,
        Value::Array(all) => {
            let between = if word.ends_with("window") { ";" } else { "," };
            let all: Option<Vec<String>> = all.iter().map(plain).collect();
            Some(all.ok_or_else(|| unclear("`value` is a list of lists"))?.join(between))
        }
        value => Some(plain(value).ok_or_else(|| unclear("`value` is an object"))?),
    };
    said(word, value.as_deref())
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(switch) => Some(if *switch { "on" } else { "off" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// gh-ost takes values in quotes, too.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

fn said(word: &str, value: Option<&str>) -> Result<Said> {
    let words = match value {
        None => word.to_owned(),
        Some("") => format!("{word}="),
        Some(value) => format!("{word} {value}"),
    };
    let (word, table) = meant(word, value)?;
    Ok(Said { word, table, words })
}

/// The word, and the table that it is meant for.
fn meant(word: &str, value: Option<&str>) -> Result<(Word, Option<String>)> {
    let for_table = |meant| Ok((meant, value.map(str::to_owned)));
    let bare = |meant| match value {
        None | Some("" | "?") => Ok((meant, None)),
        Some(_) => Err(Error::usage("takes_no_value", format!("`{word}` takes no value"))),
    };
    match word {
        "" => Err(Error::usage("no_word", "nothing was said").hint("`help` lists the words")),
        "help" => bare(Word::Help),
        "status" | "info" => bare(Word::Status),
        "sup" => bare(Word::Sup),
        "settings" => bare(Word::Settings),
        "audit" => bare(Word::Audit),
        "coordinates" => bare(Word::Coordinates),
        "applier" | "inspector" => bare(Word::Server),
        "verify" => bare(Word::Verify),
        "throttle" | "pause" | "suspend" => for_table(Word::Throttle),
        "no-throttle" | "unthrottle" | "resume" | "continue" => for_table(Word::NoThrottle),
        "postpone" => match value {
            Some("off") => Ok((Word::NoPostpone, None)),
            Some("on") => Ok((Word::Postpone, None)),
            _ => for_table(Word::Postpone),
        },
        "cut-over" | "unpostpone" | "no-postpone" => match value {
            Some("--check" | "check") => Ok((Word::Preview, None)),
            _ => for_table(Word::CutOver),
        },
        "panic" | "abort" => for_table(Word::Abort),
        "cpu-profile" | "dml-batch-size" | "replication-lag-query" => Err(meaningless(word)),
        _ => setting(word, value).map(|word| (word, None)),
    }
}

fn setting(word: &str, value: Option<&str>) -> Result<Word> {
    // gh-ost's names first; none of them is a flag of zosc.
    let (setting, unit) = match word {
        "chunk-size" => (Setting::MaxChunkRows, Unit::Own),
        "nice-ratio" => (Setting::Nice, Unit::Own),
        "max-lag-millis" => (Setting::MaxLag, Unit::Millis),
        "throttle-control-replicas" => (Setting::Replica, Unit::Own),
        "postpone-cut-over-flag-file" => (Setting::PostponeFlagFile, Unit::Own),
        _ => match Setting::of_word(word) {
            Some(setting) => (setting, Unit::Own),
            None => {
                return Err(Error::usage("unknown_word", format!("`{word}` is not known"))
                    .hint("`help` lists the words"));
            }
        },
    };
    Ok(match (value, unit) {
        (None | Some("?"), _) => Word::Read(setting, unit),
        (Some(value), Unit::Own) if word == "postpone-cut-over-flag-file" && !value.is_empty() => {
            Word::PostponeByFile(value.into())
        }
        (Some(value), Unit::Own) => Word::Set(setting, value.to_owned()),
        (Some(value), Unit::Millis) => {
            let millis: u64 = value.parse().map_err(|_| {
                Error::usage("bad_value", format!("`{word}`: it must be a number of milliseconds"))
            })?;
            Word::Set(setting, format!("{millis}ms"))
        }
    })
}

/// gh-ost's words that have nothing to mean here.
fn meaningless(word: &str) -> Error {
    let (why, instead) = match word {
        "dml-batch-size" => (
            "no statement of the application is repeated here: rows are read again, as many at a \
             time as the server takes well",
            "`chunk-time` says how long a statement may take",
        ),
        "replication-lag-query" => (
            "lag is measured by a heartbeat of zosc's own",
            "`replica` and `max-lag` say whose lag counts and how much; `throttle-query` asks \
             anything else",
        ),
        _ => ("zosc has no profiler in it", "use one of the system's, such as `perf`"),
    };
    Error::refused("not_here", format!("`{word}` means nothing here: {why}")).hint(instead)
}

/// What `help` says.
pub(super) const HELP: &str = "\
available words:
status                      # all about the run (info)
sup                         # the same in one line
settings                    # all that can be set, with its value
audit                       # who has changed what
coordinates                 # how far the server's log goes, and how far it is carried over
applier, inspector          # the server
throttle                    # no work until told otherwise (pause, suspend)
no-throttle                 # work goes on, as far as the limits allow (unthrottle, resume, continue)
postpone                    # no swap until told otherwise; also after a crash. `postpone off` takes it back
cut-over                    # swap now that the run is ready and waits (unpostpone, no-postpone)
cut-over --check            # what would be in the way of the swap now
verify                      # while the swap waits: compare all rows once more
abort                       # stop at the next safe place; the same command goes on (panic)
help                        # this
settings, each as `word value` or `word=value`, read by `word` or `word=?`, taken back by `word=`:
workers, chunk-time, max-chunk-rows (chunk-size), nice (nice-ratio), max-lag (max-lag-millis),
replica (throttle-control-replicas), discover-replicas, max-load, critical-load, throttle-query,
throttle-http, throttle-flag-file, window, max-write-latency, max-history, max-capture-lag,
min-disk-free, lock-timeout, max-lock-hold, swap-attempts, postpone-flag-file
(postpone-cut-over-flag-file makes the file, too), cut-over-window
`throttle`, `no-throttle`, `postpone`, `cut-over` and `abort` may name the table (`throttle=orders`):
they are refused when the run changes another.
A line of JSON, {\"do\":\"max-lag\",\"value\":\"2s\"}, is answered by one.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn word(line: &str) -> Word {
        let said = of_text(line).unwrap();
        assert_eq!(said.table, None, "{line}");
        said.word
    }

    fn code(line: &str) -> &'static str {
        of_text(line).unwrap_err().code
    }

    fn set(setting: Setting, value: &str) -> Word {
        Word::Set(setting, value.to_owned())
    }

    #[test]
    fn words_of_gh_ost() {
        for (line, meant) in [
            ("status", Word::Status),
            ("info", Word::Status),
            ("sup", Word::Sup),
            ("help", Word::Help),
            ("coordinates", Word::Coordinates),
            ("coordinates=?", Word::Coordinates),
            ("applier", Word::Server),
            ("inspector", Word::Server),
            ("chunk-size=250", set(Setting::MaxChunkRows, "250")),
            ("chunk-size=?", Word::Read(Setting::MaxChunkRows, Unit::Own)),
            ("nice-ratio=0.5", set(Setting::Nice, "0.5")),
            ("max-lag-millis=1500", set(Setting::MaxLag, "1500ms")),
            ("max-lag-millis=?", Word::Read(Setting::MaxLag, Unit::Millis)),
            ("max-load=Threads_running=25", set(Setting::MaxLoad, "Threads_running=25")),
            ("max-load=", set(Setting::MaxLoad, "")),
            ("critical-load=a=1,b=2", set(Setting::CriticalLoad, "a=1,b=2")),
            ("throttle-query=select 1 = 2", set(Setting::ThrottleQuery, "select 1 = 2")),
            ("throttle-query=\"select 1\"", set(Setting::ThrottleQuery, "select 1")),
            ("throttle-http=http://h/?a=b", set(Setting::ThrottleHttp, "http://h/?a=b")),
            ("throttle-control-replicas=a,b:1", set(Setting::Replica, "a,b:1")),
            ("postpone-cut-over-flag-file=/f", Word::PostponeByFile("/f".into())),
            ("panic", Word::Abort),
            ("unpostpone", Word::CutOver),
            ("no-postpone", Word::CutOver),
            ("cut-over", Word::CutOver),
        ] {
            assert_eq!(word(line), meant, "{line}");
        }
        for line in ["throttle", "pause", "suspend"] {
            assert_eq!(word(line), Word::Throttle);
        }
        for line in ["no-throttle", "unthrottle", "resume", "continue"] {
            assert_eq!(word(line), Word::NoThrottle);
        }
    }

    #[test]
    fn words_of_zosc() {
        for (line, meant) in [
            ("chunk-time 200ms", set(Setting::ChunkTime, "200ms")),
            ("  chunk-time = 200ms \r", set(Setting::ChunkTime, "200ms")),
            ("workers=4", set(Setting::Workers, "4")),
            ("workers", Word::Read(Setting::Workers, Unit::Own)),
            ("max-lag 1s 500ms", set(Setting::MaxLag, "1s 500ms")),
            ("max-load Threads_running=25", set(Setting::MaxLoad, "Threads_running=25")),
            (
                "window Sat,Sun 0:00-9:00;1:00-2:00",
                set(Setting::Window, "Sat,Sun 0:00-9:00;1:00-2:00"),
            ),
            ("cut-over --check", Word::Preview),
            ("cut-over=check", Word::Preview),
            ("postpone", Word::Postpone),
            ("postpone off", Word::NoPostpone),
            ("verify", Word::Verify),
            ("abort", Word::Abort),
        ] {
            assert_eq!(word(line), meant, "{line}");
        }
    }

    #[test]
    fn a_table_may_be_named() {
        for line in ["throttle=orders", "cut-over orders", "panic=orders", "resume=orders"] {
            assert_eq!(of_text(line).unwrap().table.as_deref(), Some("orders"), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_says_why() {
        assert_eq!(code("dml-batch-size=10"), "not_here");
        assert_eq!(code("cpu-profile=30s,gzip"), "not_here");
        assert_eq!(code("replication-lag-query=select 1"), "not_here");
        assert_eq!(code("make-coffee"), "unknown_word");
        assert_eq!(code(""), "no_word");
        assert_eq!(code("sup=3"), "takes_no_value");
        assert_eq!(code("max-lag-millis=1s"), "bad_value");
        assert!(of_text("dml-batch-size").unwrap_err().hints[0].contains("chunk-time"));
    }

    #[test]
    fn json_says_the_same() {
        let json = |line| of_json(line).unwrap().word;
        assert_eq!(json(r#"{"do":"status"}"#), Word::Status);
        assert_eq!(json(r#"{"do":"max-lag","value":"2s"}"#), set(Setting::MaxLag, "2s"));
        assert_eq!(json(r#"{"do":"workers","value":3}"#), set(Setting::Workers, "3"));
        assert_eq!(json(r#"{"do":"replica","value":["a","b"]}"#), set(Setting::Replica, "a,b"));
        let windows = r#"{"do":"cut-over-window","value":["1:00-2:00","3:00-4:00"]}"#;
        assert_eq!(json(windows), set(Setting::CutOverWindow, "1:00-2:00;3:00-4:00"));
        assert_eq!(
            json(r#"{"do":"discover-replicas","value":true}"#),
            set(Setting::DiscoverReplicas, "on")
        );
        assert_eq!(json(r#"{"do":"cut-over","value":"check"}"#), Word::Preview);
        for wrong in ["{", "{}", r#"{"do":3}"#, r#"{"do":"workers","value":{}}"#] {
            assert_eq!(of_json(wrong).unwrap_err().code, "bad_json", "{wrong}");
        }
    }

    #[test]
    fn the_help_names_every_setting() {
        for setting in Setting::ALL {
            assert!(HELP.contains(setting.word()), "{}", setting.word());
        }
    }

    #[test]
    fn only_what_changes_something_is_noted() {
        assert!(word("abort").changes() && word("workers 2").changes());
        assert!(!word("workers=?").changes() && !word("cut-over check").changes());
    }
}
