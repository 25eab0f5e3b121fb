//! The rename by the session that holds the lock.

use super::attempt::{Attempt, Step};
use crate::crash::crash_point;
use crate::mysql::{Fault, Session};

impl Attempt<'_> {
    /// Renames and unlocks.
    pub(super) async fn rename_locked(&self, locker: &mut Session) -> Result<(), Step> {
        locker.run(self.rename()).await.map_err(Step::Renaming)?;
        crash_point!("renamed");
        match locker.run("UNLOCK TABLES").await {
            // Renamed all the same; a lost connection has unlocked by itself.
            Err(error) if Fault::of(&error) == Fault::Lost => Ok(()),
            unlocked => unlocked.map(drop).map_err(Step::Renaming),
        }
    }

    /// The one statement that is the swap.
    pub(super) fn rename(&self) -> String {
        let (pair, kept) = (self.shadow.pair(), self.shadow.kept());
        let (original, shadow) = (&pair.original, &pair.shadow);
        format!("RENAME TABLE {original} TO {kept}, {shadow} TO {original}")
    }
}
