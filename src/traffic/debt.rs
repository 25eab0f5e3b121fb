//! Traffic that an earlier run may have left paused. Whoever comes next on the table resumes it
//! first, by the command that the person gives now: what stands in the journal is never run.

use super::resumer::{facts_of, resume};
use super::{TrafficSettings, not_resumed};
use crate::command::CommandLine;
use crate::error::{Error, Result};
use crate::event::Events;
use crate::journal::{Journal, RunRow};
use crate::mysql::{Server, Session};
use crate::request::Request;

/// How such traffic gets going again.
#[derive(Debug, Clone, Default)]
pub struct Relief {
    /// By this.
    pub resume: Option<CommandLine>,
    /// It does already, a person says.
    pub is_resumed: bool,
}

impl From<&TrafficSettings> for Relief {
    fn from(settings: &TrafficSettings) -> Self {
        let resume = settings.valve.as_ref().map(|valve| valve.resume.clone());
        Self { resume, is_resumed: settings.is_resumed }
    }
}

/// Resumes what earlier runs on the table may have left paused; refuses if it is not said how. The
/// caller holds the table's guard: none of them lives.
pub async fn settle_all(server: &Server, request: &Request, events: &Events) -> Result<()> {
    let schema = &request.journal_schema;
    let mut session = server.session().await?;
    if Journal::exists(&mut session, schema).await? {
        let relief = Relief::from(&request.traffic);
        for run in RunRow::on_table(&mut session, schema, &request.table).await? {
            settle(&mut session, schema, &run, &relief, events).await?;
        }
    }
    session.close().await
}

/// Resumes what this run may have left paused.
pub async fn settle(
    session: &mut Session,
    journal_schema: &str,
    run: &RunRow,
    relief: &Relief,
    events: &Events,
) -> Result<()> {
    if !run.traffic_paused {
        return Ok(());
    }
    match &relief.resume {
        _ if relief.is_resumed => {}
        Some(command) => resume(command, &facts_of(run), events)
            .await
            .map_err(|trouble| not_resumed(run.id, &trouble))?,
        None => {
            return Err(Error::refused(
                "traffic_paused",
                format!(
                    "run {} on `{}` has paused traffic, and could not resume it",
                    run.id,
                    run.table.plain()
                ),
            )
            .hint("say how it is resumed, by `--resume-traffic`, and it is done first")
            .hint("or that it goes on already, by `--traffic-is-resumed`"));
        }
    }
    Journal::of(journal_schema, run).traffic(session, false).await
}
