//! A connection on which the server sends its binary log, every event's checksum verified.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt as _;
use mysql_async::binlog::BinlogChecksumAlg;
use mysql_async::binlog::events::{Event, RotateEvent};
use mysql_async::{BinlogStream, BinlogStreamRequest};

use super::cursor::corrupt;
use super::kind::Kind;
use super::position::{GRANTS, Position, log_files};
use super::start::Place;
use crate::error::{Error, Result};
use crate::mysql::{Fault, Flavour, Server, Session, Vigil, connection_lost};

/// How often the server speaks up when it has nothing to send.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Asks a MariaDB for its events as they are, GTIDs included; a MySQL does not care.
const EVERY_EVENT: u8 = 4;

/// How many seconds the server waits when we do not read: capture waits while too much is pending.
const UNREAD: u32 = 3600;

/// A server that is silent for so long is gone. One event may have a gigabyte.
const SILENCE: Duration = Duration::from_mins(2);

/// A running stream.
pub(super) struct Stream {
    events: BinlogStream,
    vigil: Vigil,
    /// Events that were read while starting.
    opening: VecDeque<(Kind, Event)>,
}

/// What is known of the place before the server has said anything.
enum Begun {
    At(Position),
    /// At the head of one of these files.
    InOneOf(Vec<String>),
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
    /// Starts a stream at a place; returns when the server has begun to send, with the position where.
    pub(super) async fn open(
        server: &Server,
        reader: &Reader,
        place: Place<'_>,
    ) -> Result<(Self, Position), Ended> {
        let mut session = server.session().await.map_err(Ended::of)?;
        let heartbeat = HEARTBEAT.as_nanos();
        let uuid = &reader.uuid;
        session
            .run(format!(
                "SET SESSION net_write_timeout = {UNREAD}, @source_heartbeat_period = {heartbeat}, @master_heartbeat_period = {heartbeat}, \
                 @replica_uuid = '{uuid}', @slave_uuid = '{uuid}', \
                 @mariadb_slave_capability = {EVERY_EVENT}"
            ))
            .await
            .map_err(Ended::of)?;
        let flavour = server.facts().flavour;
        let request = BinlogStreamRequest::new(reader.server_id);
        let request = match place {
            Place::At(position) => {
                let offset =
                    position.request_offset().ok_or_else(|| Ended::Definite(too_far(position)))?;
                request.with_filename(position.file.as_bytes()).with_pos(offset.into())
            }
            Place::Behind(history) if flavour == Flavour::Mysql => {
                let sids = history.sids().map_err(Ended::Definite)?;
                request.with_gtid().with_gtid_set(sids)
            }
            // An error comes when its log does not have just these GTIDs.
            Place::Behind(history) => {
                let behind = format!(
                    "SET @slave_connect_state = {}, @slave_gtid_strict_mode = 1",
                    history.literal()
                );
                session.run(behind).await.map_err(Ended::of)?;
                request
            }
        };
        let begun = match place {
            Place::At(position) => Begun::At(position.clone()),
            Place::Behind(_) => Begun::InOneOf(file_names(&mut session).await?),
        };
        let (conn, vigil) = session.into_conn().map_err(Ended::of)?;
        let events = tokio::time::timeout(SILENCE, conn.get_binlog_stream(request))
            .await
            .map_err(|_| Ended::lost("the server does not begin to send"))?
            .map_err(|error| Ended::of(Error::from(error).hint(GRANTS)))?;
        let mut stream = Self { events, vigil, opening: VecDeque::new() };
        let begun = stream.await_description(begun).await?;
        Ok((stream, begun))
    }

    /// The next event.
    pub(super) async fn next(&mut self) -> Result<(Kind, Event), Ended> {
        match self.opening.pop_front() {
            Some(event) => Ok(event),
            None => self.receive().await,
        }
    }

    /// Waits for the file's description, which shows that the server has found the place; gives that.
    async fn await_description(&mut self, begun: Begun) -> Result<Position, Ended> {
        let mut named = None;
        loop {
            let (kind, event) = self.receive().await?;
            if kind == Kind::Rotate {
                named = Some(event);
                continue;
            }
            if kind != Kind::Description {
                continue;
            }
            let born = event.header().timestamp();
            self.opening.push_back((kind, event));
            return match begun {
                Begun::At(place) if place.born != 0 && place.born != born => {
                    Err(Ended::Definite(reset(&place)))
                }
                Begun::At(place) => Ok(place),
                Begun::InOneOf(files) => named_in(named.as_ref(), &files).map_err(Ended::Definite),
            };
        }
    }

    async fn receive(&mut self) -> Result<(Kind, Event), Ended> {
        // The stream keeps its state in itself, so giving up waiting loses nothing.
        let event = tokio::select! {
            biased;
            event = self.events.next() => event,
            dead = self.vigil.until_dead() => return Err(Ended::of(dead)),
            () = tokio::time::sleep(SILENCE) => return Err(Ended::lost("the server is silent")),
        };
        let event = match event {
            Some(Ok(event)) => event,
            Some(Err(error)) => return Err(Ended::of(error.into())),
            None => return Err(Ended::lost("the server ended it")),
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
            _ => match Fault::of(&error) {
                Fault::Lost | Fault::Later | Fault::Contention => Self::Lost(error),
                Fault::Duplicate | Fault::Definite => Self::Definite(error),
            },
        }
    }

    /// A stream that broke without an error from the server.
    pub(super) fn lost(why: &str) -> Self {
        Self::Lost(connection_lost(&format!("the binary log stream broke: {why}")))
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

async fn file_names(session: &mut Session) -> Result<Vec<String>, Ended> {
    let files = log_files(session).await.map_err(Ended::of)?;
    Ok(files.into_iter().map(|(file, _)| file).collect())
}

/// The place that the stream's first event names. Behind the name a MariaDB has put a checksum, which
/// nobody has announced yet.
fn named_in(first: Option<&Event>, files: &[String]) -> Result<Position> {
    let unknown = || corrupt("a stream that does not name the file that it begins in");
    let rotate = first.ok_or_else(unknown)?.read_event::<RotateEvent<'_>>();
    let rotate = rotate.map_err(|error| corrupt(&format!("a first event: {error}")))?;
    let is_named = |file: &&String| rotate.name_raw().starts_with(file.as_bytes());
    let file = files.iter().filter(is_named).max_by_key(|file| file.len()).ok_or_else(unknown)?;
    Ok(Position { file: file.clone(), offset: rotate.position(), born: 0 })
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
