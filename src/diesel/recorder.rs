//! Hears what a migration would execute: nothing in Diesel tells the SQL of one.

use std::any::Any;

use ::diesel::QueryResult;
use ::diesel::connection::{BoxableConnection, SimpleConnection};
use ::diesel::mysql::Mysql;

/// A connection to nowhere.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// The scripts, in order.
    pub(super) heard: Vec<String>,
}

impl SimpleConnection for Recorder {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.heard.push(sql.to_owned());
        Ok(())
    }
}

impl BoxableConnection<Mysql> for Recorder {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
