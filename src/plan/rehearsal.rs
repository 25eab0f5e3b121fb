//! The statement is tried on an empty clone of the original, so the server itself says whether it is
//! valid, what shape it makes, and how it could be done. The original is only read.

use super::blame::blame;
use super::checks::triggers;
use super::engine::allowed;
use crate::error::{Error, Kind, Result};
use crate::mysql::{Server, Session, plain_text};
use crate::request::Request;
use crate::schema::{
    Helper, MARK, Table, TableName, comment, read, stable_hash, table_id, with_option,
};
use crate::sql::{Algorithm, Clause};
use crate::swap::Way;

/// How the clone took the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// With `ALGORITHM=INSTANT`.
    Instant,
    /// With `ALGORITHM=INPLACE`, and without making the table anew.
    InPlace,
    /// Otherwise.
    Rebuilt,
}

/// What the rehearsal showed.
#[derive(Debug)]
pub(super) struct Rehearsed {
    /// The clone before.
    pub(super) before: Table,
    /// The clone after: the new shape.
    pub(super) after: Table,
    /// How.
    pub(super) taken: Taken,
    /// How a clone can be swapped in at best; an account that may not copy may not ask.
    pub(super) best_swap: Result<Way>,
    /// The original's triggers that the clone could not take, with the server's words.
    pub(super) refused_triggers: Vec<(String, Error)>,
}

/// Tries the statement. `instant` is false when the original could not take it at once, whatever
/// an empty clone can. The clone is gone afterwards, also after an error.
pub(super) async fn rehearse(
    server: &Server,
    original: &Table,
    request: &Request,
    instant: bool,
) -> Result<Rehearsed> {
    let clone = original.name.helper(Helper::Rehearsal);
    let mut session = server.session().await?;
    take_turn(&mut session, &original.name).await?;
    clear(&mut session, &clone, &original.name).await?;
    session.run(format!("CREATE TABLE {clone} LIKE {}", original.name)).await?;
    let tried = attempt(server, &mut session, original, &clone, request, instant).await;
    // The user's words may have taken our mark away, but we know what we have made.
    let drop = format!("DROP TABLE IF EXISTS {clone}");
    if session.run(&drop).await.is_err() {
        // The connection was lost on the way.
        server.reconnect().await?.run(&drop).await?;
    }
    let rehearsed = tried?;
    session.close().await?;
    Ok(rehearsed)
}

/// One rehearsal of a table at a time: the clone has one name. The turn ends with the session.
pub(super) async fn take_turn(session: &mut Session, original: &TableName) -> Result<()> {
    let lock = format!("zosc.plan.{:016x}", stable_hash(&original.plain()));
    let granted: Option<i64> = session.one(format!("SELECT GET_LOCK('{lock}', 10)")).await?;
    if granted == Some(1) {
        return Ok(());
    }
    let table = original.plain();
    Err(Error::new(
        Kind::Busy,
        "plan_busy",
        format!("another zosc has been planning a change of `{table}` for 10 seconds"),
    )
    .hint("wait for it, or look for `zosc.plan` in the server's `SHOW PROCESSLIST`"))
}

/// Drops a clone that an interrupted plan left behind; what is not ours is not touched.
pub(super) async fn clear(
    session: &mut Session,
    clone: &TableName,
    original: &TableName,
) -> Result<()> {
    match comment(session, clone).await? {
        None => Ok(()),
        Some(comment)
            if comment.starts_with(MARK) || is_unmarked(session, clone, original).await? =>
        {
            session.run(format!("DROP TABLE {clone}")).await.map(drop)
        }
        Some(_) => Err(Error::refused(
            "helper-names",
            format!("`{}` exists and does not bear zosc's mark", clone.plain()),
        )
        .hint(format!("see what it is; if it may go: DROP TABLE {clone}"))),
    }
}

/// Whether it is a clone that a plan made and could not mark any more: an empty table, in all as the
/// original is.
async fn is_unmarked(
    session: &mut Session,
    clone: &TableName,
    original: &TableName,
) -> Result<bool> {
    let (Some(clone), Some(original)) =
        (read::table(session, clone).await?, read::table(session, original).await?)
    else {
        return Ok(false);
    };
    let alike = clone.columns == original.columns
        && clone.indexes == original.indexes
        && clone.comment == original.comment;
    let one = format!("SELECT 1 AS one FROM {} LIMIT 1", clone.name);
    Ok(alike && session.first::<u64>(one).await?.is_none())
}

async fn attempt(
    server: &Server,
    session: &mut Session,
    original: &Table,
    clone: &TableName,
    request: &Request,
    instant: bool,
) -> Result<Rehearsed> {
    let mark = format!("{MARK}rehearsal for {}", original.name.plain());
    session.run(format!("ALTER TABLE {clone} COMMENT = {}", plain_text(&mark))).await?;
    let before = look(session, clone, original, &mark).await?;
    let identity = allowed(table_id(session, clone).await)?;

    let mut user = server.session_for_user_sql(&clone.schema).await?;
    understood_alike(request, &user.one::<String>("SELECT @@SESSION.sql_mode").await?)?;
    let algorithm = alter(&mut user, clone, request, instant).await?;
    user.close().await?;

    let after = look(session, clone, original, &mark)
        .await
        .map_err(|error| of_the_new_shape(error, clone, original))?;
    // The engine's id changes when the server makes the table anew.
    let kept = identity.is_some() && identity == allowed(table_id(session, clone).await)?;
    let taken = match algorithm {
        Some(Algorithm::Instant) => Taken::Instant,
        Some(Algorithm::InPlace) if kept => Taken::InPlace,
        _ => Taken::Rebuilt,
    };
    let best_swap = Way::probe(session, clone).await;
    let mut trying = server.session().await?;
    let refused_triggers = triggers::rehearse(&mut trying, original, clone).await?;
    trying.close().await?;
    Ok(Rehearsed { before, after, taken, best_swap, refused_triggers })
}

/// Applies the statement in the cheapest way that the server accepts. Only the last answer counts:
/// it was given to the user's own words.
async fn alter(
    user: &mut Session,
    clone: &TableName,
    request: &Request,
    instant: bool,
) -> Result<Option<Algorithm>> {
    let statement = &request.statement;
    // A partition clause must come last, so no algorithm can be named; it is never instant.
    let may_be_cheap = !request.copy && !statement.clauses().contains(&Clause::Partitioning);
    for (algorithm, wanted) in
        [(Algorithm::Instant, may_be_cheap && instant), (Algorithm::InPlace, may_be_cheap)]
    {
        if wanted && user.run(statement.with_algorithm(clone, algorithm)).await.is_ok() {
            return Ok(Some(algorithm));
        }
    }
    user.run(statement.on(clone)).await.map_err(blame)?;
    Ok(None)
}

/// The clone as it would be with the original's comment in place of our mark.
async fn look(
    session: &mut Session,
    clone: &TableName,
    original: &Table,
    mark: &str,
) -> Result<Table> {
    let mut table = read::table(session, clone).await?.ok_or_else(|| {
        Error::failed(
            "rehearsal_gone",
            format!("someone dropped `{}` while zosc was planning", clone.plain()),
        )
        .hint("run the same command again")
    })?;
    if table.comment == mark {
        let literal = (!original.comment.is_empty()).then(|| plain_text(&original.comment));
        table.definition = with_option(&table.definition, "COMMENT", literal.as_deref())?;
        table.comment.clone_from(&original.comment);
    }
    Ok(table)
}

/// What is refused is the table that the original would become.
fn of_the_new_shape(error: Error, clone: &TableName, original: &Table) -> Error {
    let message = error.message.replace(&clone.plain(), &original.name.plain());
    Error { message, ..error }.during("after the change")
}

/// Under `NO_BACKSLASH_ESCAPES` quoted text ends elsewhere than we think.
fn understood_alike(request: &Request, sql_mode: &str) -> Result<()> {
    if request.statement.has_backslashes() && sql_mode.contains("NO_BACKSLASH_ESCAPES") {
        return Err(Error::refused(
            "backslash_in_text",
            "the statement has a backslash in a quoted text, and the server's sql_mode has `NO_BACKSLASH_ESCAPES`",
        )
        .hint("write the text without backslashes; double a quote to quote it"));
    }
    Ok(())
}
