//! The heartbeat: a row that is changed again and again, by which replicas show how far they are.

use super::{Journal, tables};
use crate::error::Result;
use crate::mysql::Session;
use crate::schema::TableName;

/// No such schema, no such table.
const MISSING: [u16; 2] = [1049, 1146];

impl Journal {
    /// Commits a beat; an error when the run has ended, or another process has it.
    ///
    /// It waits for whoever ends the run, and then finds that there is nothing to beat for: the row
    /// that was removed does not come back.
    pub async fn beat(&self, session: &mut Session, beat: u64) -> Result<()> {
        let sql = format!(
            "INSERT INTO {} (run, beat) SELECT id, {beat} FROM {} \
             WHERE id = {} AND epoch = {} AND ended_at IS NULL {} \
             ON DUPLICATE KEY UPDATE beat = {beat}",
            self.table(tables::HEARTBEAT),
            self.table(tables::RUN),
            self.run,
            self.epoch,
            session.flavour().shared_lock()
        );
        if session.run(sql).await? == 0 {
            self.hold_epoch(session).await?;
            return Err(self.taken_over());
        }
        Ok(())
    }

    /// The last beat that a server has got; `None` when it has none of this run.
    pub async fn beat_seen(&self, session: &mut Session) -> Result<Option<u64>> {
        let heartbeat = self.table(tables::HEARTBEAT);
        session.first(format!("SELECT beat FROM {heartbeat} WHERE run = {}", self.run)).await
    }

    /// An error when the account may not read beats on a server. A journal that is not there yet is
    /// none.
    pub async fn may_read_beats(session: &mut Session, schema: &str) -> Result<()> {
        let heartbeat = TableName::new(schema, tables::HEARTBEAT);
        match session.rows::<u64>(format!("SELECT beat FROM {heartbeat} LIMIT 0")).await {
            Err(error) if error.errno().is_some_and(|errno| MISSING.contains(&errno)) => Ok(()),
            read => read.map(drop),
        }
    }
}
