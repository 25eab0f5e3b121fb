//! The original's own triggers while others stand in for them: what is needed to give them their
//! places again, should the run die in its swap.

use mysql_async::Row;

use super::{Journal, RunId, tables};
use crate::error::{Error, Result};
use crate::mysql::{Session, text};
use crate::schema::{TableName, hex};

/// A trigger that another one stands in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// The trigger's name, unquoted.
    pub trigger: String,
    /// The name of the one that stands in for it.
    pub name: String,
    /// The statement that prepares a session for making the trigger.
    pub settings: String,
    /// The statement that makes the trigger, in the character set that those settings name.
    pub definition: Vec<u8>,
}

impl StandIn {
    /// Those of a run, in the order in which the triggers must be made.
    pub async fn of_run(session: &mut Session, schema: &str, run: RunId) -> Result<Vec<Self>> {
        let rows: Vec<Row> = session
            .rows(format!(
                "SELECT trigger_name, name, settings, definition FROM {} \
                 WHERE run = {run} ORDER BY number",
                TableName::new(schema, tables::STAND_IN)
            ))
            .await?;
        rows.into_iter().map(read).collect()
    }
}

fn read(mut row: Row) -> Result<StandIn> {
    let mut take = |column| row.take_opt(column).and_then(std::result::Result::ok);
    let read = (take(0), take(1), take(2), take(3));
    let (Some(trigger), Some(name), Some(settings), Some(definition)) = read else {
        return Err(Error::failed("journal_not_readable", "a trigger's row cannot be read"));
    };
    let utf8 = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(StandIn { trigger: utf8(trigger), name: utf8(name), settings: utf8(settings), definition })
}

impl Journal {
    /// Writes down who stands in for whom, in order.
    pub async fn stand_ins(&self, session: &mut Session, all: &[StandIn]) -> Result<()> {
        for (number, one) in all.iter().enumerate() {
            let sql = format!(
                "REPLACE INTO {} (run, number, trigger_name, name, settings, definition) \
                 VALUES ({}, {number}, {}, {}, {}, X'{}')",
                self.table(tables::STAND_IN),
                self.run,
                text(&one.trigger),
                text(&one.name),
                text(&one.settings),
                hex(&one.definition)
            );
            session.run(sql).await?;
        }
        Ok(())
    }

    /// Every trigger has its place: nobody stands in any more.
    pub async fn no_stand_ins(&self, session: &mut Session) -> Result<()> {
        let sql = format!("DELETE FROM {} WHERE run = {}", self.table(tables::STAND_IN), self.run);
        session.run(sql).await.map(drop)
    }
}
