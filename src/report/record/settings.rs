//! The settings of a run as a report tells them: without accounts, passwords or addresses' secrets.

use serde_json::{Value, json};
use url::Url;
use zosc::settings::{Settings, Threshold};

/// By the names of their flags.
pub(super) fn told(settings: &Settings) -> Value {
    let Settings { effort, limits, swap } = settings;
    let time = |duration| humantime::format_duration(duration).to_string();
    let words = |all: &[Threshold]| all.iter().map(Threshold::to_string).collect::<Vec<_>>();
    let replicas: Vec<&str> =
        limits.replicas.named.iter().map(|replica| replica.name.as_str()).collect();
    json!({
        "workers": effort.workers,
        "chunk-time": time(effort.chunk_time),
        "max-chunk-rows": effort.max_chunk_rows,
        "nice": effort.nice,
        "max-lag": time(limits.max_lag),
        "replica": replicas,
        "discover-replicas": limits.replicas.discover,
        "max-load": words(&limits.max_load),
        "critical-load": words(&limits.critical_load),
        "throttle-query": limits.query,
        "throttle-http": limits.http.as_ref().and_then(Url::host_str),
        "throttle-flag-file": limits.flag_files,
        "lock-timeout": time(swap.lock_timeout),
        "max-lock-hold": time(swap.max_hold),
        "swap-attempts": swap.attempts,
    })
}
