//! The shadow: an empty clone of the original that the user's own words have changed.

use crate::crash::crash_point;
use crate::error::{Error, Result};
use crate::journal::{Course, RunId, RunRow};
use crate::mysql::{Server, Session, plain_text};
use crate::plan::CopyPlan;
use crate::request::Request;
use crate::schema::read::{auto_increment, definition, table};
use crate::schema::{Helper, Pair, Table, TableName, table_id, with_option};
use crate::swap::Way;

/// The shadow of a run, with what is needed to swap it in.
#[derive(Debug, Clone)]
pub struct Shadow {
    pair: Pair,
    kept: TableName,
    run: RunId,
    marker: String,
    sentry_comment: String,
    way: Way,
    planned: Table,
    final_comment: String,
    original_id: Option<u64>,
    own_id: Option<u64>,
}

impl Shadow {
    /// The handle to the shadow of a run that has built it.
    pub fn new(original: &Table, plan: &CopyPlan, run: &RunRow, final_comment: String) -> Self {
        Self {
            pair: Pair {
                original: original.name.clone(),
                shadow: original.name.helper(Helper::Shadow),
                mapping: plan.mapping.clone(),
            },
            kept: original.name.helper(Helper::Kept),
            run: run.id,
            marker: run.marker(),
            sentry_comment: run.sentry_marker(),
            way: plan.swap,
            planned: original.clone(),
            final_comment,
            original_id: run.original_id,
            own_id: run.shadow_id,
        }
    }

    /// Original, shadow and the mapping between them.
    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// What the original will be called after the swap.
    pub fn kept(&self) -> &TableName {
        &self.kept
    }

    /// The run's number.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// The comment by which the run's tables are known until the swap.
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// The comment of the empty table that has the kept table's name while a rename is queued.
    pub fn sentry_comment(&self) -> &str {
        &self.sentry_comment
    }

    /// How it is swapped in.
    pub fn way(&self) -> Way {
        self.way
    }

    /// The original as the plan has seen it: it must be so at the swap.
    pub fn planned(&self) -> &Table {
        &self.planned
    }

    /// The comment that the table shall have in the end. Until the swap it carries the run's marker.
    pub fn final_comment(&self) -> &str {
        &self.final_comment
    }

    /// InnoDB's id of the original, where it can be read.
    pub fn original_id(&self) -> Option<u64> {
        self.original_id
    }

    /// InnoDB's id of the shadow, where it can be read.
    pub fn shadow_id(&self) -> Option<u64> {
        self.own_id
    }
}

/// Builds the empty shadow. On an error nothing is left of it.
pub async fn build(
    server: &Server,
    request: &Request,
    original: &Table,
    plan: &CopyPlan,
    run: &mut RunRow,
) -> Result<Shadow> {
    let name = original.name.helper(Helper::Shadow);
    let mut session = server.session().await?;
    session.run(format!("CREATE TABLE {name} LIKE {}", original.name)).await?;
    crash_point!("shadow-made");
    let built = finish(server, &mut session, &name, request, original, plan, run).await;
    if built.is_err() {
        session.run(format!("DROP TABLE {name}")).await?;
    }
    session.close().await?;
    built
}

async fn finish(
    server: &Server,
    session: &mut Session,
    name: &TableName,
    request: &Request,
    original: &Table,
    plan: &CopyPlan,
    run: &mut RunRow,
) -> Result<Shadow> {
    let marker = run.marker();
    let mark = format!("ALTER TABLE {name} COMMENT = {}", plain_text(&marker));
    session.run(&mark).await?;
    let mut user = server.session_for_user_sql(&name.schema).await?;
    user.run(request.statement.on(name)).await?;
    user.close().await?;
    crash_point!("shadow-altered");
    let shape = table(session, name).await?.ok_or_else(|| vanished(name))?;
    same_as_planned(&shape, &plan.target)?;
    let final_comment =
        if shape.comment == marker { original.comment.clone() } else { shape.comment };
    session.run(&mark).await?;

    // With the counter beyond every id from the start, explicit ids never move it.
    let counters =
        (auto_increment(session, &original.name).await?, auto_increment(session, name).await?);
    if let (Some(next), Some(asked_for)) = counters
        && next > asked_for
    {
        session.run(format!("ALTER TABLE {name} AUTO_INCREMENT = {next}")).await?;
    }
    let journal = &request.journal_schema;
    let original_id = table_id(session, &original.name).await?;
    let shadow_id = table_id(session, name).await?;
    run.set_ids(session, journal, &server.facts().uuid, [original_id, shadow_id]).await?;
    let course = Course {
        capture: plan.capture,
        key_index: plan.mapping.key.index.clone(),
        shadow_definition: shape_of(session, name).await?,
        final_comment: final_comment.clone(),
    };
    run.set_course(session, journal, course).await?;
    crash_point!("shadow-noted");
    Ok(Shadow::new(original, plan, run, final_comment))
}

/// The definition of a shadow as it stays while the shadow is filled and swapped in.
pub async fn shape_of(session: &mut Session, shadow: &TableName) -> Result<String> {
    with_option(&definition(session, shadow).await?, "COMMENT", None)
}

/// The plan was made on a rehearsal; the original must not have changed since.
fn same_as_planned(shape: &Table, target: &Table) -> Result<()> {
    if shape.columns == target.columns && shape.indexes == target.indexes {
        return Ok(());
    }
    Err(Error::refused(
        "changed_since_planned",
        format!("`{}` was changed while the run was being planned", shape.name.plain()),
    )
    .hint("run the same command again"))
}

fn vanished(name: &TableName) -> Error {
    Error::failed("shadow_vanished", format!("`{}` was dropped by another session", name.plain()))
}
