//! Every setting by its name: read and set anew while a run goes on, by the rules of its flag.

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::{Replica, Settings, Threshold, Window, read};
use crate::mysql::Connection;

/// A setting that may change while a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // their words say what they are
pub enum Setting {
    Workers,
    ChunkTime,
    MaxChunkRows,
    Nice,
    MaxLag,
    Replica,
    DiscoverReplicas,
    MaxLoad,
    CriticalLoad,
    ThrottleQuery,
    ThrottleHttp,
    ThrottleFlagFile,
    Window,
    MaxWriteLatency,
    MaxHistory,
    MaxCaptureLag,
    MinDiskFree,
    LockTimeout,
    MaxLockHold,
    SwapAttempts,
    PostponeFlagFile,
    CutOverWindow,
}

impl Setting {
    /// In the order of the help.
    pub const ALL: [Self; 22] = [
        Self::Workers,
        Self::ChunkTime,
        Self::MaxChunkRows,
        Self::Nice,
        Self::MaxLag,
        Self::Replica,
        Self::DiscoverReplicas,
        Self::MaxLoad,
        Self::CriticalLoad,
        Self::ThrottleQuery,
        Self::ThrottleHttp,
        Self::ThrottleFlagFile,
        Self::Window,
        Self::MaxWriteLatency,
        Self::MaxHistory,
        Self::MaxCaptureLag,
        Self::MinDiskFree,
        Self::LockTimeout,
        Self::MaxLockHold,
        Self::SwapAttempts,
        Self::PostponeFlagFile,
        Self::CutOverWindow,
    ];

    /// Its flag, without the dashes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::ChunkTime => "chunk-time",
            Self::MaxChunkRows => "max-chunk-rows",
            Self::Nice => "nice",
            Self::MaxLag => "max-lag",
            Self::Replica => "replica",
            Self::DiscoverReplicas => "discover-replicas",
            Self::MaxLoad => "max-load",
            Self::CriticalLoad => "critical-load",
            Self::ThrottleQuery => "throttle-query",
            Self::ThrottleHttp => "throttle-http",
            Self::ThrottleFlagFile => "throttle-flag-file",
            Self::Window => "window",
            Self::MaxWriteLatency => "max-write-latency",
            Self::MaxHistory => "max-history",
            Self::MaxCaptureLag => "max-capture-lag",
            Self::MinDiskFree => "min-disk-free",
            Self::LockTimeout => "lock-timeout",
            Self::MaxLockHold => "max-lock-hold",
            Self::SwapAttempts => "swap-attempts",
            Self::PostponeFlagFile => "postpone-flag-file",
            Self::CutOverWindow => "cut-over-window",
        }
    }

    /// By its flag's name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.word() == word)
    }

    /// Its value, as it may be written; empty when it is not set.
    pub fn value(self, settings: &Settings) -> String {
        let Settings { effort, limits, swap, cut_over } = settings;
        match self {
            Self::Workers => effort.workers.to_string(),
            Self::ChunkTime => time(effort.chunk_time),
            Self::MaxChunkRows => effort.max_chunk_rows.to_string(),
            Self::Nice => effort.nice.to_string(),
            Self::MaxLag => time(limits.max_lag),
            Self::Replica => list(limits.replicas.named.iter().map(|replica| &replica.name), ","),
            Self::DiscoverReplicas => {
                if limits.replicas.discover { "on" } else { "off" }.to_owned()
            }
            Self::MaxLoad => list(&limits.max_load, ","),
            Self::CriticalLoad => list(&limits.critical_load, ","),
            Self::ThrottleQuery => limits.query.clone().unwrap_or_default(),
            Self::ThrottleHttp => limits.http.as_ref().map(for_everybody).unwrap_or_default(),
            Self::ThrottleFlagFile => {
                list(limits.flag_files.iter().map(|file| file.display()), ",")
            }
            Self::Window => list(&limits.windows, ";"),
            Self::MaxWriteLatency => limits.max_write_latency.map(time).unwrap_or_default(),
            Self::MaxHistory => limits.max_history.map(|most| most.to_string()).unwrap_or_default(),
            Self::MaxCaptureLag => time(limits.max_capture_lag),
            Self::MinDiskFree => {
                limits.min_disk_free.map(|least| least.to_string()).unwrap_or_default()
            }
            Self::LockTimeout => time(swap.lock_timeout),
            Self::MaxLockHold => time(swap.max_hold),
            Self::SwapAttempts => swap.attempts.to_string(),
            Self::PostponeFlagFile => {
                let file = cut_over.flag_file.as_ref();
                file.map(|file| file.display().to_string()).unwrap_or_default()
            }
            Self::CutOverWindow => list(&cut_over.windows, ";"),
        }
    }

    /// Sets it anew, as its flag would: an empty value or `none` takes back what need not be set.
    /// Replicas have the account of `primary` where they name no other.
    pub fn set(
        self,
        settings: &mut Settings,
        text: &str,
        primary: &Connection,
    ) -> Result<(), String> {
        let Settings { effort, limits, swap, cut_over } = settings;
        let text = text.trim();
        let given = Some(text).filter(|text| !text.is_empty() && *text != "none");
        let rest = given.unwrap_or_default();
        match self {
            Self::Workers => effort.workers = read::workers(text)?,
            Self::ChunkTime => effort.chunk_time = read::duration(text)?,
            Self::MaxChunkRows => effort.max_chunk_rows = read::rows(text)?,
            Self::Nice => effort.nice = read::nice(text)?,
            Self::MaxLag => limits.max_lag = read::duration(text)?,
            Self::Replica => {
                limits.replicas.named = items(rest, ',', |address| {
                    Replica::at(address, primary).map_err(|error| error.message)
                })?;
            }
            Self::DiscoverReplicas => limits.replicas.discover = read::switch(text)?,
            Self::MaxLoad => limits.max_load = Threshold::list(rest)?,
            Self::CriticalLoad => limits.critical_load = Threshold::list(rest)?,
            Self::ThrottleQuery => limits.query = given.map(str::to_owned),
            Self::ThrottleHttp => limits.http = given.map(read::http).transpose()?,
            Self::ThrottleFlagFile => {
                limits.flag_files = items(rest, ',', |file| Ok(PathBuf::from(file)))?;
            }
            Self::Window => limits.windows = windows(rest)?,
            Self::MaxWriteLatency => {
                limits.max_write_latency = given.map(read::duration).transpose()?;
            }
            Self::MaxHistory => limits.max_history = given.map(read::rows).transpose()?,
            Self::MaxCaptureLag => limits.max_capture_lag = read::duration(text)?,
            Self::MinDiskFree => limits.min_disk_free = given.map(read::bytes).transpose()?,
            Self::LockTimeout => swap.lock_timeout = read::duration(text)?,
            Self::MaxLockHold => swap.max_hold = read::duration(text)?,
            Self::SwapAttempts => swap.attempts = read::attempts(text)?,
            Self::PostponeFlagFile => cut_over.flag_file = given.map(PathBuf::from),
            Self::CutOverWindow => cut_over.windows = windows(rest)?,
        }
        Ok(())
    }
}

/// An address as everybody may read it: an account or a query may be a secret.
fn for_everybody(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // They fail for addresses that cannot have an account.
    if url.set_username("").is_ok() && url.set_password(None).is_ok() {
        return url.to_string();
    }
    url.host_str().unwrap_or_default().to_owned()
}

fn time(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

fn list<T: Display>(all: impl IntoIterator<Item = T>, between: &str) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(between)
}

fn items<T>(
    text: &str,
    between: char,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    text.split(between).map(str::trim).filter(|one| !one.is_empty()).map(read).collect()
}

fn windows(text: &str) -> Result<Vec<Window>, String> {
    items(text, ';', str::parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::Login;

    fn primary() -> Connection {
        Login::from_url("mysql://a@b").unwrap().connection().unwrap()
    }

    #[test]
    fn what_is_set_reads_back() {
        let mut settings = Settings::default();
        for (word, text, value) in [
            ("workers", "4", "4"),
            ("chunk-time", "200ms", "200ms"),
            ("max-chunk-rows", "10", "10"),
            ("nice", "0.7", "0.7"),
            ("max-lag", "1s 500ms", "1s 500ms"),
            ("replica", "db2, db3:3307", "db2:3306,db3:3307"),
            ("discover-replicas", "on", "on"),
            (
                "max-load",
                "Threads_running=25,Threads_connected=9",
                "Threads_running=25,Threads_connected=9",
            ),
            ("critical-load", "Threads_running=90", "Threads_running=90"),
            ("throttle-query", "SELECT 1 = 2", "SELECT 1 = 2"),
            ("throttle-http", "http://u:pw@h:1/p?token=t#f", "http://h:1/p"),
            ("throttle-flag-file", "/a,/b", "/a,/b"),
            ("window", "22:00-06:00;Sat,Sun 00:00-24:00", "22:00-06:00;Sat,Sun 00:00-24:00"),
            ("max-write-latency", "5ms", "5ms"),
            ("max-history", "7", "7"),
            ("max-capture-lag", "3s", "3s"),
            ("min-disk-free", "1KiB", "1024"),
            ("lock-timeout", "2s", "2s"),
            ("max-lock-hold", "4s", "4s"),
            ("swap-attempts", "3", "3"),
            ("postpone-flag-file", "/p", "/p"),
            ("cut-over-window", "01:00-02:00", "01:00-02:00"),
        ] {
            let setting = Setting::of_word(word).expect(word);
            setting.set(&mut settings, text, &primary()).expect(word);
            assert_eq!(setting.value(&settings), value, "{word}");
        }
        for word in ["replica", "max-load", "throttle-http", "window", "max-history"] {
            let setting = Setting::of_word(word).unwrap();
            setting.set(&mut settings, "", &primary()).unwrap();
            assert_eq!(setting.value(&settings), "", "{word} is taken back");
        }
    }

    #[test]
    fn what_the_flag_refuses_is_refused() {
        let mut settings = Settings::default();
        let before = settings.clone();
        for (word, text) in [
            ("workers", "0"),
            ("chunk-time", "100"),
            ("max-lag", ""),
            ("nice", "-1"),
            ("max-load", "x"),
            ("throttle-http", "ftp://h"),
            ("discover-replicas", "maybe"),
            ("cut-over-window", "1-2"),
        ] {
            let setting = Setting::of_word(word).unwrap();
            assert!(setting.set(&mut settings, text, &primary()).is_err(), "{word}");
        }
        assert_eq!(settings, before);
    }
}
