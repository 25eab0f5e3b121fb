//! Places in the binary log.

use std::fmt;

use crate::error::{Error, Result};
use crate::mysql::{Flavour, Server, Session};

/// A place in the binary log where a transaction ended; only this room reads it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    pub(super) file: String,
    pub(super) offset: u64,
    /// When the file was begun, in seconds since 1970 by the server's clock; 0 when not known yet.
    /// A file of the same name begun at another time is another file: the log was reset.
    pub(super) born: u32,
}

impl Position {
    /// Moves on to the end of an event. The log gives only the low 32 bits of it.
    pub(super) fn advance(&mut self, low: u32) -> Result<()> {
        #[allow(clippy::cast_possible_truncation)] // the low half is what is meant
        let step = low.wrapping_sub(self.offset as u32);
        if step > u32::MAX / 2 {
            return Err(super::cursor::corrupt("an event that ends before it begins"));
        }
        self.offset += u64::from(step);
        Ok(())
    }

    /// Whether a stream can be asked to start here: the request has 32 bits for it.
    pub(super) fn request_offset(&self) -> Option<u32> {
        u32::try_from(self.offset).ok()
    }

    /// Whether this place lies behind another one. Files are numbered.
    pub(super) fn is_after(&self, other: &Self) -> bool {
        (self.file_number(), self.offset) > (other.file_number(), other.offset)
    }

    /// Whether this is the same place by name and offset.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        (&self.file, self.offset) == (&other.file, other.offset)
    }

    fn file_number(&self) -> u64 {
        let digits = self.file.rsplit('.').next().unwrap_or_default();
        digits.parse().unwrap_or_default()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.offset)
    }
}

/// The log's end, which is the end of a transaction.
pub(crate) async fn log_end(server: &Server, session: &mut Session) -> Result<Position> {
    let statement = match server.facts().flavour {
        Flavour::Mysql if server.facts().version >= (8, 2, 0) => "SHOW BINARY LOG STATUS",
        Flavour::Mysql | Flavour::Mariadb => "SHOW MASTER STATUS",
    };
    let mut row: mysql_async::Row = session
        .first(statement)
        .await
        .map_err(|error| error.during("asking for the binary log's end").hint(GRANTS))?
        .ok_or_else(|| {
            Error::not_ready("binlog_off", "the server writes no binary log")
                .hint("start it with `--log-bin`, or capture by triggers")
        })?;
    let unreadable =
        || Error::failed("binlog_status", format!("`{statement}` returned an unknown form"));
    let file: String = row.take("File").ok_or_else(unreadable)?;
    let offset: u64 = row.take("Position").ok_or_else(unreadable)?;
    for column in ["Binlog_Do_DB", "Binlog_Ignore_DB"] {
        let filter: String = row.take(column).ok_or_else(unreadable)?;
        if !filter.is_empty() {
            return Err(Error::not_ready(
                "binlog_filtered",
                format!("the server leaves schemas out of its binary log: {column} is {filter}"),
            )
            .hint("remove the filter from the server's options, or capture by triggers"));
        }
    }
    Ok(Position { file, offset, born: 0 })
}

/// The server's files in their order, with their sizes.
pub(super) async fn log_files(session: &mut Session) -> Result<Vec<(String, u64)>> {
    let rows: Vec<mysql_async::Row> = session.rows("SHOW BINARY LOGS").await?;
    let file = |mut row: mysql_async::Row| {
        let (name, size) = (row.take("Log_name"), row.take("File_size"));
        name.zip(size).ok_or_else(|| {
            Error::failed("binlog_status", "`SHOW BINARY LOGS` returned an unknown form")
        })
    };
    rows.into_iter().map(file).collect()
}

/// What the account needs.
pub(super) const GRANTS: &str =
    "grant REPLICATION SLAVE and REPLICATION CLIENT to the account, or capture by triggers";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(file: &str, offset: u64) -> Position {
        Position { file: file.into(), offset, born: 1 }
    }

    #[test]
    fn offsets_go_on_beyond_32_bits() {
        let mut position = at("binlog.000001", 0xFFFF_FF00);
        position.advance(0x100).unwrap();
        assert_eq!(position.offset, 0x1_0000_0100);
        assert_eq!(position.request_offset(), None);
        assert!(position.advance(0xFF).is_err(), "never back");
    }

    #[test]
    fn files_are_compared_by_number() {
        assert!(at("b.1000000", 4).is_after(&at("b.999999", 900)));
        assert!(at("b.000002", 5).is_after(&at("b.000002", 4)));
        assert!(!at("b.000002", 4).is_after(&at("b.000002", 4)));
    }
}
