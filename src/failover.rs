//! Another server has taken the place of the one that a run stopped on. It has the data, the shadow
//! and the journal by replication; whether it has all that the run relies on, GTIDs tell.

use crate::error::Result;
use crate::journal::{RunRow, Trail};
use crate::mysql::{History, Session};
use crate::schema::read::definition;
use crate::schema::{Helper, quote, table_id};

/// What the first server is known to have done, if this one has done all of it; else why the run
/// cannot go on here.
pub async fn proven(
    session: &mut Session,
    run: &RunRow,
    trail: &Trail,
) -> Result<Result<History, String>> {
    let elsewhere = "this is another server than the one that it stopped on";
    let Some(history) = &trail.history else {
        return Ok(Err(format!(
            "{elsewhere}, and that one gave transactions no GTIDs by which it could be proven that \
             nothing is missing here"
        )));
    };
    if let Some(missing) = history.missing_on(session).await? {
        return Ok(Err(format!("{elsewhere}, and lacks its transactions {missing}")));
    }
    if history.has_gap_on(session, &run.server_uuid).await? {
        return Ok(Err(format!(
            "{elsewhere}, and lacks some of its transactions before later ones: it was promoted \
             before it had applied all that it had received"
        )));
    }
    Ok(Ok(history.clone()))
}

/// Of a run that has swapped, remembers the tables by their ids here, so that the kept one can be
/// cleaned up: if it has the shape that the original had.
pub async fn adopt_kept(
    session: &mut Session,
    journal_schema: &str,
    run: &mut RunRow,
    uuid: &str,
) -> Result<()> {
    let kept = run.table.helper(Helper::Kept);
    let shape = definition(session, &kept).await?;
    if shape.replacen(&quote(&kept.table), &quote(&run.table.table), 1) != run.definition {
        return Ok(());
    }
    let ids = [table_id(session, &kept).await?, table_id(session, &run.table).await?];
    run.set_ids(session, journal_schema, uuid, ids).await
}
