//! A connection on which the server sends its binary log, every event's checksum verified.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt as _;
use mysql_async::binlog::BinlogChecksumAlg;
use mysql_async::binlog::events::Event;
use mysql_async::{BinlogStream, BinlogStreamRequest};

use super::cursor::corrupt;
use super::kind::Kind;
use super::position::{GRANTS, Position};
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::mysql::{Fault, Server};

/// How often the server speaks up when it has nothing to send.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Asks a MariaDB for its events as they are, GTIDs included; a MySQL does not care.
const EVERY_EVENT: u8 = 4;

/// A server that is silent for so long is gone. One event may have a gigabyte.
const SILENCE: Duration = Duration::from_mins(2);

/// A running stream.
pub(super) struct Stream {
    events: BinlogStream,
    /// Events that were read while starting.
    opening: VecDeque<(Kind, Event)>,
}

/// Who we say we are: the server ends the stream of an older reader of the same name.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    server_id: u32,
    uuid: String,
}

/// Why a stream ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It may be taken up again.
    Lost(Error),
    /// Another reader has our name: take another one.
    Usurped(Error),
    /// A checksum was wrong: it may be read once more.
    Garbled(Error),
    /// Trying again gives the same answer.
    Definite(Error),
}

impl Reader {
    /// A name that nobody has, in all likelihood.
    pub(super) fn random() -> Self {
        let bits = fastrand::u128(..);
        let uuid = format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            bits >> 96,
            bits >> 80 & 0xFFFF,
            bits >> 68 & 0xFFF,
            bits >> 56 & 0xFFF,
            bits & 0xFFFF_FFFF_FFFF
        );
        // Servers are commonly numbered from below.
        Self { server_id: fastrand::u32(0x8000_0000..u32::MAX), uuid }
    }
}

impl Stream {
    /// Starts a stream at `position`; returns when the server has begun to send.
    pub(super) async fn open(
        server: &Server,
        reader: &Reader,
        position: &Position,
    ) -> Result<Self, Ended> {
        let mut session = server.session().await.map_err(Ended::of)?;
        let heartbeat = HEARTBEAT.as_nanos();
        let uuid = &reader.uuid;
        session
            .run(format!(
                "SET @source_heartbeat_period = {heartbeat}, @master_heartbeat_period = {heartbeat}, \
                 @replica_uuid = '{uuid}', @slave_uuid = '{uuid}', \
                 @mariadb_slave_capability = {EVERY_EVENT}"
            ))
            .await
            .map_err(Ended::of)?;
        let offset = position.request_offset().ok_or_else(|| Ended::Definite(too_far(position)))?;
        let request = BinlogStreamRequest::new(reader.server_id)
            .with_filename(position.file.as_bytes())
            .with_pos(offset.into());
        let events = session
            .into_conn()
            .get_binlog_stream(request)
            .await
            .map_err(|error| Ended::of(Error::from(error).hint(GRANTS)))?;
        let mut stream = Self { events, opening: VecDeque::new() };
        stream.await_description(position).await?;
        Ok(stream)
    }

    /// The next event.
    pub(super) async fn next(&mut self) -> Result<(Kind, Event), Ended> {
        match self.opening.pop_front() {
            Some(event) => Ok(event),
            None => self.receive().await,
        }
    }

    /// Waits for the file's description, which shows that the server has found the place.
    async fn await_description(&mut self, position: &Position) -> Result<(), Ended> {
        loop {
            let (kind, event) = self.receive().await?;
            if kind != Kind::Description {
                // It says the place that was asked for; a MariaDB's has a checksum that nobody has
                // announced yet.
                continue;
            }
            let born = event.header().timestamp();
            self.opening.push_back((kind, event));
            if position.born != 0 && position.born != born {
                return Err(Ended::Definite(reset(position)));
            }
            return Ok(());
        }
    }

    async fn receive(&mut self) -> Result<(Kind, Event), Ended> {
        // The stream keeps its state in itself, so giving up waiting loses nothing.
        let event = match tokio::time::timeout(SILENCE, self.events.next()).await {
            Ok(Some(Ok(event))) => event,
            Ok(Some(Err(error))) => return Err(Ended::of(error.into())),
            Ok(None) => return Err(Ended::lost("the server ended it")),
            Err(_) => return Err(Ended::lost("the server is silent")),
        };
        verify(&event)?;
        let header = event.header();
        let kind =
            Kind::of(header.event_type_raw(), header.flags_raw()).map_err(Ended::Definite)?;
        Ok((kind, event))
    }
}

impl Ended {
    /// What an error of the connection means for the stream.
    fn of(error: Error) -> Self {
        /// Any trouble that the server has with sending its log.
        const DUMP: u16 = 1236;
        /// MariaDB's own number for a reader of the same name.
        const SAME_NAME: u16 = 4052;
        /// The thread was killed.
        const KILLED: u16 = 1317;
        match error.errno() {
            Some(DUMP) if error.message.contains("server_uuid/server_id") => Self::Usurped(error),
            Some(SAME_NAME) => Self::Usurped(error),
            Some(DUMP) => Self::Definite(
                Error::failed(
                    "binlog_lost",
                    format!("the binary log cannot be read on from the place reached: {error}"),
                )
                .hint("start afresh; keep binary logs for longer than a pause may last"),
            ),
            Some(KILLED) => Self::Lost(error),
            _ => match Fault::of(&error) {
                Fault::Lost => Self::Lost(error),
                Fault::Contention | Fault::Duplicate | Fault::Definite => Self::Definite(error),
            },
        }
    }

    /// A stream that broke without an error from the server.
    pub(super) fn lost(why: &str) -> Self {
        let message = format!("the binary log stream broke: {why}");
        Self::Lost(Error::new(ErrorKind::Resumable, "stream_lost", message))
    }

    /// The error itself.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Lost(error)
            | Self::Usurped(error)
            | Self::Garbled(error)
            | Self::Definite(error) => error,
        }
    }
}

/// The driver reads checksums and leaves it to us to compare them.
fn verify(event: &Event) -> Result<(), Ended> {
    let algorithm = event.footer().get_checksum_alg().map_err(|error| {
        Ended::Definite(corrupt(&format!("checksums of an unknown kind: {error}")))
    })?;
    if algorithm != Some(BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_CRC32)
        || !event.footer().get_checksum_enabled()
    {
        return Ok(());
    }
    let computed = event.calc_checksum(BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_CRC32);
    if event.checksum().is_none_or(|sent| u32::from_le_bytes(sent) == computed) {
        return Ok(());
    }
    Err(Ended::Garbled(
        Error::failed("checksum", "an event of the binary log does not match its checksum")
            .hint("check the server's disk and the network"),
    ))
}

fn reset(position: &Position) -> Error {
    Error::failed(
        "binlog_reset",
        format!("the binary log was reset: {} is not the file that was read", position.file),
    )
    .hint("start afresh")
}

fn too_far(position: &Position) -> Error {
    Error::not_ready(
        "position_too_far",
        format!("a stream cannot be started behind 4 GiB of a file, at {position}"),
    )
    .hint("run `FLUSH BINARY LOGS` on the server, then try again")
}

#[cfg(test)]
mod tests {
    use mysql_async::binlog::BinlogVersion;
    use mysql_async::binlog::events::{BinlogEventFooter, FormatDescriptionEvent};

    use super::*;

    #[test]
    fn a_wrong_checksum_is_noticed() {
        let footer = BinlogEventFooter::new(BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_CRC32);
        let description = FormatDescriptionEvent::new(BinlogVersion::Version4).with_footer(footer);
        let mut bytes = vec![0, 0, 0, 0, 16, 1, 0, 0, 0, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend(7_u64.to_le_bytes());
        bytes.extend([0; 4]);
        let sum = Event::read(&description, &bytes[..])
            .unwrap()
            .calc_checksum(BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_CRC32);
        bytes[27..].copy_from_slice(&sum.to_le_bytes());
        let read = |bytes: &[u8]| verify(&Event::read(&description, bytes).unwrap());
        assert!(read(&bytes).is_ok());
        bytes[20] ^= 1;
        assert!(matches!(read(&bytes), Err(Ended::Garbled(_))));
    }
}
