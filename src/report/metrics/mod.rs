//! What a run is doing, in the words of Prometheus (`OpenMetrics` text).

mod server;

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use zosc::event::{Progress, Stage};
use zosc::status::Status;

pub(crate) use server::Metrics;

type Labels = Vec<(&'static str, String)>;
type Number = Gauge<f64, AtomicU64>;
type Sum = Counter<f64, AtomicU64>;

/// A page of metrics: those that are known.
fn page(status: &Status, now: SystemTime) -> Result<String, fmt::Error> {
    let mut page = Page { registry: Registry::with_labels(common(status).into_iter()) };
    page.info();
    page.stages(status.stage);
    if let Some(progress) = &status.progress {
        page.progress(progress);
    }
    page.rest(status, now);
    page.swap(status);
    let mut text = String::new();
    encode(&mut text, &page.registry)?;
    Ok(text)
}

/// What every series bears.
fn common(status: &Status) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    let run = status.run.map(|run| ("run".into(), run.to_string().into()));
    let table = status.table.clone().map(|table| ("table".into(), table.into()));
    run.into_iter().chain(table).collect()
}

struct Page {
    registry: Registry,
}

impl Page {
    fn info(&mut self) {
        let version = ("version", env!("CARGO_PKG_VERSION").to_owned());
        self.gauge("zosc_build", "The program", vec![(vec![version], 1.0)]);
    }

    fn stages(&mut self, now: Option<Stage>) {
        let each = Stage::ALL.map(|stage| {
            let is_now = f64::from(u8::from(Some(stage) == now));
            (of_stage(stage), is_now)
        });
        self.gauge("zosc_stage", "1 for the stage that goes on", each.to_vec());
    }

    #[allow(clippy::cast_precision_loss)] // as all of Prometheus' numbers
    fn progress(&mut self, progress: &Progress) {
        let Progress { stage, rows, rows_estimate, rows_per_second, backlog, .. } = progress;
        let mut of_stage = |name, help, value: f64| {
            self.gauge(name, help, vec![(self::of_stage(*stage), value)]);
        };
        of_stage("zosc_rows_done", "Rows done in the stage", *rows as f64);
        of_stage("zosc_rows_estimate", "Rows that there may be", *rows_estimate as f64);
        of_stage("zosc_rows_per_second", "In the last half minute", *rows_per_second);
        of_stage("zosc_workers", "Workers that may work", progress.workers as f64);
        of_stage("zosc_chunk_rows", "Rows of the next chunk", progress.chunk_rows as f64);
        if let Some(fraction) = progress.fraction {
            let exact = ("exact", progress.exact.to_string());
            let labels = self::of_stage(*stage).into_iter().chain([exact]).collect();
            let help =
                "How much of the stage is done, 0 to 1; exact: by the key, not by statistics";
            self.gauge("zosc_done_ratio", help, vec![(labels, fraction)]);
        }
        if let Some(left) = progress.eta_seconds {
            let labels = self::of_stage(*stage);
            self.seconds("zosc_left", "Until the stage is done", vec![(labels, left as f64)]);
        }
        let nothing = Labels::new();
        self.gauge("zosc_backlog_keys", "Keys not carried over", vec![(nothing, *backlog as f64)]);
        let lag = progress.lag_ms as f64 / 1000.0;
        self.seconds("zosc_capture_lag", "Capture behind the server", vec![(Labels::new(), lag)]);
    }

    fn rest(&mut self, status: &Status, now: SystemTime) {
        let (reason, rests) = match &status.throttled {
            Some(why) => (why.reason.clone(), 1.0),
            None => ("none".to_owned(), 0.0),
        };
        let labels = vec![("reason", reason)];
        self.gauge("zosc_throttled", "1 while work rests", vec![(labels, rests)]);
        let present = status.throttled.as_ref();
        let present = present.and_then(|why| now.duration_since(why.since).ok());
        let rested = (status.rested + present.unwrap_or_default()).as_secs_f64();
        self.sum(
            "zosc_throttled",
            "For how long work has rested",
            true,
            vec![(Labels::new(), rested)],
        );
    }

    #[allow(clippy::cast_precision_loss)] // as all of Prometheus' numbers
    fn swap(&mut self, status: &Status) {
        let mut ends: Vec<(Labels, f64)> = Vec::new();
        let mut locked = 0.0;
        for attempt in &status.attempts {
            locked += attempt.locked_ms as f64 / 1000.0;
            let labels = vec![("outcome", attempt.outcome.clone())];
            match ends.iter_mut().find(|(known, _)| *known == labels) {
                Some((_, times)) => *times += 1.0,
                None => ends.push((labels, 1.0)),
            }
        }
        self.sum("zosc_swap_attempts", "Attempts at the swap", false, ends);
        let locked = vec![(Labels::new(), locked)];
        self.sum("zosc_locked", "From asking for the swap's lock to giving it back", true, locked);
    }

    fn gauge(&mut self, name: &str, help: &str, values: Vec<(Labels, f64)>) {
        self.registry.register(name, help, gauges(values));
    }

    fn seconds(&mut self, name: &str, help: &str, values: Vec<(Labels, f64)>) {
        self.registry.register_with_unit(name, help, Unit::Seconds, gauges(values));
    }

    fn sum(&mut self, name: &str, help: &str, is_time: bool, values: Vec<(Labels, f64)>) {
        let family = Family::<Labels, Sum>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).inc_by(value);
        }
        if is_time {
            self.registry.register_with_unit(name, help, Unit::Seconds, family);
        } else {
            self.registry.register(name, help, family);
        }
    }
}

fn gauges(values: Vec<(Labels, f64)>) -> Family<Labels, Number> {
    let family = Family::<Labels, Number>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    family
}

fn of_stage(stage: Stage) -> Labels {
    vec![("stage", stage.short().to_owned())]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus_parse::{Scrape, Value};
    use zosc::status::{Attempt, Why};

    use super::*;

    #[test]
    #[allow(clippy::float_cmp)]
    fn a_page_is_read_by_another_s_parser() {
        let since = SystemTime::UNIX_EPOCH;
        let attempt = |number, outcome: &str, locked_ms| Attempt {
            number,
            outcome: outcome.to_owned(),
            locked_ms,
            blockers: Vec::new(),
        };
        let status = Status {
            run: Some(7),
            table: Some("shop.\"or\\ders\"".to_owned()),
            stage: Some(Stage::Copy),
            throttled: Some(Why { reason: "load".into(), detail: String::new(), since }),
            rested: Duration::from_secs(10),
            attempts: vec![
                attempt(1, "lost", 500),
                attempt(2, "lost", 0),
                attempt(3, "granted", 20),
            ],
            ..Status::default()
        };
        let text = page(&status, since + Duration::from_secs(5)).unwrap();
        let lines = text.lines().map(|line| Ok(line.to_owned()));
        let scrape = Scrape::parse(lines).unwrap();
        let value = |name: &str, label: Option<(&str, &str)>| {
            let found = scrape.samples.iter().find(|sample| {
                sample.metric == name
                    && label.is_none_or(|(key, value)| sample.labels.get(key) == Some(value))
            });
            let sample = found.unwrap_or_else(|| panic!("{name} is missing: {text}"));
            assert_eq!(sample.labels.get("run"), Some("7"), "{text}");
            match sample.value {
                Value::Gauge(value) | Value::Counter(value) | Value::Untyped(value) => value,
                ref other => panic!("{name}: {other:?}"),
            }
        };
        assert_eq!(value("zosc_stage", Some(("stage", "copy"))), 1.0);
        assert_eq!(value("zosc_stage", Some(("stage", "swap"))), 0.0);
        assert_eq!(value("zosc_throttled", Some(("reason", "load"))), 1.0);
        assert_eq!(value("zosc_throttled_seconds_total", None), 15.0);
        assert_eq!(value("zosc_swap_attempts_total", Some(("outcome", "lost"))), 2.0);
        assert_eq!(value("zosc_locked_seconds_total", None), 0.52);
    }
}
