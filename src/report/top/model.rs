//! What a run has told in the last minutes, as series and as it is now. Pure.

use std::collections::VecDeque;

use serde_json::Value;

use super::super::numbers::{percent, seconds, thousands};

/// Curves go back so many seconds.
const SPAN: f64 = 300.0;
/// A run that has been silent for longer is told to be.
const SILENCE: f64 = 3.0;

/// Numbers by time, in seconds since the view was opened; the oldest first.
#[derive(Debug, Default)]
pub(super) struct Series(VecDeque<(f64, f64)>);

/// Everything that is drawn.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// Seconds since the view was opened.
    now: f64,
    /// When the run answered last.
    heard: f64,
    table: String,
    run: Option<u64>,
    server: String,
    pub(super) state: String,
    pub(super) stage: String,
    /// Why it does not work as fast as it might, or what it waits for.
    pub(super) reason: Option<String>,
    /// 0 to 1.
    pub(super) fraction: Option<f64>,
    exact: bool,
    rows: u64,
    eta: Option<u64>,
    backlog: u64,
    workers: u64,
    chunk_rows: u64,
    /// Rows a second.
    pub(super) rate: Series,
    /// Seconds that capture is behind.
    pub(super) lag: Series,
    /// Seconds that the slowest replica is behind.
    pub(super) replicas: Series,
    /// Milliseconds that a chunk takes.
    pub(super) chunk: Series,
    /// Milliseconds that a writing statement of the application takes.
    pub(super) writes: Series,
    /// The newest last.
    pub(super) warnings: Vec<String>,
    /// Who has said what, the newest last.
    pub(super) commands: Vec<String>,
    /// To the last key.
    pub(super) said: String,
}

impl Series {
    fn note(&mut self, at: f64, number: Option<f64>) {
        self.0.extend(number.map(|number| (at, number)));
        while self.0.front().is_some_and(|(then, _)| at - then > SPAN) {
            self.0.pop_front();
        }
    }

    /// Where the series goes on to the present.
    pub(super) fn last(&self) -> Option<f64> {
        self.0.back().map(|(_, number)| *number)
    }

    pub(super) fn points(&self) -> Vec<(f64, f64)> {
        self.0.iter().copied().collect()
    }

    pub(super) fn most(&self) -> f64 {
        self.0.iter().map(|(_, number)| *number).fold(0.0, f64::max)
    }
}

impl Model {
    /// The run has answered to `status`.
    pub(crate) fn see(&mut self, at: f64, status: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        (self.now, self.heard) = (at, at);
        self.table = text(&status["table"]);
        self.server = text(&status["server"]);
        self.run = status["run"].as_u64();
        self.state = text(&status["state"]);
        self.reason = reason(status);
        self.warnings = list(&status["warnings"]).map(|it| text(&it["message"])).collect();
        let stage = status["stage"].as_str().unwrap_or_default();
        let (progress, measured) = (&status["progress"], &status["measured"]);
        // What a stage has told last says nothing of the next one.
        let is_of_now = progress["stage"] == *stage;
        stage_word(stage).clone_into(&mut self.stage);
        self.fraction = progress["fraction"].as_f64().filter(|_| is_of_now);
        self.eta = progress["eta_seconds"].as_u64().filter(|_| is_of_now);
        self.exact = progress["exact"] == true;
        self.rows = if is_of_now { number(&progress["rows"]) } else { 0 };
        self.chunk_rows = number(&progress["chunk_rows"]);
        self.workers = number(&status["workers"]);
        self.backlog = number(&measured["backlog"]);

        let rate = progress["rows_per_second"].as_f64().filter(|_| is_of_now);
        let thousandth = |value: &Value| value.as_f64().map(|millis| millis / 1e3);
        self.rate.note(at, Some(rate.unwrap_or_default()));
        self.lag.note(at, thousandth(&measured["capture_lag_ms"]));
        self.replicas.note(at, thousandth(&measured["replica_lag_ms"]));
        self.chunk.note(at, progress["chunk_ms"].as_f64().filter(|_| is_of_now));
        self.writes.note(at, measured["write_ms"].as_f64());
    }

    /// The run has answered to `audit`.
    pub(crate) fn hear(&mut self, audit: &Value) {
        let line = |entry: &Value| {
            let word = |name: &str| entry[name].as_str().unwrap_or_default();
            let refused = if entry["ok"] == true { "" } else { " (refused)" };
            format!("{}: {}{refused}", word("by"), word("words"))
        };
        self.commands = list(&audit["audit"]).map(line).collect();
    }

    /// The run has answered to a key: one line is room for the beginning.
    pub(crate) fn answer(&mut self, answer: &Value) {
        let refused = if answer["ok"] == true { "" } else { "refused: " };
        let message = answer["message"].as_str().unwrap_or_default();
        self.say(&format!("{refused}{}", message.lines().next().unwrap_or_default()));
    }

    /// Shown until the next answer.
    pub(crate) fn say(&mut self, line: &str) {
        line.clone_into(&mut self.said);
    }

    /// Time has passed.
    pub(crate) fn pass(&mut self, now: f64) {
        self.now = now;
    }

    /// `run 7 of shop.orders`.
    pub(crate) fn name(&self) -> String {
        let run = self.run.map_or(String::new(), |run| format!("run {run} of "));
        format!("{run}{}", self.table)
    }

    /// The table first: a narrow terminal cuts what comes last.
    pub(super) fn title(&self) -> String {
        let run = self.run.map_or(String::new(), |run| format!(" run {run}"));
        format!("{}{run} on {}", self.table, self.server)
    }

    /// What it is at.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
    pub(super) fn at(&self) -> String {
        let silent = self.now - self.heard;
        if silent > SILENCE {
            return format!("{}, no answer for {} s", self.stage, silent as u64);
        }
        let because = self.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
        format!("{}, {}{because}", self.stage, self.state)
    }

    /// How far it is and how long it takes.
    pub(super) fn done(&self) -> String {
        let Some(fraction) = self.fraction else { return "no progress is told now".to_owned() };
        let (about, of) = if self.exact { ("", " of the keys") } else { ("~", "") };
        let eta = self.eta.map_or("ETA unknown".to_owned(), |eta| format!("ETA {}", seconds(eta)));
        format!("{about}{:.1}%{of}, {eta}", percent(fraction))
    }

    /// Numbers without a curve.
    pub(super) fn facts(&self) -> String {
        let (backlog, rows) = (thousands(self.backlog), thousands(self.rows));
        let (workers, chunk) = (self.workers, thousands(self.chunk_rows));
        format!("backlog {backlog} keys, workers {workers}, rows {rows}, chunk {chunk} rows")
    }

    /// From when to when curves are drawn: a young view is not squeezed to the edge.
    pub(super) fn span(&self) -> [f64; 2] {
        [self.now - self.now.clamp(30.0, SPAN), self.now]
    }
}

/// Whatever holds the run, the most urgent first.
fn reason(status: &Value) -> Option<String> {
    // What the swap waits for holds nothing before its time has come.
    let swap =
        if status["stage"] == "wait" { &status["cut_over_waits_for"][0] } else { &Value::Null };
    let all = [&status["throttled"], swap, &status["waiting"]];
    let detail = all.into_iter().find_map(|why| why["detail"].as_str())?;
    let is_slowed = status["throttled"]["rests"] == false;
    Some(format!("{}{detail}", if is_slowed { "slowed, " } else { "" }))
}

/// The story's word for it.
fn stage_word(stage: &str) -> &str {
    if stage == "cutover" { "swap" } else { stage }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in super::super) fn status() -> Value {
        json!({
            "ok": true, "run": 7, "table": "shop.orders", "server": "db1:3306", "stage": "copy",
            "state": "throttled", "workers": 0,
            "throttled": { "reason": "replica_lag", "detail": "db2 is 1.4 s behind", "rests": true },
            "progress": {
                "stage": "copy", "rows": 480_000, "rows_estimate": 1_200_000, "fraction": 0.4,
                "exact": true, "rows_per_second": 9100.4, "eta_seconds": 79, "chunk_rows": 2000,
                "chunk_ms": 90
            },
            "measured": {
                "capture_lag_ms": 200, "backlog": 1234, "replica_lag_ms": 1400, "write_ms": 1.25
            },
            "warnings": [{ "code": "x", "message": "the binary log is kept for an hour" }],
        })
    }

    #[test]
    fn an_answer_is_folded_into_series() {
        let mut model = Model::default();
        model.see(0.0, &status());
        let mut later = status();
        later["progress"]["rows_per_second"] = 10.0.into();
        later["measured"]["replica_lag_ms"] = Value::Null;
        model.see(0.5, &later);
        assert_eq!(model.rate.points(), [(0.0, 9100.4), (0.5, 10.0)]);
        assert_eq!(model.lag.points(), [(0.0, 0.2), (0.5, 0.2)]);
        assert_eq!(model.replicas.points(), [(0.0, 1.4)], "what is not known has no point");
        assert_eq!((model.chunk.last(), model.writes.last()), (Some(90.0), Some(1.25)));
        assert_eq!(model.done(), "40.0% of the keys, ETA 1m 19s");
        assert_eq!(model.at(), "copy, throttled: db2 is 1.4 s behind");
        assert!(model.facts().starts_with("backlog 1,234 keys, workers 0"), "{}", model.facts());
        assert_eq!(model.name(), "run 7 of shop.orders");
    }

    #[test]
    fn only_the_last_minutes_are_kept() {
        let mut model = Model::default();
        for second in 0..1000 {
            model.see(f64::from(second), &status());
        }
        assert_eq!(model.rate.points().len(), 301);
        assert_eq!(model.rate.points()[0], (699.0, 9100.4));
        assert_eq!(model.span().map(|at| at.to_string()), ["699", "999"]);
    }

    #[test]
    fn what_a_stage_told_ends_with_it() {
        let mut model = Model::default();
        let mut waiting = status();
        waiting["stage"] = "wait".into();
        waiting["throttled"] = Value::Null;
        waiting["state"] = "postponing".into();
        waiting["cut_over_waits_for"] = json!([{ "detail": "the operator" }]);
        model.see(0.0, &waiting);
        assert_eq!((model.fraction, model.rate.last()), (None, Some(0.0)));
        assert_eq!(model.at(), "wait, postponing: the operator");
        waiting["stage"] = "copy".into();
        waiting["state"] = "migrating".into();
        model.see(1.0, &waiting);
        assert_eq!(model.at(), "copy, migrating");
        assert_eq!(model.lag.last(), Some(0.2), "capture goes on");
    }

    #[test]
    fn silence_is_told() {
        let mut model = Model::default();
        model.see(1.0, &status());
        model.pass(3.0);
        assert!(!model.at().contains("no answer"));
        model.pass(9.0);
        assert_eq!(model.at(), "copy, no answer for 8 s");
    }

    #[test]
    fn answers_have_a_line() {
        let mut model = Model::default();
        model.answer(&json!({ "ok": true, "message": "one\ntwo" }));
        assert_eq!(model.said, "one");
        model.answer(&json!({ "ok": false, "message": "not so" }));
        assert_eq!(model.said, "refused: not so");
        let said = json!({ "by": "uid 1", "words": "throttle", "ok": false });
        model.hear(&json!({ "audit": [said] }));
        assert_eq!(model.commands, ["uid 1: throttle (refused)"]);
    }

    #[test]
    fn an_older_run_that_tells_less_is_shown_all_the_same() {
        let mut model = Model::default();
        model.see(0.0, &json!({ "ok": true }));
        model.hear(&json!({}));
        assert_eq!((model.fraction, model.lag.last(), &*model.title()), (None, None, " on "));
    }
}
