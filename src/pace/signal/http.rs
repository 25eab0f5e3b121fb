//! What an address answers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use ureq::Agent;
use url::Url;

use super::Pressure;
use crate::error::{Error, Result};
use crate::settings::Limits;

/// How long the whole answer may take.
const LIMIT: Duration = Duration::from_secs(1);

/// Asks it.
#[derive(Debug)]
pub(in crate::pace) struct Http {
    agent: Agent,
}

impl Http {
    pub(super) fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(LIMIT))
            .http_status_as_error(false)
            .user_agent(concat!("zosc/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().into() }
    }

    /// Rest unless all is well there.
    pub(super) async fn look(&mut self, limits: &Limits) -> Result<Pressure> {
        let Some(url) = &limits.http else { return Ok(Pressure::Easy) };
        let (agent, request) = (self.agent.clone(), Request::to(url));
        let place = request.place.clone();
        let status = tokio::task::spawn_blocking(move || request.send(&agent)).await;
        let status = status.map_err(|panic| unanswered(&place, &panic.to_string()))??;
        Ok(match status {
            200..=299 => Pressure::Easy,
            status => Pressure::Over(format!("{place} answers with status {status}")),
        })
    }
}

/// What is asked; the address as it may be shown has neither account nor query, which may be secrets.
struct Request {
    address: String,
    place: String,
    authorization: Option<String>,
}

impl Request {
    fn to(url: &Url) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let authorization = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or("")));
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        });
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let host = url.host_str().unwrap_or_default();
        let place = format!("{}://{host}{port}{}", url.scheme(), url.path());
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        Self { address: format!("{place}{query}"), place, authorization }
    }

    /// The status of the answer.
    fn send(self, agent: &Agent) -> Result<u16> {
        let mut request = agent.get(&self.address);
        if let Some(authorization) = self.authorization {
            request = request.header("authorization", authorization);
        }
        match request.call() {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) => {
                Err(unanswered(&self.place, &error.to_string().replace(&self.address, &self.place)))
            }
        }
    }
}

fn unanswered(place: &str, why: &str) -> Error {
    Error::not_ready("no_answer", format!("{place} does not answer: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_sent_and_not_shown() {
        let url = "http://me:p%40ss@host:8080/ready?token=abc".parse().unwrap();
        let request = Request::to(&url);
        assert_eq!(request.address, "http://host:8080/ready?token=abc");
        assert_eq!(request.place, "http://host:8080/ready");
        let expected = format!("Basic {}", STANDARD.encode("me:p@ss"));
        assert_eq!(request.authorization, Some(expected));
        assert_eq!(Request::to(&"https://host/".parse().unwrap()).authorization, None);
    }
}
