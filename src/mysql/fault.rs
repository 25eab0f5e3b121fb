//! What a database error means for the one who met it.

use super::Flavour;
use super::meaning::Meaning;
use crate::error::{Error, Kind, ServerCode};

/// What may be done after an error. A retry unit is always a whole transaction, rolled back first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Somebody was in the way, or ended the statement: start the transaction afresh.
    Contention,
    /// A unique key is taken (1062): perhaps only for now.
    Duplicate,
    /// The connection is gone: make a new session, then start the transaction afresh.
    Lost,
    /// The server cannot do it for now (read only, disk full, no connection left): start the
    /// transaction afresh later.
    Later,
    /// Anything else: trying again gives the same answer.
    Definite,
}

/// Where a number means what the table says. Above 1900 the two families number on their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Both,
    Mysql,
    Mariadb,
}

/// What the numbers mean that are not definite.
const MEANINGS: &[(u16, On, Fault, &str)] = {
    use Fault::{Contention, Duplicate, Later, Lost};
    use On::{Both, Mariadb, Mysql};
    &[
        (1020, Both, Contention, "a row is newer than the snapshot"),
        (1180, Both, Contention, "the engine could not commit"),
        (1205, Both, Contention, "a lock was not granted in time"),
        (1206, Both, Contention, "the table of locks is full"),
        (1213, Both, Contention, "a deadlock rolled the transaction back"),
        (1317, Both, Contention, "somebody ended the statement"),
        (1412, Both, Contention, "the table's definition is newer than the snapshot"),
        (1613, Both, Contention, "the transaction was rolled back: it took too long"),
        (1614, Both, Contention, "a deadlock rolled the transaction back"),
        (1969, Mariadb, Contention, "the statement took longer than the server allows"),
        (3024, Mysql, Contention, "the statement took longer than the server allows"),
        (3100, Mysql, Contention, "the group did not accept the transaction"),
        (3101, Mysql, Contention, "the group rolled the transaction back"),
        (3572, Mysql, Contention, "a lock was not to be had at once"),
        (1062, Both, Duplicate, "a unique key is taken"),
        (1053, Both, Lost, "the server is shutting down"),
        (1077, Both, Lost, "the server has shut down"),
        (1079, Both, Lost, "the server has shut down"),
        (1152, Both, Lost, "the server gave the connection up"),
        (1156, Both, Lost, "the network mixed packets up"),
        (1157, Both, Lost, "the network garbled a packet"),
        (1158, Both, Lost, "the server could not read from the network"),
        (1159, Both, Lost, "the server did not hear from us in time"),
        (1160, Both, Lost, "the server could not write to the network"),
        (1161, Both, Lost, "the server could not write to the network in time"),
        (1184, Both, Lost, "the server gave the connection up"),
        (1927, Mariadb, Lost, "the connection was killed"),
        (3169, Mysql, Lost, "the connection was killed"),
        (4031, Mysql, Lost, "the server closed an idle connection"),
        // A client's own numbers, as proxies answer with them.
        (2006, Both, Lost, "the server has gone away"),
        (2013, Both, Lost, "the connection was lost in a query"),
        (1021, Both, Later, "the server's disk is full"),
        (1026, Both, Later, "the server could not write a file"),
        (1030, Both, Later, "the engine failed"),
        (1037, Both, Later, "the server is out of memory"),
        (1038, Both, Later, "the server is out of memory for sorting"),
        (1040, Both, Later, "the server has no connection left"),
        (1041, Both, Later, "the server is out of memory"),
        (1047, Both, Later, "the node is not ready to serve"),
        (1114, Both, Later, "the table or the server's disk is full"),
        (1135, Both, Later, "the server has no thread left"),
        (1203, Both, Later, "the account has no connection left"),
        (1226, Both, Later, "the account has used up what it may have"),
        (1290, Both, Later, "the server is read only"),
        (1637, Both, Later, "the engine has too many transactions"),
        (1836, Both, Later, "the server is read only"),
        (3032, Mysql, Later, "the server is offline"),
        (3675, Mysql, Later, "the server's disk is full"),
    ]
};

/// Rights that are missing: somebody has to grant them.
const DENIED: &[u16] = &[1044, 1045, 1142, 1143, 1227, 1370, 1698, 3118];

/// The slug of errors that mean a lost connection.
const CONNECTION_LOST: &str = "connection_lost";
/// The slug of errors behind which nothing is tried any more.
pub(crate) const GIVEN_UP: &str = "given_up";

impl Fault {
    /// Classifies an error.
    pub fn of(error: &Error) -> Self {
        if error.code == GIVEN_UP {
            return Self::Definite;
        }
        if error.server.is_none() && error.code == CONNECTION_LOST {
            return Self::Lost;
        }
        meaning(error).map_or(Self::Definite, |(fault, _)| fault)
    }

    /// Whether the same may work when it is done again, with nobody's help but time's.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Contention | Self::Lost | Self::Later)
    }

    /// In words, what an error means; `None` for those that are definite.
    pub fn reason(error: &Error) -> Option<&'static str> {
        meaning(error).map(|(_, reason)| reason)
    }

    /// Whether the server says that the account has no right to it.
    pub fn is_denied(error: &Error) -> bool {
        error.errno().is_some_and(|errno| DENIED.contains(&errno))
    }
}

fn meaning(error: &Error) -> Option<(Fault, &'static str)> {
    let code = error.server.as_ref()?;
    let is_here = |on: On| match on {
        On::Both => true,
        On::Mysql => code.flavour != Some(Flavour::Mariadb),
        On::Mariadb => code.flavour != Some(Flavour::Mysql),
    };
    let found = MEANINGS.iter().find(|(errno, on, ..)| *errno == code.errno && is_here(*on));
    found.map(|(_, _, fault, reason)| (*fault, *reason))
}

impl Error {
    /// The same error from a server of this family: above 1900 numbers have other meanings there.
    #[must_use]
    pub(super) fn said_by(mut self, flavour: Flavour) -> Self {
        if let Some(code) = &mut self.server {
            code.flavour = Some(flavour);
        }
        self
    }
}

impl From<mysql_async::Error> for Error {
    fn from(error: mysql_async::Error) -> Self {
        match error {
            mysql_async::Error::Server(server) => {
                let message = format!("the server answered {}: {}", server.code, server.message);
                let mut error = match Meaning::of(server.code) {
                    Some(meaning) => Self::failed(meaning.code, message).hint(meaning.hint),
                    None => Self::failed("server_error", message),
                };
                let (errno, sqlstate) = (server.code, server.state);
                error.server = Some(ServerCode { errno, sqlstate, flavour: None });
                error
            }
            mysql_async::Error::Io(error) => connection_lost(&error.to_string()),
            mysql_async::Error::Driver(
                error @ (mysql_async::DriverError::ConnectionClosed
                | mysql_async::DriverError::PoolDisconnected
                // A server that ends a connection says so out of turn.
                | mysql_async::DriverError::PacketOutOfOrder
                | mysql_async::DriverError::UnexpectedPacket { .. }),
            ) => connection_lost(&error.to_string()),
            other => Self::failed("driver_error", format!("the database driver failed: {other}")),
        }
    }
}

/// A connection that is gone, and why.
pub(crate) fn connection_lost(reason: &str) -> Error {
    Error::new(
        Kind::Resumable,
        CONNECTION_LOST,
        format!("the connection to the server was lost: {reason}"),
    )
    .hint("run the same command again when the server answers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(errno: u16, flavour: Flavour) -> Error {
        let mut error = Error::failed("server_error", "the server said so");
        error.server = Some(ServerCode { errno, sqlstate: "HY000".into(), flavour: None });
        error.said_by(flavour)
    }

    #[test]
    fn a_number_means_what_it_means_in_its_family() {
        assert_eq!(Fault::of(&said(4031, Flavour::Mysql)), Fault::Lost);
        assert_eq!(Fault::of(&said(4031, Flavour::Mariadb)), Fault::Definite, "no such trigger");
        assert_eq!(Fault::of(&said(1213, Flavour::Mariadb)), Fault::Contention);
        assert_eq!(Fault::of(&said(1146, Flavour::Mysql)), Fault::Definite);
    }

    #[test]
    fn each_number_has_one_meaning() {
        for (at, (errno, on, ..)) in MEANINGS.iter().enumerate() {
            let again =
                MEANINGS[at + 1..].iter().any(|(other, of, ..)| (other, *of) == (errno, *on));
            assert!(!again, "{errno} is there twice");
        }
    }

    #[test]
    fn what_was_given_up_is_not_tried_again() {
        let mut error = said(1290, Flavour::Mysql);
        assert_eq!(Fault::of(&error), Fault::Later);
        error.code = GIVEN_UP;
        assert_eq!(Fault::of(&error), Fault::Definite);
    }
}
