//! What a database error means for the one who met it.

use crate::error::{Error, Kind, ServerCode};

/// What may be done after an error. A retry unit is always a whole transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server rolled back the whole transaction (1213), the statement waited too long for a lock
    /// (1205, 3572), met a row newer than its snapshot (1020) or was ended from outside (1317, 1969):
    /// roll back and start the transaction afresh.
    Contention,
    /// A unique key is taken (1062): perhaps only for now.
    Duplicate,
    /// The connection is gone (or was killed): make a new session, then as for contention.
    Lost,
    /// Anything else: trying again gives the same answer.
    Definite,
}

/// The slug of errors that mean a lost connection.
const CONNECTION_LOST: &str = "connection_lost";

impl Fault {
    /// Classifies an error.
    pub fn of(error: &Error) -> Self {
        match error.errno() {
            Some(1020 | 1205 | 1213 | 1317 | 1969 | 3572) => Self::Contention,
            Some(1062) => Self::Duplicate,
            // Server shutting down, connection killed, client timed out, too many connections.
            Some(1040 | 1053 | 1079 | 1927 | 3169 | 4031) => Self::Lost,
            None if error.code == CONNECTION_LOST => Self::Lost,
            _ => Self::Definite,
        }
    }
}

impl From<mysql_async::Error> for Error {
    fn from(error: mysql_async::Error) -> Self {
        match error {
            mysql_async::Error::Server(server) => {
                let message = format!("the server answered {}: {}", server.code, server.message);
                let mut error = Self::failed("server_error", message);
                error.server = Some(ServerCode { errno: server.code, sqlstate: server.state });
                error
            }
            mysql_async::Error::Io(error) => lost(&error.to_string()),
            mysql_async::Error::Driver(
                error @ (mysql_async::DriverError::ConnectionClosed
                | mysql_async::DriverError::PoolDisconnected),
            ) => lost(&error.to_string()),
            other => Self::failed("driver_error", format!("the database driver failed: {other}")),
        }
    }
}

fn lost(reason: &str) -> Error {
    Error::new(
        Kind::Resumable,
        CONNECTION_LOST,
        format!("the connection to the server was lost: {reason}"),
    )
    .hint("run the same command again when the server answers")
}
