//! The migrations' connection and ours must be to one server, and to one schema where a statement
//! names none: a change in one place must not be recorded in another.
//!
//! The connection can execute, and cannot tell. So it takes a named lock of the server, whose name
//! holds its schema, and we look whether that lock is taken.

use ::diesel::connection::BoxableConnection;
use ::diesel::mysql::Mysql;

use super::migration::execute;
use crate::error::{Error, Result};
use crate::mysql::{Server, text};
use crate::options::Options;
use crate::sql::Statement;

/// The name of a lock that the migrations' connection holds.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    /// The schema that it must be in, if that matters.
    schema: Option<String>,
}

impl Place {
    pub(super) fn take(
        options: &Options,
        sql: &str,
        conn: &mut dyn BoxableConnection<Mysql>,
    ) -> Result<Self> {
        let names_schema =
            Statement::parse(sql)?.table().is_some_and(|(schema, _)| schema.is_some());
        let schema = options.database.clone().filter(|_| !names_schema);
        let place = Self { number: fastrand::u64(..), schema };
        execute(conn, &format!("DO GET_LOCK({}, 0)", place.seen_from_there()))?;
        Ok(place)
    }

    /// An error unless the lock is held on this server.
    pub(super) async fn prove(&self, options: &Options) -> Result<()> {
        let server = Server::connect(&options.connection).await?;
        let mut session = server.session().await?;
        let held = format!("SELECT IS_USED_LOCK({})", self.seen_from_here());
        let held: Option<u64> = session.one(held).await?;
        session.close().await?;
        if held.is_some() {
            return Ok(());
        }
        let server = options.connection.place();
        let place = match &self.schema {
            Some(schema) => format!("not on the schema `{schema}` of the server at {server}"),
            None => format!("not on the server at {server}"),
        };
        Err(Error::refused(
            "other_place",
            format!("the connection of the migrations is {place}, which the options name"),
        )
        .hint("make both from the same URL, and connect past any proxy"))
    }

    /// Gives the lock back. If that fails, it goes with the connection.
    pub(super) fn leave(&self, conn: &mut dyn BoxableConnection<Mysql>) {
        let release = format!("DO RELEASE_LOCK({})", self.seen_from_there());
        if let Err(error) = conn.batch_execute(&release) {
            tracing::debug!(%error, "the connection of the migrations is lost");
        }
    }

    fn seen_from_there(&self) -> String {
        self.name("DATABASE()")
    }

    fn seen_from_here(&self) -> String {
        self.name(&text(self.schema.as_deref().unwrap_or_default()))
    }

    /// As an expression; at most 64 characters.
    fn name(&self, schema: &str) -> String {
        let number = self.number;
        match self.schema {
            Some(_) => {
                let schema = format!("SHA2(LOWER(IFNULL({schema}, '')), 256)");
                format!("CONCAT('zosc {number:016x} ', LEFT({schema}, 40))")
            }
            None => format!("'zosc {number:016x}'"),
        }
    }
}
