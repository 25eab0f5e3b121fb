//! What is said is done and answered: the words meet the run.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::audit::Audit;
use super::talk::is_json;
use super::words::{self, HELP, Said, Unit, Word};
use super::{preview, report};
use crate::capture::binlog::log_end;
use crate::error::{Error, Result};
use crate::means::Means;
use crate::request::Request;
use crate::schema::TableName;
use crate::settings::Setting;

/// Cheap to clone; all clones steer the same run.
#[derive(Debug, Clone)]
pub(super) struct Helm {
    pub(super) means: Means,
    pub(super) about: Arc<About>,
    audit: Audit,
    /// Words that the journal must know are obeyed one after the other.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
}

/// What does not change while the run goes on.
#[derive(Debug)]
pub(super) struct About {
    pub(super) table: TableName,
    pub(super) statement: String,
    /// The caller's own name for the change.
    pub(super) name: Option<String>,
    pub(super) begun: Instant,
    pub(super) socket: Option<String>,
}

/// An answer in both forms.
#[derive(Debug)]
pub(super) struct Answer {
    text: String,
    json: Map<String, Value>,
}

impl Answer {
    /// In words; without the end of the last line.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), json: Map::new() }
    }

    /// The same with something for machines.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.json.insert(name.to_owned(), value.into());
        self
    }

    /// With all fields of an object.
    pub(super) fn with_all(mut self, object: Value) -> Self {
        if let Value::Object(fields) = object {
            self.json.extend(fields);
        }
        self
    }
}

impl Helm {
    pub(super) fn new(means: &Means, request: &Request, socket: Option<String>) -> Self {
        let about = About {
            table: request.table.clone(),
            statement: request.statement.text().to_owned(),
            name: request.id.clone(),
            begun: Instant::now(),
            socket,
        };
        Self {
            means: means.clone(),
            about: Arc::new(about),
            audit: Audit::default(),
            turn: Arc::default(),
        }
    }

    /// The answer to a line, with its end; in the form of the question.
    pub(super) async fn answer(&self, line: &str, by: &str) -> String {
        let is_json = is_json(line);
        let said = if is_json { words::of_json(line) } else { words::of_text(line) };
        let answer = match said {
            Ok(said) => self.obey(said, by).await,
            Err(error) => Err(error),
        };
        if is_json { in_json(answer) } else { in_text(answer) }
    }

    /// Somebody came with a wrong token.
    pub(super) fn was_refused(&self, by: &str) {
        self.audit.note(&self.means.events, by, "token", false);
    }

    async fn obey(&self, Said { word, table, words }: Said, by: &str) -> Result<Answer> {
        if !word.changes() {
            return self.tell(word).await;
        }
        let done = match self.is_meant(table.as_deref()) {
            Ok(()) => self.change(word, by).await,
            Err(error) => Err(error),
        };
        self.audit.note(&self.means.events, by, &words, done.is_ok());
        done
    }

    /// A word that names another table is another run's.
    fn is_meant(&self, named: Option<&str>) -> Result<()> {
        let ours = &self.about.table;
        match named {
            Some(named) if named != ours.table && named != ours.plain() => Err(Error::refused(
                "another_table",
                format!("this run changes `{}`, not `{named}`: nothing was done", ours.plain()),
            )
            .hint("`zosc ctl` lists the runs that listen on this machine")),
            _ => Ok(()),
        }
    }

    async fn tell(&self, word: Word) -> Result<Answer> {
        match word {
            Word::Status => Ok(report::status(self).await),
            Word::Sup => Ok(Answer::text(report::sup(self))),
            Word::Settings => Ok(self.settings()),
            Word::Audit => Ok(Answer::text(self.audit.text()).with("audit", self.audit.json())),
            Word::Coordinates => self.coordinates().await,
            Word::Server => Ok(self.server()),
            Word::Read(setting, unit) => Ok(self.value(setting, unit)),
            Word::Preview => preview::swap(self).await,
            _ => Ok(Answer::text(HELP)),
        }
    }

    fn value(&self, setting: Setting, unit: Unit) -> Answer {
        let settings = self.means.settings.now();
        let value = match unit {
            Unit::Own => setting.value(&settings),
            Unit::Millis => settings.limits.max_lag.as_millis().to_string(),
        };
        Answer::text(&value).with("value", value)
    }

    fn settings(&self) -> Answer {
        let settings = self.means.settings.now();
        let values = Setting::ALL.map(|setting| (setting.word(), setting.value(&settings)));
        let lines = values.iter().map(|(word, value)| format!("{word}={value}"));
        let lines = lines.collect::<Vec<_>>().join("\n");
        let values: Map<String, Value> =
            values.into_iter().map(|(word, value)| (word.to_owned(), value.into())).collect();
        Answer::text(lines).with("settings", values)
    }

    fn server(&self) -> Answer {
        let server = &self.means.server;
        let (place, version) = (server.connection().place(), &server.facts().version_text);
        Answer::text(format!("Host: {place}, Version: {version}"))
            .with_all(json!({ "host": place, "version": version }))
    }

    async fn coordinates(&self) -> Result<Answer> {
        let Means { server, journal, .. } = &self.means;
        let mut session = server.session().await?;
        let end = log_end(server, &mut session).await;
        let carried = journal.saved_position(&mut session).await?;
        session.close().await?;
        // Without a log there may be triggers.
        let end = match end {
            Ok(end) => end.to_string(),
            Err(error) if error.code == "binlog_off" => String::new(),
            Err(error) => return Err(error),
        };
        let carried = carried.map(|carried| carried.to_string());
        let known =
            carried.as_ref().map_or(String::new(), |at| format!("\ncarried over up to {at}"));
        Ok(Answer::text(format!("{end}{known}"))
            .with_all(json!({ "server": end, "carried_over": carried })))
    }
}

fn in_text(answer: Result<Answer>) -> String {
    let mut text = match answer {
        Ok(Answer { text, .. }) => text,
        Err(error) => {
            let hints = error.hints.iter().map(|hint| format!("\nhint: {hint}"));
            hints.fold(format!("error: {error}"), |text, hint| text + &hint)
        }
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn in_json(answer: Result<Answer>) -> String {
    let object = match answer {
        Ok(Answer { text, mut json }) => {
            json.insert("ok".to_owned(), true.into());
            json.insert("message".to_owned(), text.trim_end().into());
            Value::Object(json)
        }
        Err(error) => json!({
            "ok": false,
            "code": error.code,
            "kind": error.kind,
            "message": error.message,
            "hint": error.hints.first(),
            "hints": error.hints,
        }),
    };
    format!("{object}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_two_forms() {
        let answer = || Ok(Answer::text("200ms").with("value", "200ms"));
        assert_eq!(in_text(answer()), "200ms\n");
        let json: Value = serde_json::from_str(&in_json(answer())).unwrap();
        assert_eq!(json, json!({ "ok": true, "message": "200ms", "value": "200ms" }));
        let refused = || Err(Error::refused("no", "not `so`").hint("but so"));
        assert_eq!(in_text(refused()), "error: not `so`\nhint: but so\n");
        let json: Value = serde_json::from_str(&in_json(refused())).unwrap();
        assert_eq!((&json["ok"], &json["code"]), (&json!(false), &json!("no")));
        assert_eq!(json["hint"], "but so");
    }
}
