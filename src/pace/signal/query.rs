//! What a query of the operator answers.

use std::time::Duration;

use mysql_async::{Row, Value};

use super::{Line, Pressure};
use crate::error::{Error, Result};
use crate::mysql::{Fault, Server};
use crate::settings::Limits;

/// The longest time that the server may work on it.
const LIMIT: Duration = Duration::from_secs(1);

/// Asks it, in a session of its own with the server's modes.
#[derive(Debug)]
pub(in crate::pace) struct Query {
    line: Line,
}

impl Query {
    pub(super) fn new(server: &Server) -> Self {
        Self { line: Line::for_the_user(server, LIMIT) }
    }

    /// Rest when the first value is something.
    pub(super) async fn look(&mut self, limits: &Limits) -> Result<Pressure> {
        let Some(query) = &limits.query else { return Ok(Pressure::Easy) };
        let row: Result<Option<Row>> =
            self.line.ask(async |session| session.first(query).await).await;
        let row = row.map_err(wrong)?;
        let value = row.and_then(|row| row.unwrap().into_iter().next());
        Ok(match value.as_ref().and_then(something) {
            Some(answer) => Pressure::Over(format!("`--throttle-query` answers {answer}")),
            None => Pressure::Easy,
        })
    }
}

/// A query that will never have an answer is refused where it is set.
fn wrong(error: Error) -> Error {
    if error.server.is_none() || Fault::of(&error).may_pass() {
        return error.during("`--throttle-query`");
    }
    Error { server: error.server.clone(), ..Error::refused("throttle_query", &error.message) }
        .during("`--throttle-query`")
        .hint("it must be one statement that the account may run, with names that have a schema")
}

/// What the value says, unless it is nothing: 0 or NULL.
fn something(value: &Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let is_zero = text.trim().parse::<f64>().is_ok_and(|number| number == 0.0);
            (!is_zero).then(|| text.chars().take(100).collect())
        }
        other => Some(other.as_sql(false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_null_are_nothing() {
        let of = |text: &str| something(&Value::Bytes(text.into()));
        assert_eq!([of("0"), of("0.00"), something(&Value::NULL)], [None, None, None]);
        assert_eq!(of("2").as_deref(), Some("2"));
        assert_eq!(of("ON").as_deref(), Some("ON"), "what is no number is not nothing");
    }
}
