//! Whose fault it is that the server did not take the user's words, and what to do.

use crate::error::{Error, Kind};

/// The server's answer to the user's own DDL, as the kind of error that it is. What is nobody's
/// fault (a lost connection, a lock, a kill) stays as it was.
pub(crate) fn blame(error: Error) -> Error {
    let (kind, code, verdict, hint) = match error.errno() {
        None | Some(1053 | 1205 | 1213 | 1317 | 1927 | 1969 | 3024) => return error,
        // Words that do not fit together, and types that there are not.
        Some(1064 | 1149 | 4161) => (
            Kind::Usage,
            "bad_statement",
            "the statement cannot be read",
            "correct the statement; it is given to the server in your own words",
        ),
        Some(1044 | 1142 | 1143 | 1227) => (
            Kind::NotReady,
            "missing_grants",
            "the account may not make this change",
            "grant what the server asks for",
        ),
        Some(1067) => (
            Kind::Refused,
            "alter_refused",
            "the change is refused",
            "the server's global sql_mode forbids a default, perhaps one that the table has already: change it in the same statement, or the mode",
        ),
        Some(_) => (
            Kind::Refused,
            "alter_refused",
            "the change is refused",
            "a plain `ALTER TABLE` would be refused with the same words; correct the statement",
        ),
    };
    Error { kind, code, hints: vec![hint.to_owned()], ..error.during(verdict) }
}
