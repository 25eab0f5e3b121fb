//! What runs have answered to `zosc ctl`, on stdout.

use std::io::Write as _;

use serde_json::{Value, json};
use zosc::control::Living;
use zosc::error::Error;

use super::{Format, ending, text};

/// An answer of a run; whether somebody may still read what is printed.
pub(crate) fn spoken(format: Format, answer: &Value) -> bool {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match format {
        Format::Json => print(&format!("{answer}\n")),
        Format::Text if answer["ok"] == true => print(&format!("{}\n", word(&answer["message"]))),
        Format::Text => {
            let hints = answer["hints"].as_array().into_iter().flatten().map(word);
            let error = Error::failed("refused", word(&answer["message"]));
            text::say(&ending::failure(&hints.fold(error, Error::hint)));
            true
        }
    }
}

/// The runs that listen on this machine.
pub(crate) fn living(format: Format, all: &[Living]) {
    let text = match format {
        Format::Json => {
            let run = |Living { path, status }: &Living| json!({ "path": path.display().to_string(), "status": status });
            let runs: Vec<Value> = all.iter().map(run).collect();
            format!("{}\n", json!({ "ok": true, "runs": runs }))
        }
        Format::Text if all.is_empty() => "no run of yours listens on this machine\n".to_owned(),
        Format::Text => all.iter().map(lines).collect(),
    };
    print(&text);
}

fn lines(Living { path, status }: &Living) -> String {
    let word = |name: &str| status[name].as_str().unwrap_or_default();
    let [table, state, server] = ["table", "state", "server"].map(word);
    let last = word("message").lines().last().unwrap_or_default();
    let (run, path) = (&status["run"], path.display());
    format!("run {run}: {table} on {server}: {state}\n    {last}\n    {path}\n")
}

/// Whether it was taken.
fn print(text: &str) -> bool {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(%error, "nobody reads stdout any more");
            false
        }
    }
}
