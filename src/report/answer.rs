//! Answers to questions: a plan, a list of runs. They go to stdout, in either format.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use zosc::error::{Error, Result};
use zosc::event::plan_in_words;
use zosc::plan::Plan;
use zosc::request::Request;
use zosc::tidy::{Cleaned, Leftover, RunState, State};

use super::numbers::bytes;
use super::{About, Format, capabilities, ending, json, text};

/// What was asked for, in both formats.
pub(crate) struct Answer {
    about: About,
    text: String,
    json: Value,
}

impl Answer {
    /// What would be done.
    pub(crate) fn plan(plan: &Plan, request: &Request) -> Self {
        let mut json = plan.summary(request);
        let text = plan_in_words(&json);
        json["event"] = "plan".into();
        let about = About { id: request.id.clone(), table: Some(request.table.plain()) };
        Self { about, text, json }
    }

    /// The runs that the journal knows, and what they have left.
    pub(crate) fn status(runs: &[RunState]) -> Self {
        let text = match runs {
            [] => "no run is known here\n".to_owned(),
            runs => runs.iter().map(status_lines).collect(),
        };
        Self::plain(text, json!({ "event": "status", "runs": runs }))
    }

    /// What was dropped, or would be.
    pub(crate) fn clean(cleaned: &[Cleaned], done: bool) -> Self {
        let verb = if done { "dropped" } else { "would drop" };
        let line =
            |Cleaned { run, left }: &Cleaned| format!("{verb} {}, left by run {run}\n", name(left));
        let lines = cleaned.iter().map(line);
        let last = match (cleaned, done) {
            ([], _) => "there is nothing to drop\n",
            (_, false) => "nothing was dropped; the same with `--yes` does it\n",
            (_, true) => "",
        };
        let text = lines.chain([last.to_owned()]).collect();
        Self::plain(text, json!({ "event": "clean", "done": done, "tables": cleaned }))
    }

    /// What this binary can do: the members of `all`.
    pub(crate) fn capabilities(mut all: Value) -> Self {
        let text = capabilities::text(&all);
        all["event"] = "capabilities".into();
        Self::plain(text, all)
    }

    fn plain(text: String, json: Value) -> Self {
        Self { about: About { id: None, table: None }, text, json }
    }
}

fn status_lines(state: &RunState) -> String {
    let RunState { run, state, copied_rows, left } = state;
    let number = run.id;
    let state = match state {
        State::Running if run.postponed => "going on; its swap is postponed".to_owned(),
        State::Running => "going on".to_owned(),
        State::Resumable if run.postponed => format!(
            "stopped, its swap postponed; the same command, or `zosc resume {number}`, goes on with it"
        ),
        State::Resumable => {
            format!("stopped; the same command, or `zosc resume {number}`, goes on with it")
        }
        State::Dead => {
            "dead; the next run on the table, or `zosc clean`, clears it away".to_owned()
        }
        State::Kept => "done; `zosc clean` drops what is kept".to_owned(),
        State::Ended => "ended".to_owned(),
    };
    let age = humantime::format_duration(Duration::from_secs(run.age_seconds));
    let mut text = format!(
        "run {number}: {}: {}, begun {age} ago; {state}\n    {}\n",
        run.table.plain(),
        run.phase.word(),
        run.statement
    );
    let copied = copied_rows.map(|rows| format!("    copied: {rows} rows\n"));
    let note = run.note.as_deref().filter(|note| !note.is_empty());
    let paused = run.traffic_paused.then(|| {
        "    traffic: it may still be paused; the next start resumes it, see `--resume-traffic`\n"
            .to_owned()
    });
    text.extend(paused);
    text.extend(copied.into_iter().chain(note.map(|note| format!("    why: {note}\n"))));
    left.iter().fold(text, |text, left| text + &format!("    left: {}\n", name(left)))
}

fn name(left: &Leftover) -> String {
    match left {
        Leftover::Trigger { trigger } => format!("trigger {}", trigger.plain()),
        Leftover::Table { table, bytes: size } => format!("{} ({})", table.plain(), bytes(*size)),
    }
}

/// Prints an answer to stdout, or why there is none; gives the exit code.
pub(crate) fn answer(format: Format, answer: Result<Answer>) -> u8 {
    match (format, answer) {
        (Format::Json, Ok(Answer { about, json, .. })) => {
            json::print(SystemTime::now(), &about, json);
            0
        }
        (Format::Text, Ok(Answer { text, .. })) => {
            if let Err(error) = std::io::stdout().lock().write_all(text.as_bytes()) {
                tracing::warn!(%error, "the answer could not be written to stdout");
            }
            0
        }
        (format, Err(error)) => {
            failure(format, &error);
            error.kind.exit_code()
        }
    }
}

/// Prints what has but one form to stdout; gives the exit code.
pub(crate) fn document(contents: &[u8]) -> u8 {
    match std::io::stdout().lock().write_all(contents) {
        Ok(()) => 0,
        // A pager was left, for example.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            let error = Error::failed("not_written", format!("cannot write to stdout: {error}"));
            failure(Format::Text, &error);
            error.kind.exit_code()
        }
    }
}

/// Says why there is no answer.
pub(crate) fn failure(format: Format, error: &Error) {
    match format {
        Format::Json => json::print_error(error),
        Format::Text => text::say(&ending::failure(error)),
    }
}
