//! What a run is doing, as it is told to those who ask; the words are gh-ost's where it has some.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::helm::{About, Answer, Helm};
use crate::event::{Progress, Stage};
use crate::numbers::percent;
use crate::settings::Setting;
use crate::status::{Status, Why};

/// What the run is at, in one word for machines.
enum State {
    Migrating,
    Throttled(String),
    Postponing,
}

impl State {
    fn of(helm: &Helm) -> Self {
        if helm.means.gate.is_waiting() {
            return Self::Postponing;
        }
        match helm.means.pace.answer().slowed {
            Some(slowed) if slowed.rests => Self::Throttled(slowed.detail),
            _ => Self::Migrating,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Migrating => "migrating",
            Self::Throttled(_) => "throttled",
            Self::Postponing => "postponing",
        }
    }

    /// As gh-ost says it.
    fn text(&self) -> String {
        match self {
            Self::Migrating => "migrating".to_owned(),
            Self::Throttled(why) => format!("throttled, {why}"),
            Self::Postponing => "postponing cut-over".to_owned(),
        }
    }
}

/// One line.
pub(super) fn sup(helm: &Helm) -> String {
    let status = helm.means.events.status();
    let state = State::of(helm);
    let (backlog, lag) = status.progress.as_ref().map_or((0, 0), |it| (it.backlog, it.lag_ms));
    let seconds = Duration::from_secs(helm.about.begun.elapsed().as_secs());
    let time = humantime::format_duration(seconds).to_string().replace(' ', "");
    let lag = Duration::from_millis(lag).as_secs_f64();
    format!(
        "{}; Backlog: {backlog}; Time: {time}(total); Lag: {lag:.2}s, State: {}; ETA: {}",
        work(&status),
        state.text(),
        eta(&status, &state)
    )
}

/// `Copy: 480000/1200000 40.0%`, and how far it is compared.
fn work(status: &Status) -> String {
    let share = |progress: &Progress| {
        let Progress { rows, rows_estimate, fraction, .. } = progress;
        format!("{rows}/{rows_estimate} {:.1}%", fraction.map_or(0.0, percent))
    };
    match &status.progress {
        None => "Copy: 0/0 0.0%".to_owned(),
        Some(progress) if progress.stage == Stage::Verify => {
            format!("Copy: 100.0%; Verify: {}", share(progress))
        }
        Some(progress) => format!("Copy: {}", share(progress)),
    }
}

fn eta(status: &Status, state: &State) -> String {
    let left = status.progress.as_ref().and_then(|progress| progress.eta_seconds);
    match (state, left) {
        (State::Postponing, _) => "due".to_owned(),
        (State::Migrating, Some(left)) => {
            humantime::format_duration(Duration::from_secs(left)).to_string().replace(' ', "")
        }
        _ => "N/A".to_owned(),
    }
}

/// All that is known, in lines and as an object.
pub(super) async fn status(helm: &Helm) -> Answer {
    let About { table, statement, name, begun, socket } = &*helm.about;
    let (status, settings) = (helm.means.events.status(), helm.means.settings.now());
    let (state, shut) = (State::of(helm), helm.means.gate.shut().await);
    let run = helm.means.journal.run();
    let place = helm.means.server.connection().place();
    let values: Map<String, Value> = Setting::ALL
        .iter()
        .map(|setting| (setting.word().to_owned(), setting.value(&settings).into()))
        .collect();
    let mut progress = json!(status.progress);
    if let Some(known) = &status.progress {
        progress["percent"] = known.fraction.map(percent).into();
    }
    let json = json!({
        "run": run, "id": name, "table": table.plain(), "server": place, "statement": statement,
        "state": state.word(), "stage": status.stage, "progress": progress,
        "seconds": begun.elapsed().as_secs(), "rested_seconds": status.rested.as_secs(),
        "workers": helm.means.pace.effort().workers, "measured": helm.means.pace.measured(),
        "throttled": helm.means.pace.answer().slowed, "waiting": status.waiting.as_ref().map(why),
        "postponed": helm.means.gate.is_postponed(), "cut_over_waits_for": shut,
        "attempts": status.attempts, "warnings": status.warnings,
        "settings": values, "socket": socket,
    });

    let mut text = format!("# Migrating {table}; run {run} on {place}\n");
    line(&mut text, &format!("# {}", statement.trim().replace('\n', "\n# ")));
    if let Some(stage) = status.stage {
        line(
            &mut text,
            &format!("# stage: {}", serde_json::json!(stage).as_str().unwrap_or_default()),
        );
    }
    let of = |all: &[Setting]| {
        let all =
            all.iter().map(|setting| format!("{}: {}", setting.word(), setting.value(&settings)));
        all.collect::<Vec<_>>().join("; ")
    };
    let effort = [Setting::ChunkTime, Setting::MaxChunkRows, Setting::Workers, Setting::Nice];
    let workers = helm.means.pace.effort().workers;
    line(&mut text, &format!("# {} ({workers} may work now)", of(&effort)));
    line(
        &mut text,
        &format!("# {}", of(&[Setting::MaxLag, Setting::MaxLoad, Setting::CriticalLoad])),
    );
    for setting in [
        Setting::Replica,
        Setting::ThrottleQuery,
        Setting::ThrottleHttp,
        Setting::ThrottleFlagFile,
        Setting::Window,
        Setting::PostponeFlagFile,
        Setting::CutOverWindow,
    ] {
        let value = setting.value(&settings);
        if !value.is_empty() {
            line(&mut text, &format!("# {}: {value}", setting.word()));
        }
    }
    for shut in &shut {
        line(&mut text, &format!("# the swap waits for {}", shut.detail));
    }
    if let Some(Why { detail, since, .. }) = &status.waiting {
        let since = humantime::format_rfc3339_seconds(*since);
        line(&mut text, &format!("# waiting since {since}: {detail}"));
    }
    if let Some(last) = status.attempts.last() {
        let outcome = last.outcome.replace('_', " ");
        line(
            &mut text,
            &format!("# swap, attempt {}: {outcome} after {} ms", last.number, last.locked_ms),
        );
        for blocker in &last.blockers {
            line(&mut text, &format!("#   in the way: {blocker}"));
        }
    }
    if let Some(last) = status.warnings.last() {
        line(&mut text, &format!("# last warning: {}", last.message));
    }
    if let Some(socket) = socket {
        line(&mut text, &format!("# Serving on unix socket: {socket}"));
    }
    text.push_str(&sup(helm));
    Answer::text(text).with_all(json)
}

fn why(Why { reason, detail, since }: &Why) -> Value {
    let seconds = since.elapsed().unwrap_or_default().as_secs();
    let since = humantime::format_rfc3339_millis(*since).to_string();
    json!({ "for": reason, "detail": detail, "since": since, "seconds": seconds })
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a String cannot fail");
}
