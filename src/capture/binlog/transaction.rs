//! What the log's events mean, one after another: transactions become deliveries. Pure: no I/O.

use std::collections::VecDeque;

use mysql_async::binlog::events::{
    Event, ExecuteLoadQueryEvent, QueryEvent, RotateEvent, TransactionPayloadEvent,
};

use super::cursor::corrupt;
use super::doubt::{touched, unknown_xid, written};
use super::kind::{Change, Kind};
use super::ours::Ours;
use super::position::Position;
use super::rows::{self, Rows};
use super::statement::{Meaning, Names, Statement};
use super::tables::{Role, Tables};
use super::xa::{Open, Xid};
use crate::capture::{Delivery, Token, Watched};
use crate::error::Result;
use crate::schema::Key;

/// At most so many keys are delivered at once.
const PART: usize = 1000;

/// After so many transactions of no concern their end is told nevertheless, so that a run that
/// resumes need not read them again.
const QUIET: u32 = 256;

/// Where a file's first event begins.
const FILE_HEAD: u64 = 4;

/// A table id that stands for no table: the event only ends a statement.
const NO_TABLE: u64 = 0x00FF_FFFF;

/// Whether there is more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    GoOn,
    /// We renamed the original ourselves: what bears its name from now on is another table.
    Finished,
}

/// The state between two events.
#[derive(Debug)]
pub(super) struct Transactions {
    names: Names,
    tables: Tables,
    ours: Ours,
    /// The end of the last event.
    place: Position,
    /// The end of the last transaction: where a lost stream is taken up again.
    boundary: Position,
    group: Option<Group>,
    prepared: Open,
    /// XA transactions prepared before the start may be committed up to here.
    lenient_until: Position,
    /// Bytes of a compressed transaction whose events have not come yet.
    packed: u64,
    /// Transactions that ended since an end was told; `None` before the first is told.
    untold: Option<u32>,
    out: VecDeque<Delivery>,
}

/// A transaction that is being read.
#[derive(Debug, Default)]
struct Group {
    xid: Option<Xid>,
    keys: Vec<Key>,
    fences: Vec<Token>,
    /// Whether a part of its keys is delivered already.
    told: bool,
}

impl Transactions {
    /// Reads on from `start`, a boundary.
    pub(super) fn new(
        watched: Watched,
        names: Names,
        ours: Ours,
        start: Position,
        lenient_until: Position,
    ) -> Self {
        Self {
            names,
            tables: Tables::new(watched),
            ours,
            place: start.clone(),
            boundary: start,
            group: None,
            prepared: Open::default(),
            lenient_until,
            packed: 0,
            untold: None,
            out: VecDeque::new(),
        }
    }

    /// Where a lost stream is to be taken up again.
    pub(super) fn boundary(&self) -> &Position {
        &self.boundary
    }

    /// The end of what was read.
    pub(super) fn place(&self) -> &Position {
        &self.place
    }

    /// The stream starts anew at the boundary; what was read of a transaction is forgotten.
    pub(super) fn rewind(&mut self) {
        self.group = None;
        self.packed = 0;
        self.tables.forget();
        self.place = self.boundary.clone();
    }

    /// What is to be delivered, in order.
    pub(super) fn deliveries(&mut self) -> impl Iterator<Item = Delivery> + '_ {
        self.out.drain(..)
    }

    /// Takes in the next event.
    pub(super) fn take(&mut self, kind: Kind, event: &Event) -> Result<Flow> {
        let from = self.place.to_string();
        self.read(kind, event).map_err(|error| error.during(format!("at {from} of the binary log")))
    }

    fn read(&mut self, kind: Kind, event: &Event) -> Result<Flow> {
        let header = event.header();
        self.unpack(event)?;
        match kind {
            Kind::Rotate | Kind::Description | Kind::Heartbeat => {}
            // Events inside a compressed transaction have no place of their own.
            _ if header.log_pos() == 0 => {}
            _ => self.place.advance(header.log_pos())?,
        }
        match kind {
            Kind::Rotate => self.rotate(&read_as::<RotateEvent<'_>>(event)?)?,
            Kind::Description => self.describe(header.timestamp(), header.log_pos())?,
            Kind::Gtid if self.group.is_some() => {
                return Err(corrupt("a transaction that begins within another one"));
            }
            Kind::Gtid | Kind::Silent => {}
            Kind::Heartbeat => self.tell_untold(),
            Kind::Query => {
                let query: QueryEvent<'_> = read_as(event)?;
                return self.statement(
                    query.thread_id(),
                    query.query_raw(),
                    query.schema_raw(),
                    query.status_vars_raw(),
                );
            }
            Kind::LoadQuery => {
                let load: ExecuteLoadQueryEvent<'_> = read_as(event)?;
                let status = load.status_vars_raw();
                return self.statement(
                    load.thread_id(),
                    load.query_raw(),
                    load.schema_raw(),
                    status,
                );
            }
            Kind::TableMap => self.tables.map(event.data(), &self.names)?,
            Kind::Rows(change) => self.rows(change, header.event_type_raw(), event.data())?,
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
        if self.untold.is_none() {
            self.tell();
        }
        Ok(())
    }

    fn statement(
        &mut self,
        thread: u32,
        text: &[u8],
        schema: &[u8],
        status: &[u8],
    ) -> Result<Flow> {
        let statement = Statement::read(text, schema, status)?;
        let meaning = self.names.meaning(&statement);
        let ours = matches!(meaning, Meaning::Touches | Meaning::Renames | Meaning::Writes)
            && self.ours.ran(thread, text);
        match meaning {
            Meaning::Begin => self.begin(None)?,
            Meaning::XaStart(xid) => self.begin(Some(xid))?,
            Meaning::Commit => self.commit()?,
            Meaning::Rollback => {
                self.group = None;
                self.end();
            }
            Meaning::XaCommit(xid) => self.commit_prepared(&xid)?,
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
            return Err(corrupt("a transaction that begins within another one"));
        }
        self.group = Some(Group { xid, ..Group::default() });
        Ok(())
    }

    fn rows(&mut self, change: Change, code: u8, data: &[u8]) -> Result<()> {
        let id = rows::table_id(data)?;
        let Some(group) = &mut self.group else {
            return Err(corrupt("rows outside of a transaction"));
        };
        match self.tables.role(id) {
            Some(Role::Other) => {}
            Some(Role::Original(reading)) => {
                let (layout, reader) = &**reading;
                let mut rows = Rows::parse(change, code, data)?;
                rows.check(layout)?;
                while let Some(row) = rows.next(layout)? {
                    reader.read(row, &mut group.keys)?;
                    // Keys of an XA transaction count only when it is committed.
                    if group.keys.len() >= PART && group.xid.is_none() {
                        deliver_keys(&mut group.keys, &mut self.out);
                        group.told = true;
                    }
                }
            }
            Some(Role::Fence(layout)) => {
                let mut rows = Rows::parse(change, code, data)?;
                rows.check(layout)?;
                while let Some(row) = rows.next(layout)? {
                    let token = row.after.and_then(|after| *after.first()?);
                    group.fences.extend(token.map(super::cursor::little_endian));
                }
            }
            None if id == NO_TABLE => {}
            None => return Err(corrupt("rows of a table that it does not name")),
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        let group = self.group.take().ok_or_else(|| corrupt("a commit of nothing"))?;
        self.end();
        self.deliver(group.keys, group.fences, group.told);
        Ok(())
    }

    fn prepare(&mut self, data: &[u8]) -> Result<()> {
        let (xid, one_phase) = Xid::from_event(data)?;
        if one_phase {
            return self.commit();
        }
        let group = self.group.take().ok_or_else(|| corrupt("an XA PREPARE of nothing"))?;
        let before = self.resume_at().clone();
        self.prepared.prepare(xid, group.keys, group.fences, before);
        self.end();
        Ok(())
    }

    fn commit_prepared(&mut self, xid: &Xid) -> Result<()> {
        if self.group.is_some() {
            // Committed in one phase, on servers that log it so.
            return self.commit();
        }
        if let Some(prepared) = self.prepared.close(xid) {
            self.end();
            self.deliver(prepared.keys, prepared.fences, false);
            return Ok(());
        }
        if self.place.is_after(&self.lenient_until) {
            return Err(unknown_xid(xid));
        }
        self.end();
        Ok(())
    }

    /// A transaction ended here.
    fn end(&mut self) {
        self.tables.forget();
        if self.place.request_offset().is_some() {
            self.boundary = self.place.clone();
        }
        if let Some(untold) = &mut self.untold {
            *untold += 1;
            if *untold >= QUIET {
                self.tell();
            }
        }
    }

    /// A statement without a frame is a transaction of its own.
    fn end_unless_open(&mut self) {
        if self.group.is_none() {
            self.end();
        }
    }

    fn deliver(&mut self, mut keys: Vec<Key>, fences: Vec<Token>, told: bool) {
        if keys.is_empty() && fences.is_empty() && !told {
            return;
        }
        deliver_keys(&mut keys, &mut self.out);
        self.tell();
        self.out.extend(fences.into_iter().map(Delivery::Fence));
    }

    fn tell_untold(&mut self) {
        if self.group.is_none() && self.untold.is_some_and(|untold| untold > 0) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.untold = Some(0);
        self.out.push_back(Delivery::Commit(self.resume_at().clone()));
    }

    /// Where a run that resumes must start: never behind an open prepared transaction.
    fn resume_at(&self) -> &Position {
        self.prepared.oldest().unwrap_or(&self.boundary)
    }
}

fn deliver_keys(keys: &mut Vec<Key>, out: &mut VecDeque<Delivery>) {
    while !keys.is_empty() {
        let later = if keys.len() > PART { keys.split_off(PART) } else { Vec::new() };
        out.push_back(Delivery::Keys(std::mem::replace(keys, later)));
    }
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
