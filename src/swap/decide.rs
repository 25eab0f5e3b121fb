//! Was the rename done? Asked when its reply was lost; never answered by running it again, which
//! would swap the tables back.

use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};
use crate::journal::RunId;
use crate::mysql::{Fault, Identity, Process, Server, Session, mark_of};
use crate::schema::{comment, exists, table_id};
use crate::shadow::Shadow;

/// How long a statement whose client is gone may take to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often a look that fails is tried, each on a connection of its own.
const LOOKS: u32 = 20;
/// The pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Whether the tables are swapped, after the connection `renamer` was lost in the rename. An error
/// is of kind unknown: a person must look.
pub async fn is_swapped(server: &Server, shadow: &Shadow, renamer: Identity) -> Result<bool> {
    look_again_and_again(server, shadow, renamer).await.map_err(|error| {
        Error::new(
            Kind::Unknown,
            "swap_unknown",
            format!(
                "the connection was lost inside the swap of `{}`, and the outcome cannot be read: {error}",
                shadow.pair().original.plain()
            ),
        )
        .hint(format!(
            "if `{}` exists the swap is done; if `{}` exists it is not; do not run anything before looking",
            shadow.kept().plain(),
            shadow.pair().shadow.plain()
        ))
    })
}

/// Who kills one connection may kill the next.
async fn look_again_and_again(server: &Server, shadow: &Shadow, renamer: Identity) -> Result<bool> {
    let mut left = LOOKS;
    loop {
        left -= 1;
        match look(server, shadow, renamer).await {
            Err(error) if Fault::of(&error).may_pass() && left > 0 => {
                tracing::debug!(%error, "looking again how the swap has ended");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            looked => return looked,
        }
    }
}

async fn look(server: &Server, shadow: &Shadow, renamer: Identity) -> Result<bool> {
    let mut session = server.reconnect().await?;
    wait_for_the_end_of(&mut session, renamer, shadow.run()).await?;
    let now = table_id(&mut session, &shadow.pair().original).await?;
    if let (Some(now), Some(original), Some(of_shadow)) =
        (now, shadow.original_id(), shadow.shadow_id())
    {
        return match now {
            id if id == original => Ok(false),
            id if id == of_shadow => Ok(true),
            id => Err(Error::failed(
                "other_table",
                format!("the name belongs to a third table now (id {id})"),
            )),
        };
    }
    // Until the swap an empty table of ours may have the kept table's name.
    let kept = comment(&mut session, shadow.kept()).await?;
    let kept = kept.is_some_and(|comment| comment != shadow.sentry_comment());
    let filled = exists(&mut session, &shadow.pair().shadow).await?;
    match (kept, filled) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        _ => Err(Error::failed("names_disagree", "neither or both helper tables exist")),
    }
}

/// A lost client's statement may still be running on the server. The session must be younger than
/// the renamer, or alive as long as it was.
pub(super) async fn wait_for_the_end_of(
    session: &mut Session,
    renamer: Identity,
    run: RunId,
) -> Result<()> {
    let patience = Instant::now() + PATIENCE;
    let mark = mark_of(&run.to_string());
    // It may not have begun to read what was sent to it.
    let may_rename = |statement: &str| statement.is_empty() || statement.starts_with(&mark);
    loop {
        // No statement outlives the server.
        if session.identity().life != renamer.life {
            return Ok(());
        }
        let all = Process::all(session).await?;
        let is_it = |process: &Process| process.id == u64::from(renamer.id);
        if !all.iter().any(|process| is_it(process) && may_rename(&process.statement)) {
            return Ok(());
        }
        if Instant::now() > patience {
            return Err(Error::failed(
                "renamer_lives",
                format!("connection {} still runs the rename", renamer.id),
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
