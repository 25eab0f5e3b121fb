//! Plain lines on stderr, for logs and for people without a terminal.

use std::io::Write as _;
use std::time::{Duration, Instant};

use zosc::event::{Blocker, Dated, Event, Progress, Stage};

use super::numbers::{percent, rate, seconds, thousands};
use super::{About, Ending, Verbosity, ending, plan};

/// How often progress gets a line.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// The rest of what a hook prints is for programs alone.
const LINES_OF_A_HOOK: usize = 20;

/// Lines on stderr.
pub(super) struct Text {
    about: About,
    verbosity: Verbosity,
    last_progress: Option<Instant>,
}

impl Text {
    pub(super) fn new(about: About, verbosity: Verbosity) -> Self {
        Self { about, verbosity, last_progress: None }
    }

    pub(super) fn event(&mut self, dated: &Dated) {
        match &dated.event {
            Event::Progress(_) => {
                if self.last_progress.is_some_and(|last| last.elapsed() < PROGRESS_EVERY) {
                    return;
                }
                self.last_progress = Some(Instant::now());
            }
            Event::Stage { .. } => self.last_progress = None,
            _ => {}
        }
        let grave = matches!(dated.event, Event::Warning { .. });
        if self.verbosity == Verbosity::Quiet && !grave {
            return;
        }
        let at = humantime::format_rfc3339_seconds(dated.at);
        for line in sentence(&dated.event).lines() {
            say(&format!("{at} {line}\n"));
        }
    }

    pub(super) fn end(&mut self, ending: &Ending) {
        say(&ending::text(ending, self.about.table.as_deref()));
    }
}

/// Writes to stderr. When nobody reads it any more, the work still goes on.
pub(super) fn say(text: &str) {
    if let Err(error) = std::io::stderr().lock().write_all(text.as_bytes()) {
        tracing::debug!(%error, "stderr is closed");
    }
}

/// An event in words; more than one line where it has more to say.
pub(super) fn sentence(event: &Event) -> String {
    match event {
        Event::Plan(summary) => plan::text(summary),
        Event::Run { run, table, .. } => format!("this is run {run}, on {table}"),
        Event::Stage { stage, resumed } => {
            format!("{}{}", title(*stage), if *resumed { " (going on)" } else { "" })
        }
        Event::Progress(progress) => format!("{}: {}", word(progress.stage), numbers(progress)),
        Event::Throttled { detail, .. } => format!("paused: {detail}"),
        Event::Unthrottled { seconds } => format!("going on after a pause of {seconds:.1} s"),
        Event::Warning { message, hint: None, .. } => format!("warning: {message}"),
        Event::Warning { message, hint: Some(hint), .. } => {
            format!("warning: {message}\nhint: {hint}")
        }
        Event::Waiting { detail, .. } => format!("waiting: {detail}"),
        Event::Listening { address, over } if over == "unix" => {
            format!("listening on {address}: steer the run by `zosc ctl`, see `zosc ctl --help`")
        }
        Event::Listening { address, .. } => format!("listening on {address} (TLS, token)"),
        Event::Command { by, words, ok } => {
            format!("{by} said `{words}`{}", if *ok { "" } else { ": refused" })
        }
        Event::Hook { stage, command, ok, ms, output } => {
            let how = if *ok { "was called" } else { "failed" };
            output
                .lines()
                .take(LINES_OF_A_HOOK)
                .fold(format!("hook {command} {how} at {stage}, in {ms} ms"), |text, line| {
                    text + "\n  " + line
                })
        }
        Event::Traffic { action, ok, ms } => {
            let how = if *ok { "" } else { ": it failed" };
            format!("traffic: {action}, in {ms} ms{how}")
        }
        Event::Swap { attempt, outcome, locked_ms, blockers } => {
            swap(*attempt, outcome, *locked_ms, blockers)
        }
    }
}

/// The stage's word, as in events.
pub(super) fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Plan => "plan",
        Stage::Shadow => "shadow",
        Stage::Capture => "capture",
        Stage::Copy => "copy",
        Stage::Verify => "verify",
        Stage::Wait => "wait",
        Stage::Cutover => "swap",
        Stage::Tidy => "tidy",
    }
}

fn title(stage: Stage) -> &'static str {
    match stage {
        Stage::Plan => "planning",
        Stage::Shadow => "building the shadow table",
        Stage::Capture => "capturing changes from now on",
        Stage::Copy => "copying rows",
        Stage::Verify => "comparing all rows",
        Stage::Wait => "ready to swap: waiting",
        Stage::Cutover => "swapping the tables",
        Stage::Tidy => "tidying up",
    }
}

/// Rows, rate, time left, backlog, lag, workers.
pub(super) fn numbers(progress: &Progress) -> String {
    if progress.stage == Stage::Wait {
        return waiting(progress);
    }
    let Progress { rows, rows_estimate, rows_per_second, backlog, lag_ms, workers, .. } = progress;
    let (rows, estimate) = (thousands(*rows), thousands(*rows_estimate));
    let mut parts = vec![match progress.fraction.map(percent) {
        Some(percent) if progress.exact => format!("{rows} rows, {percent:.1}% of the keys"),
        Some(percent) => format!("{rows} of about {estimate} rows ({percent:.1}%)"),
        None => format!("{rows} rows"),
    }];
    parts.push(rate(*rows_per_second));
    parts.extend(progress.eta_seconds.map(|eta| format!("{} left", seconds(eta))));
    parts.push(format!("backlog {}", thousands(*backlog as u64)));
    parts.push(format!("lag {lag_ms} ms"));
    parts.push(format!("{workers} {}", if *workers == 1 { "worker" } else { "workers" }));
    parts.join(", ")
}

/// While the swap is postponed.
pub(super) fn waiting(progress: &Progress) -> String {
    let Progress { rows, backlog, lag_ms, .. } = progress;
    format!(
        "the swap is postponed; {} rows are copied and compared, backlog {}, lag {lag_ms} ms",
        thousands(*rows),
        thousands(*backlog as u64),
    )
}

fn swap(attempt: u32, outcome: &str, locked_ms: u64, blockers: &[Blocker]) -> String {
    let what = match outcome {
        "granted" => format!("done in {locked_ms} ms"),
        "lock_timeout" => format!("the lock was not granted within {locked_ms} ms"),
        "hold_exceeded" => format!("given up after {locked_ms} ms under the lock"),
        "lost" => "the connection was lost".to_owned(),
        "not_now" => "the server could not do it for now".to_owned(),
        "forbidden" => "a hook forbids it".to_owned(),
        "not_paused" => "traffic was not paused".to_owned(),
        "not_queued" => "the rename was not seen to wait for the table".to_owned(),
        other => format!("{other} after {locked_ms} ms"),
    };
    let text = format!("swap, attempt {attempt}: {what}");
    blockers.iter().fold(text, |text, blocker| text + &format!("\n  in the way: {blocker}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_in_words() {
        let progress = Progress {
            stage: Stage::Copy,
            rows: 480_000,
            rows_estimate: 1_200_000,
            fraction: Some(0.4),
            exact: false,
            rows_per_second: 9100.2,
            eta_seconds: Some(79),
            backlog: 35,
            lag_ms: 120,
            chunk_rows: 2000,
            chunk_ms: 90,
            workers: 1,
        };
        assert_eq!(
            sentence(&Event::Progress(progress)),
            "copy: 480,000 of about 1,200,000 rows (40.0%), 9,100 rows/s, 1m 19s left, backlog 35, \
             lag 120 ms, 1 worker"
        );
    }

    #[test]
    fn blockers_are_named() {
        let blocker = Blocker {
            thread: 81,
            user: "app".into(),
            host: "10.0.0.7".into(),
            seconds: 31,
            statement: None,
        };
        let text = swap(2, "lock_timeout", 1003, &[blocker]);
        assert!(text.contains("attempt 2: the lock was not granted within 1003 ms\n"), "{text}");
        assert!(text.contains("connection 81 (app@10.0.0.7) for 31 s: idle"), "{text}");
    }
}
