//! An earlier run on the table that did not come to its end: it is gone on with, if it was asked for
//! the same change and everything is as it left it.

use crate::crash::crash_point;
use crate::error::{Error, Result};
use crate::event::Events;
use crate::journal::{Course, Ended, Journal, Moved, Phase, RunId, RunRow, Trail};
use crate::mysql::{Server, Session};
use crate::plan::{CopyPlan, Plan};
use crate::request::Request;
use crate::schema::{Helper, comment, table_id};
use crate::shadow::{Shadow, shape_of};
use crate::{direct, failover, rehearse, swap, tidy};

/// What was found.
#[derive(Debug)]
pub enum Earlier {
    /// No run, or none that can be gone on with: what it left was removed.
    Nothing,
    /// A run that has made this very change, and died before it could say so.
    Done,
    /// A run that stopped on its way. It is ours now: whatever it still had going on has ended.
    Stopped(Box<Stopped>),
}

/// A run that stopped on its way.
#[derive(Debug)]
pub struct Stopped {
    /// Its row, taken over.
    pub run: RunRow,
    /// What it settled on.
    pub course: Course,
    /// How far it came.
    pub trail: Trail,
}

/// Looks for an earlier run on the table, whose guard the caller holds: none of them lives. Refuses
/// when one was asked for another change.
pub async fn find(server: &Server, request: &Request, events: &Events) -> Result<Earlier> {
    let mut session = server.session().await?;
    let schema = &request.journal_schema;
    if !Journal::exists(&mut session, schema).await? {
        return Ok(Earlier::Nothing);
    }
    let mut found = Earlier::Nothing;
    for run in RunRow::on_table(&mut session, schema, &request.table).await? {
        if run.phase.is_open() && matches!(found, Earlier::Nothing) {
            found = look_at(server, &mut session, request, run, events).await?;
        }
    }
    if let Earlier::Stopped(stopped) = found {
        session.close().await?;
        return Ok(Earlier::Stopped(stopped));
    }
    for dead in tidy::bury(&mut session, schema, &request.table, events).await? {
        let message = format!("run {dead} on this table had died; what it left was removed");
        events.warn("dead_run_removed", message, None);
    }
    session.close().await?;
    Ok(found)
}

/// The row of a run that can be gone on with or has made its change, by its number.
pub async fn run(server: &Server, journal_schema: &str, id: RunId) -> Result<RunRow> {
    let mut session = server.session().await?;
    let known = Journal::exists(&mut session, journal_schema).await?;
    let all = if known { RunRow::all(&mut session, journal_schema).await? } else { Vec::new() };
    session.close().await?;
    match all.into_iter().find(|run| run.id == id) {
        Some(run) if run.phase.is_open() || run.phase.is_done() => Ok(run),
        Some(run) => Err(Error::refused(
            "run_has_ended",
            format!("run {id} on `{}` has ended: {}", run.table.plain(), run.phase.word()),
        )
        .hint("to make the change anew, give the whole command")),
        None => Err(tidy::no_such_run(id, journal_schema)),
    }
}

async fn look_at(
    server: &Server,
    session: &mut Session,
    request: &Request,
    mut run: RunRow,
    events: &Events,
) -> Result<Earlier> {
    let schema = &request.journal_schema;
    if request.rehearse.is_some() {
        return Err(rehearse::would_remove(&run));
    }
    let same = run.statement.trim() == request.statement.text().trim();
    let at_the_swap = run.phase == Phase::Swapping;
    if !same && !at_the_swap && Journal::of(schema, &run).trail(session).await?.is_some() {
        return Err(unfinished(&run));
    }
    tidy::seize(session, schema, &mut run, events).await?;
    let journal = Journal::of(schema, &run);
    if run.phase == Phase::Altering {
        return match direct::is_made(session, &run).await? {
            Some(true) => {
                journal.end(session, Ended::Direct, "died behind its change").await?;
                Ok(if same { Earlier::Done } else { Earlier::Nothing })
            }
            None if same => Err(undecided(&run)),
            _ => Ok(Earlier::Nothing),
        };
    }
    if at_the_swap {
        if swap::settle_dead(session, schema, &run).await? {
            if run.server_uuid != server.facts().uuid {
                failover::adopt_kept(session, schema, &mut run, &server.facts().uuid).await?;
            }
            journal.end(session, Ended::Swapped, "died behind the swap").await?;
            return Ok(if same { Earlier::Done } else { Earlier::Nothing });
        }
        if !same {
            return Err(unfinished(&run));
        }
        // As the run itself: capture knows its own statements by their mark.
        let mut marked = server.tagged(&run.id.to_string()).session().await?;
        swap::take_back(&mut marked, &run).await?;
        crash_point!("taken-back");
        marked.close().await?;
        journal.no_stand_ins(session).await?;
        journal.phase(session, Phase::Copying).await?;
        run.phase = Phase::Copying;
    }
    // Only now: until it was taken over it may have gone on.
    Ok(match (run.course.clone(), journal.trail(session).await?) {
        (Some(course), Some(trail)) => Earlier::Stopped(Box::new(Stopped { run, course, trail })),
        _ => Earlier::Nothing,
    })
}

impl Stopped {
    /// The request as the run has settled it.
    pub fn request(&self, asked: &Request) -> Result<Request> {
        let capture = self.course.capture;
        if let Some(other) = asked.capture.filter(|asked| *asked != capture) {
            let (was, now) = (capture.word(), other.word());
            return Err(self.differs(&[format!("it captures by {was}, not by {now}")]));
        }
        let allow = asked.allow.union(&self.run.allow).cloned().collect();
        Ok(Request { copy: true, capture: Some(capture), allow, ..asked.clone() })
    }

    /// Makes sure that everything is as the run left it, here or on the server that this one has
    /// replicated; gives its shadow.
    pub async fn shadow(
        &mut self,
        server: &Server,
        plan: &Plan,
        copy: &CopyPlan,
    ) -> Result<Shadow> {
        let (run, course, uuid) = (&mut self.run, &self.course, &server.facts().uuid);
        let name = run.table.helper(Helper::Shadow);
        let mut session = server.session().await?;
        let mut others = Vec::new();
        let mut history = None;
        if run.server_uuid != *uuid {
            match failover::proven(&mut session, run, &self.trail).await? {
                Ok(proven) => history = Some(proven),
                Err(why) => others.push(why),
            }
        }
        if plan.original.definition != run.definition {
            others.push(format!("`{}` has another definition now", run.table.plain()));
        }
        let original_id = table_id(&mut session, &run.table).await?;
        if run.server_uuid == *uuid && original_id != run.original_id {
            others.push(format!("`{}` is another table now", run.table.plain()));
        }
        if copy.mapping.key.index != course.key_index {
            let (was, now) = (&course.key_index, &copy.mapping.key.index);
            others.push(format!("it knows rows by the key `{was}`, this would by `{now}`"));
        }
        match comment(&mut session, &name).await? {
            None => others.push(format!("`{}` is gone", name.plain())),
            Some(comment) => {
                let known = run.shadow_id.is_some()
                    && table_id(&mut session, &name).await? == run.shadow_id;
                if !known && (comment != run.marker() || run.shadow_id.is_some()) {
                    others.push(format!("`{}` is another table now", name.plain()));
                } else if shape_of(&mut session, &name).await? != course.shadow_definition {
                    others.push(format!("`{}` has another definition now", name.plain()));
                }
            }
        }
        if let Some(history) = history {
            run.original_id = original_id;
            run.shadow_id = table_id(&mut session, &name).await?;
            let (server_uuid, shadow_id) = (uuid.clone(), run.shadow_id);
            self.trail.moved = Some(Moved { history, server_uuid, original_id, shadow_id });
        }
        session.close().await?;
        if others.is_empty() {
            return Ok(Shadow::new(&plan.original, copy, run, course.final_comment.clone()));
        }
        Err(self.differs(&others))
    }

    /// The plan says now that the table can be changed without a copy.
    pub fn needs_a_copy(&self) -> Error {
        self.differs(&["the plan has no copy now".to_owned()])
    }

    fn differs(&self, others: &[String]) -> Error {
        Error::refused(
            "cannot_resume",
            format!("run {} cannot be gone on with: {}", self.run.id, others.join("; ")),
        )
        .hint(format!(
            "`zosc clean {} --yes` gives it up; then the same command starts afresh",
            self.run.id
        ))
    }
}

fn undecided(run: &RunRow) -> Error {
    let (id, table) = (run.id, run.table.plain());
    Error::refused(
        "cannot_resume",
        format!(
            "run {id} died when the server changed `{table}`, and the table's definition does not \
             tell whether it did"
        ),
    )
    .hint(format!(
        "see `SHOW CREATE TABLE {}`, and give the run up: `zosc clean {id} --yes`",
        run.table
    ))
    .hint("then, unless the change is made, give the same command again")
}

fn unfinished(run: &RunRow) -> Error {
    Error::refused(
        "unfinished_run",
        format!(
            "run {} on `{}` is not finished, and was asked for another change: {}",
            run.id,
            run.table.plain(),
            run.statement
        ),
    )
    .hint(format!("finish it first: `zosc resume {}`", run.id))
    .hint(format!("or give it up: `zosc clean {} --yes`", run.id))
}
