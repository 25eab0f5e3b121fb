//! The events that this room knows. Any other event is a reason to stop, unless the server says that
//! readers may pass over it.

use crate::error::{Error, Result};

/// What an event is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The file's own description: the first event of every file and of every stream.
    Description,
    /// The log goes on in another file; also sent made-up when a stream starts.
    Rotate,
    /// A transaction's name, tagged, untagged or anonymous; its `BEGIN` follows.
    Gtid,
    /// A transaction begins with its name, and nothing else: MariaDB's way.
    Begins,
    /// A statement as text.
    Query,
    /// `LOAD DATA` in statement format.
    LoadQuery,
    /// Which table the next rows belong to.
    TableMap,
    /// Rows.
    Rows(Change),
    /// The transaction is committed.
    Xid,
    /// An XA transaction is prepared, or committed in one phase.
    XaPrepare,
    /// A compressed transaction; its events follow in the stream.
    Payload,
    /// Nothing new at the server.
    Heartbeat,
    /// Known to change no row.
    Silent,
}

/// What happened to the rows of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Write,
    Update,
    /// An update whose after images may hold differences of JSON values.
    PartialUpdate,
    Delete,
}

/// Set by the server on events that a reader may pass over.
const IGNORABLE: u16 = 0x80;

impl Kind {
    /// From an event's type code and flags.
    pub(super) fn of(code: u8, flags: u16) -> Result<Self> {
        Ok(match plain(code) {
            2 => Self::Query,
            // STOP, INTVAR, APPEND_BLOCK, RAND, USER_VAR, BEGIN_LOAD_QUERY, IGNORABLE, ROWS_QUERY,
            // PREVIOUS_GTIDS, TRANSACTION_CONTEXT, VIEW_CHANGE; MariaDB's ANNOTATE_ROWS,
            // BINLOG_CHECKPOINT, GTID_LIST, and START_ENCRYPTION: an encrypted log is sent decrypted.
            3 | 5 | 9 | 13 | 14 | 17 | 28 | 29 | 35..=37 | 160 | 161 | 163 | 164 => Self::Silent,
            4 => Self::Rotate,
            15 => Self::Description,
            16 => Self::Xid,
            18 => Self::LoadQuery,
            19 => Self::TableMap,
            23 | 30 => Self::Rows(Change::Write),
            24 | 31 => Self::Rows(Change::Update),
            25 | 32 => Self::Rows(Change::Delete),
            26 => return Err(incident()),
            27 | 41 => Self::Heartbeat,
            33 | 34 | 42 => Self::Gtid,
            38 => Self::XaPrepare,
            39 => Self::Rows(Change::PartialUpdate),
            40 => Self::Payload,
            162 => Self::Begins,
            _ if flags & IGNORABLE != 0 => Self::Silent,
            _ => return Err(unknown(code)),
        })
    }
}

/// The event that a compressed event of MariaDB holds; any other is its own.
fn plain(code: u8) -> u8 {
    match code {
        165 => 2,
        166..=168 => code - 166 + 23,
        169..=171 => code - 169 + 30,
        _ => code,
    }
}

/// Whether it is one of MariaDB's compressed events.
pub(super) fn is_compressed(code: u8) -> bool {
    plain(code) != code
}

/// Rows events since MySQL 5.6 carry a block of extra data before the number of columns.
pub(super) fn has_extra_data(code: u8) -> bool {
    plain(code) >= 30
}

fn incident() -> Error {
    Error::failed(
        "binlog_incident",
        "the server says that changes are missing from its binary log (an incident event)",
    )
    .hint("see the server's error log, then start afresh")
}

fn unknown(code: u8) -> Error {
    Error::failed(
        "unknown_event",
        format!(
            "the binary log holds an event of type {code}, which this zosc does not know and the \
             server does not call ignorable"
        ),
    )
    .hint("use a newer zosc, or capture by triggers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_known_ignorable_or_an_error() {
        let known: Vec<u8> = (0..=255).filter(|code| Kind::of(*code, 0).is_ok()).collect();
        let expected = [2, 3, 4, 5, 9, 13, 14, 15, 16, 17, 18, 19, 23, 24, 25].into_iter();
        assert_eq!(known, expected.chain(27..=42).chain(160..=171).collect::<Vec<u8>>());
        assert!(Kind::of(26, IGNORABLE).is_err(), "an incident is never ignorable");
        assert_eq!(Kind::of(200, IGNORABLE).unwrap(), Kind::Silent);
        assert_eq!(Kind::of(200, 0).unwrap_err().code, "unknown_event");
    }

    #[test]
    fn compressed_events_are_what_they_hold() {
        assert_eq!(Kind::of(165, 0).unwrap(), Kind::Query);
        for (code, change) in [(0, Change::Write), (1, Change::Update), (2, Change::Delete)] {
            assert_eq!(Kind::of(166 + code, 0).unwrap(), Kind::Rows(change));
            assert_eq!(Kind::of(169 + code, 0).unwrap(), Kind::Rows(change));
            assert!(!has_extra_data(166 + code) && has_extra_data(169 + code));
        }
        let compressed: Vec<u8> = (0..=255).filter(|code| is_compressed(*code)).collect();
        assert_eq!(compressed, (165..=171).collect::<Vec<u8>>());
    }
}
