//! Events in words; more than one line where one has more to say.

use std::fmt;

use super::{Blocker, Event, Progress, Stage, plan};
use crate::numbers::{percent, rate, seconds, thousands};

/// The rest of what a hook prints is for programs alone.
const LINES_OF_A_HOOK: usize = 20;

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(self))
    }
}

fn sentence(event: &Event) -> String {
    match event {
        Event::Plan(summary) => plan::text(summary),
        Event::Run { run, table, .. } => format!("this is run {run}, on {table}"),
        Event::Stage { stage, resumed } => {
            format!("{}{}", title(*stage), if *resumed { " (going on)" } else { "" })
        }
        Event::Progress(progress) => format!("{}: {}", progress.stage.short(), progress),
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

impl Stage {
    /// Its word for people.
    pub fn short(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Shadow => "shadow",
            Self::Capture => "capture",
            Self::Copy => "copy",
            Self::Verify => "verify",
            Self::Wait => "wait",
            Self::Cutover => "swap",
            Self::Tidy => "tidy",
        }
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
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&numbers(self))
    }
}

fn numbers(progress: &Progress) -> String {
    if progress.stage == Stage::Wait {
        return progress.standstill();
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

impl Progress {
    /// While the swap is postponed.
    #[doc(hidden)]
    pub fn standstill(&self) -> String {
        let Self { rows, backlog, lag_ms, .. } = self;
        format!(
            "the swap is postponed; {} rows are copied and compared, backlog {}, lag {lag_ms} ms",
            thousands(*rows),
            thousands(*backlog as u64),
        )
    }
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
            Event::Progress(progress).to_string(),
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
