//! The empty table that has the kept table's name while a rename is queued: the rename fails on it
//! until it is dropped.

use crate::error::{Error, Kind, Result};
use crate::mysql::{Session, plain_text};
use crate::schema::comment;
use crate::shadow::Shadow;

/// Makes the sentry, unless an earlier attempt has left it.
pub(super) async fn put_up(session: &mut Session, shadow: &Shadow) -> Result<()> {
    let kept = shadow.kept();
    if stands(session, shadow).await? {
        return Ok(());
    }
    session
        .run(format!(
            "CREATE TABLE {kept} (sentry INT NOT NULL PRIMARY KEY) ENGINE=InnoDB COMMENT = {}",
            plain_text(shadow.sentry_comment())
        ))
        .await
        .map(drop)
        .map_err(|error| match error.errno() {
            Some(1050) => Error::new(
                Kind::Failed,
                "helper-names",
                format!("another session has made a table `{}` during the run", kept.plain()),
            )
            .hint("see what it is, and rename or drop it; then run the same command again"),
            _ => error,
        })
}

/// Drops the sentry if it stands. Whoever could rename must have ended: behind a rename the name
/// would be the original's.
pub(super) async fn take_down(session: &mut Session, shadow: &Shadow) -> Result<()> {
    if stands(session, shadow).await? {
        // A statement of a connection that was lost may drop it just now.
        session.run(format!("DROP TABLE IF EXISTS {}", shadow.kept())).await?;
    }
    Ok(())
}

async fn stands(session: &mut Session, shadow: &Shadow) -> Result<bool> {
    let comment = comment(session, shadow.kept()).await?;
    Ok(comment.is_some_and(|comment| comment == shadow.sentry_comment()))
}
