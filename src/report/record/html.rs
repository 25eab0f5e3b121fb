//! A report as one HTML page that needs nothing but itself.

use std::fmt::Write as _;

use serde_json::Value;
use zosc::event::plan_in_words;

use super::super::numbers::thousands;
use super::chart;
use super::contents::Record;

const STYLE: &str = "
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem .8rem .15rem 0;
  vertical-align: top; } th { font-weight: 600; }
pre { white-space: pre-wrap; background: #8881; padding: .6rem; }
.good { color: #176f2c; } .bad { color: #b3261e; }
svg { width: 100%; height: auto; font-size: 12px; } svg text { fill: currentColor; }
.panel { fill: #8881; } .rest { fill: #e0a80055; } polyline { fill: none; stroke: #1f6feb;
  stroke-width: 1.5; } .stage { stroke: #8888; stroke-dasharray: 3 3; }
.swap line { stroke: #b3261e; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) { body { background: #16181d; color: #ddd; }
  .good { color: #58c472; } .bad { color: #ff8a80; } }
";

/// The page.
pub(super) fn page(record: &Record) -> String {
    let table = record.table.as_deref().unwrap_or("a table");
    let mut page = Page(String::new());
    page.put("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.put("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    page.put("<meta name=\"viewport\" content=\"width=device-width\">");
    page.put(&format!(
        "<title>zosc: {}</title><style>{STYLE}</style></head><body>",
        escaped(table)
    ));
    page.put(&format!("<h1>{}</h1>", escaped(table)));
    page.put(&format!("<p class=\"{}\">{}</p>", class(record), escaped(&verdict(record))));
    for hint in record.error.iter().flat_map(|error| &error.hints) {
        page.put(&format!("<p>hint: {}</p>", escaped(hint)));
    }
    page.asked(record);
    page.heading("How it went");
    page.put(&chart::chart(record));
    page.stages(record);
    page.rests(record);
    page.attempts(record);
    page.proof(record);
    if let Some(plan) = &record.plan {
        page.heading("Plan");
        page.put(&format!("<pre>{}</pre>", escaped(&plan_in_words(plan))));
    }
    page.notes(record);
    page.settings(&record.settings);
    page.put(&format!("<p>zosc {}</p></body></html>", record.zosc));
    page.0
}

fn class(record: &Record) -> &'static str {
    if record.exit_code == 0 { "good" } else { "bad" }
}

fn verdict(record: &Record) -> String {
    match &record.error {
        None => format!("{}, in {} s", record.outcome.replace('_', " "), record.seconds),
        Some(error) => format!(
            "ended after {} s with exit code {}: {}",
            record.seconds, record.exit_code, error.message
        ),
    }
}

struct Page(String);

impl Page {
    fn put(&mut self, html: &str) {
        writeln!(self.0, "{html}").expect("writing to a String cannot fail");
    }

    fn heading(&mut self, words: &str) {
        self.put(&format!("<h2>{}</h2>", escaped(words)));
    }

    fn table<const N: usize>(&mut self, head: [&str; N], rows: impl Iterator<Item = [String; N]>) {
        let line = |tag: &str, cells: [String; N]| {
            let cells = cells.map(|cell| format!("<{tag}>{}</{tag}>", escaped(&cell)));
            format!("<tr>{}</tr>", cells.concat())
        };
        self.put("<table>");
        if head.iter().any(|word| !word.is_empty()) {
            self.put(&line("th", head.map(str::to_owned)));
        }
        for row in rows {
            self.put(&line("td", row));
        }
        self.put("</table>");
    }

    fn asked(&mut self, record: &Record) {
        self.heading("What was asked");
        self.put(&format!("<pre>{}</pre>", escaped(record.statement.as_deref().unwrap_or("?"))));
        let run = record.run.map(|run| run.to_string());
        let rows = [
            ("run", run),
            ("id", record.id.clone()),
            ("begun", Some(record.began.clone())),
            ("original kept as", record.kept.clone()),
            ("application locked out for", record.locked_ms.map(|ms| format!("{ms} ms"))),
        ];
        let known = rows.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?]));
        self.table(["", ""], known);
    }

    fn stages(&mut self, record: &Record) {
        let rows = record.stages.iter().map(|lap| {
            let resumed = if lap.resumed { "went on where an earlier run had stopped" } else { "" };
            [lap.stage.into(), at(lap.from), format!("{} s", lap.seconds), resumed.to_owned()]
        });
        self.table(["stage", "after", "took", ""], rows);
    }

    fn rests(&mut self, record: &Record) {
        self.heading("When work rested");
        let rests = &record.rests;
        if rests.longest.is_empty() {
            return self.put("<p>Never.</p>");
        }
        let left_out = match rests.left_out {
            0 => String::new(),
            many => format!(" {many} shorter times are not in the list."),
        };
        self.put(&format!("<p>{:.1} s in all.{left_out}</p>", rests.seconds));
        let rows = rests.longest.iter().map(|rest| {
            let (reason, detail) = (rest.reason.clone(), rest.detail.clone());
            [at(rest.from), format!("{} s", rest.seconds), reason, detail]
        });
        self.table(["after", "for", "because of", ""], rows);
    }

    fn attempts(&mut self, record: &Record) {
        if record.attempts.is_empty() {
            return;
        }
        self.heading("Attempts at the swap");
        let rows = record.attempts.iter().map(|dash| {
            let attempt = &dash.attempt;
            let who: Vec<String> = attempt
                .blockers
                .iter()
                .map(|it| format!("connection {} ({}), {} s", it.thread, it.user, it.seconds))
                .collect();
            let outcome = attempt.outcome.replace('_', " ");
            [at(dash.at), outcome, format!("{} ms", attempt.locked_ms), who.join("; ")]
        });
        self.table(["after", "outcome", "locked", "in the way"], rows);
    }

    fn proof(&mut self, record: &Record) {
        let Some(proof) = &record.proof else { return };
        self.heading("Proof");
        self.put(&format!(
            "<p>All {} rows of both tables were compared between {} and {}, and are equal. Rows that \
             changed since were compared again, the last of them under the lock of the swap.</p>",
            thousands(proof.rows),
            escaped(&proof.from),
            escaped(&proof.until)
        ));
    }

    fn notes(&mut self, record: &Record) {
        if record.notes.is_empty() {
            return;
        }
        self.heading("What was said");
        let rows = record.notes.iter().map(|note| [at(note.at), note.text.clone()]);
        self.table(["after", ""], rows);
        if record.notes_left_out > 0 {
            self.put(&format!("<p>{} more are left out.</p>", record.notes_left_out));
        }
    }

    fn settings(&mut self, settings: &Value) {
        self.heading("Settings, as the run began");
        let rows = settings.as_object().into_iter().flatten().map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            [name.clone(), value]
        });
        self.table(["", ""], rows);
    }
}

fn at(second: f64) -> String {
    format!("{second} s")
}

/// Text that is nothing but text in HTML, in attributes too.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\0' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}
