//! What the log's events mean, one after another: transactions become deliveries. Pure: no I/O.

use mysql_async::binlog::events::{Event, RotateEvent, TransactionPayloadEvent};

use super::cursor::corrupt;
use super::doubt::{touched, unknown_xid, written};
use super::gtid::{self, Begins};
use super::kind::{Change, Kind};
use super::ours::Ours;
use super::outbox::Outbox;
use super::position::Position;
use super::query::Query;
use super::statement::{Meaning, Names};
use super::tables::{Seen, Tables};
use super::xa::{self, Open, Xid};
use crate::capture::{Delivery, Watched};
use crate::error::Result;

/// Where a file's first event begins.
const FILE_HEAD: u64 = 4;

/// Set on events that the server makes up for the stream: they have no place.
const ARTIFICIAL: u16 = 0x20;

/// What to do when an event was taken in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// Deliver, then read on.
    GoOn,
    /// Deliver once this prepared transaction is committed: it may be logged so before it is.
    Completed(Xid),
    /// Deliver, and no more: we renamed the original ourselves, and what bears its name from now on
    /// is another table.
    Finished,
}

/// The state between two events.
#[derive(Debug)]
pub(super) struct Transactions {
    names: Names,
    tables: Tables,
    ours: Ours,
    /// The end of the last event that has a place.
    place: Position,
    /// Bytes of the events behind it: within a transaction, MariaDB 11 does not say where they end.
    beyond: u64,
    /// The end of the last transaction: where a lost stream is taken up again.
    boundary: Position,
    group: Option<Group>,
    prepared: Open,
    /// XA transactions prepared before the start may be committed up to here. `None` when the start
    /// is no place: then the first place to be told is the end of a transaction.
    lenient_until: Option<Position>,
    /// Bytes of a compressed transaction whose events have not come yet.
    packed: u64,
    outbox: Outbox,
}

/// A transaction that is being read.
#[derive(Debug, Default)]
struct Group {
    xid: Option<Xid>,
    seen: Seen,
    /// Bytes of the keys that are not delivered.
    weight: usize,
    /// Whether a part of its keys is delivered already.
    told: bool,
}

impl Transactions {
    /// Reads on from `start`: a boundary, unless there is none to be lenient until.
    pub(super) fn new(
        watched: Watched,
        names: Names,
        ours: Ours,
        start: Position,
        lenient_until: Option<Position>,
    ) -> Self {
        Self {
            names,
            tables: Tables::new(watched),
            ours,
            place: start.clone(),
            beyond: 0,
            boundary: start,
            group: None,
            prepared: Open::default(),
            lenient_until,
            packed: 0,
            outbox: Outbox::default(),
        }
    }

    /// Where a lost stream is to be taken up again.
    pub(super) fn boundary(&self) -> &Position {
        &self.boundary
    }

    /// Whether a boundary was told.
    pub(super) fn has_told(&self) -> bool {
        !self.outbox.is_mute()
    }

    /// The end of what was read.
    pub(super) fn place(&self) -> &Position {
        &self.place
    }

    /// The stream starts anew at the boundary; what was read of a transaction is forgotten.
    pub(super) fn rewind(&mut self) {
        self.group = None;
        self.packed = 0;
        self.beyond = 0;
        self.tables.forget();
        self.place = self.boundary.clone();
    }

    /// What is to be delivered, in order.
    pub(super) fn deliveries(&mut self) -> impl Iterator<Item = Delivery> + '_ {
        self.outbox.drain()
    }

    /// Takes in the next event.
    pub(super) fn take(&mut self, kind: Kind, event: &Event) -> Result<Flow> {
        let from = Position { offset: self.place.offset + self.beyond, ..self.place.clone() };
        self.read(kind, event).map_err(|error| error.during(format!("at {from} of the binary log")))
    }

    fn read(&mut self, kind: Kind, event: &Event) -> Result<Flow> {
        let header = event.header();
        let code = header.event_type_raw();
        self.unpack(event)?;
        match kind {
            Kind::Rotate | Kind::Description | Kind::Heartbeat => {}
            _ if header.flags_raw() & ARTIFICIAL != 0 => {}
            // Events inside a compressed transaction have no place of their own.
            _ if header.log_pos() == 0 && !event.footer().get_checksum_enabled() => {}
            _ if header.log_pos() == 0 => self.beyond += u64::from(header.event_size()),
            _ => {
                self.place.advance(header.log_pos())?;
                self.beyond = 0;
            }
        }
        match kind {
            Kind::Rotate => self.rotate(&read_as::<RotateEvent<'_>>(event)?)?,
            Kind::Description => self.describe(header.timestamp(), header.log_pos())?,
            Kind::Gtid if self.group.is_some() => return Err(nested()),
            Kind::Gtid | Kind::Silent => {}
            Kind::Begins => match gtid::parse(event.data())? {
                Begins::Transaction => self.begin(None)?,
                Begins::Xa(xid) => self.begin(Some(xid))?,
                Begins::Statement if self.group.is_some() => return Err(nested()),
                Begins::Statement => {}
            },
            Kind::Heartbeat => self.tell_untold(),
            Kind::Query | Kind::LoadQuery => {
                let query = Query::parse(code, kind == Kind::LoadQuery, event.data())?;
                return self.statement(&query);
            }
            Kind::TableMap => self.tables.map(event.data(), &self.names)?,
            Kind::Rows(change) => self.rows(change, code, event.data())?,
            Kind::Xid => self.commit()?,
            Kind::XaPrepare => self.prepare(event.data())?,
            Kind::Payload => self.packed = unpacked_size(&read_as(event)?),
        }
        Ok(Flow::GoOn)
    }

    /// Counts the events of a compressed transaction: the driver unpacks it and passes over one that
    /// it cannot unpack. Only events of the log itself may have checksums.
    fn unpack(&mut self, event: &Event) -> Result<()> {
        let size = u64::from(event.header().event_size());
        let left = if event.footer().get_checksum_enabled() {
            (self.packed == 0).then_some(0)
        } else {
            self.packed.checked_sub(size)
        };
        self.packed = left.ok_or_else(|| corrupt("a compressed transaction that is torn"))?;
        Ok(())
    }

    fn rotate(&mut self, rotate: &RotateEvent<'_>) -> Result<()> {
        if self.group.is_some() {
            return Err(corrupt("a transaction that does not end with its file"));
        }
        let file = String::from_utf8_lossy(rotate.name_raw()).into_owned();
        if file != self.place.file {
            self.place.born = 0;
        }
        self.place.file = file;
        self.place.offset = rotate.position();
        Ok(())
    }

    /// A file begins, or is entered in its middle.
    fn describe(&mut self, born: u32, end: u32) -> Result<()> {
        if self.place.offset == FILE_HEAD && end > 0 {
            self.place.advance(end)?;
        }
        self.place.born = born;
        self.boundary = self.place.clone();
        if self.outbox.is_mute() && self.lenient_until.is_some() {
            self.tell();
        }
        Ok(())
    }

    fn statement(&mut self, query: &Query<'_>) -> Result<Flow> {
        let statement = query.statement()?;
        let meaning = self.names.meaning(&statement);
        let ours = matches!(meaning, Meaning::Touches | Meaning::Renames | Meaning::Writes)
            && self.ours.ran(query.thread, statement.text);
        match meaning {
            Meaning::Begin => self.begin(None)?,
            Meaning::XaStart(xid) => self.begin(Some(xid))?,
            Meaning::Commit => self.commit()?,
            Meaning::Rollback => {
                self.group = None;
                self.end();
            }
            Meaning::XaCommit(xid) => return self.commit_prepared(xid),
            Meaning::XaRollback(xid) => {
                self.prepared.close(&xid);
                self.end();
            }
            Meaning::Renames if ours => {
                self.end();
                self.tell_untold();
                return Ok(Flow::Finished);
            }
            Meaning::Inside | Meaning::Harmless => self.end_unless_open(),
            Meaning::Touches | Meaning::Writes if ours => self.end_unless_open(),
            Meaning::Touches | Meaning::Renames => return Err(touched(&statement)),
            Meaning::Writes => return Err(written(&statement)),
        }
        Ok(Flow::GoOn)
    }

    fn begin(&mut self, xid: Option<Xid>) -> Result<()> {
        if self.group.is_some() {
            return Err(nested());
        }
        self.group = Some(Group { xid, ..Group::default() });
        Ok(())
    }

    fn rows(&mut self, change: Change, code: u8, data: &[u8]) -> Result<()> {
        let Some(group) = &mut self.group else {
            return Err(corrupt("rows outside of a transaction"));
        };
        let known = group.seen.keys.len();
        self.tables.read(change, code, data, &mut group.seen)?;
        group.weight += xa::weight(&group.seen.keys[known..]);
        match &group.xid {
            None => {
                if self.outbox.whole_parts(&mut group.seen.keys, group.weight) {
                    group.told = true;
                    group.weight = xa::weight(&group.seen.keys);
                }
            }
            // Keys of an XA transaction count only when it is committed.
            Some(xid) => self.prepared.make_room(xid, group.weight)?,
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        let group = self.group.take().ok_or_else(|| corrupt("a commit of nothing"))?;
        self.end_with(group.seen, group.told);
        Ok(())
    }

    fn prepare(&mut self, data: &[u8]) -> Result<()> {
        let (xid, one_phase) = Xid::from_event(data)?;
        if one_phase {
            return self.commit();
        }
        let group = self.group.take().ok_or_else(|| corrupt("an XA PREPARE of nothing"))?;
        let before = self.resume_at().clone();
        self.prepared.prepare(xid, group.seen, group.weight, before);
        self.end();
        Ok(())
    }

    fn commit_prepared(&mut self, xid: Xid) -> Result<Flow> {
        if self.group.is_some() {
            // Committed in one phase, on servers that log it so.
            self.commit()?;
            return Ok(Flow::GoOn);
        }
        let Some(seen) = self.prepared.close(&xid) else {
            if self.lenient_until.as_ref().is_none_or(|until| self.place.is_after(until)) {
                return Err(unknown_xid(&xid));
            }
            self.end();
            return Ok(Flow::GoOn);
        };
        let matters = !seen.is_empty();
        self.end_with(seen, false);
        Ok(if matters { Flow::Completed(xid) } else { Flow::GoOn })
    }

    /// A transaction of no concern ended here.
    fn end(&mut self) {
        self.end_with(Seen::default(), false);
    }

    /// A transaction ended here, of which a part may be told already. Its end is told behind its keys:
    /// who acknowledges that need not read them again.
    fn end_with(&mut self, seen: Seen, told: bool) {
        self.tables.forget();
        if self.place.request_offset().is_some() {
            self.boundary = self.place.clone();
        }
        let matters = told || !seen.is_empty();
        self.outbox.keys(seen.keys);
        if self.outbox.ended() || matters {
            self.tell();
        }
        self.outbox.fences(seen.fences);
    }

    /// A statement without a frame is a transaction of its own.
    fn end_unless_open(&mut self) {
        if self.group.is_none() {
            self.end();
        }
    }

    fn tell_untold(&mut self) {
        if self.group.is_none() && self.outbox.owes() {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let position = self.resume_at().clone();
        self.outbox.tell(position);
    }

    /// Where a run that resumes must start: never behind an open prepared transaction.
    fn resume_at(&self) -> &Position {
        self.prepared.oldest().unwrap_or(&self.boundary)
    }
}

fn nested() -> crate::error::Error {
    corrupt("a transaction that begins within another one")
}

fn read_as<'a, T: mysql_common::binlog::BinlogEvent<'a>>(event: &'a Event) -> Result<T> {
    event.read_event().map_err(|error| corrupt(&format!("an event that cannot be read: {error}")))
}

/// How many bytes of events a compressed transaction holds.
fn unpacked_size(payload: &TransactionPayloadEvent<'_>) -> u64 {
    match payload.uncompressed_size() {
        0 => payload.payload_raw().len() as u64,
        size => size,
    }
}

#[cfg(test)]
mod tests;
