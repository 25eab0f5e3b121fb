//! What the server's connections do just now.

use mysql_async::Row;

use super::Session;
use crate::error::{Error, Result};

/// A connection as `SHOW PROCESSLIST` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The connection's id.
    pub id: u64,
    /// Its account's name; `system user` for the server's own threads.
    pub user: String,
    /// What kind of thing it does, such as `Query`, `Sleep` or `Daemon`.
    pub command: String,
    /// What its thread is at; empty if at nothing.
    pub state: String,
    /// The first hundred characters of its statement; empty if it runs none.
    pub statement: String,
}

impl Process {
    /// All connections that the account may see; its own always.
    ///
    /// The catalogue's table of them cannot be asked: MySQL fails when any session's statement has
    /// a character of four bytes.
    pub async fn all(session: &mut Session) -> Result<Vec<Self>> {
        let rows: Vec<Row> = session.rows("SHOW PROCESSLIST").await?;
        rows.into_iter().map(read).collect()
    }
}

pub(super) fn read(mut row: Row) -> Result<Process> {
    let id = row.take_opt("Id").and_then(std::result::Result::ok);
    let mut text = |name: &str| {
        let value: Option<Option<Vec<u8>>> = row.take_opt(name).and_then(std::result::Result::ok);
        value.map(|bytes| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
    };
    match (id, text("User"), text("Command"), text("State"), text("Info")) {
        (Some(id), Some(user), Some(command), Some(state), Some(statement)) => {
            Ok(Process { id, user, command, state, statement })
        }
        _ => {
            Err(Error::failed("processes_not_read", "the server's list of processes is unreadable"))
        }
    }
}
