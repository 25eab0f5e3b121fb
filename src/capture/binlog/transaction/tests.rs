use mysql_async::binlog::events::{BinlogEventFooter, FormatDescriptionEvent};
use mysql_async::binlog::{BinlogChecksumAlg, BinlogVersion};

use super::super::outbox::QUIET;
use super::*;
use crate::capture::Receipt;
use crate::schema::{
    Column, Generated, Key, KeyColumn, KeyPart, KeyShape, PartType, Table, TableName, TypeName,
};

const ORIGINAL: u64 = 7;
const FENCE: u64 = 8;

fn column(position: usize, type_name: TypeName, unsigned: bool) -> Column {
    Column {
        name: format!("c{position}"),
        position,
        type_name,
        column_type: String::new(),
        nullable: false,
        unsigned,
        octets: None,
        chars: None,
        precision: None,
        scale: None,
        fsp: None,
        charset: None,
        collation: None,
        generated: Generated::No,
        expression: String::new(),
        invisible: false,
        auto_increment: false,
        default: None,
        computed_default: false,
        extra: String::new(),
        comment: String::new(),
    }
}

fn watched() -> Watched {
    let name = TableName::new("s", "t");
    Watched {
        shadow: TableName::new("s", "n"),
        fence: TableName::new("j", "f"),
        marker: String::new(),
        key: KeyShape {
            index: "PRIMARY".into(),
            shadow_index: "PRIMARY".into(),
            columns: vec![KeyColumn {
                name: "c0".into(),
                shadow_name: "c0".into(),
                position: 0,
                part: PartType::Integer { unsigned: false, bytes: 2 },
            }],
        },
        original: Table {
            name,
            engine: "InnoDB".into(),
            partitioned: false,
            comment: String::new(),
            columns: vec![column(0, TypeName::SmallInt, false)],
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            referenced_by: Vec::new(),
            triggers: Vec::new(),
            checks: Vec::new(),
            definition: String::new(),
            rows_estimate: 0,
            bytes_estimate: 0,
        },
    }
}

/// A log that is read event by event.
struct Log {
    transactions: Transactions,
    end: u32,
    /// Whether events are those of a compressed transaction.
    packed: bool,
    /// Whether events do not say where they end.
    placeless: bool,
}

impl Log {
    /// A stream that has just started at offset 100.
    fn new() -> Self {
        let start = Position { file: "b.000001".into(), offset: 100, born: 0 };
        let watched = watched();
        let names = Names::new(&watched, false);
        let ours = Ours::new(Some("/* zosc r */ ".into()), None);
        let transactions = Transactions::new(watched, names, ours, start.clone(), Some(start));
        let mut log = Self { transactions, end: 100, packed: false, placeless: false };
        log.take(15, &[]).unwrap();
        assert_eq!(log.delivered(), ["commit b.000001:100"]);
        log
    }

    /// Appends an event with its type and body, ten bytes further on.
    fn take(&mut self, code: u8, body: &[u8]) -> Result<Flow> {
        self.end += 10;
        let end = if self.packed || self.placeless || code == 15 { 0 } else { self.end };
        let size = u32::try_from(19 + body.len()).unwrap();
        let mut bytes = vec![9, 0, 0, 0, code, 1, 0, 0, 0];
        bytes.extend(size.to_le_bytes());
        bytes.extend(end.to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(body);
        let mut footer = BinlogEventFooter::new(BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_OFF);
        footer.set_checksum_enabled(!self.packed);
        let description = FormatDescriptionEvent::new(BinlogVersion::Version4).with_footer(footer);
        let event = Event::read(&description, &bytes[..]).unwrap();
        self.transactions.take(Kind::of(code, 0).unwrap(), &event)
    }

    fn query(&mut self, text: &str) -> Result<Flow> {
        let mut body = vec![5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, b's', 0];
        body.extend(text.as_bytes());
        self.take(2, &body)
    }

    fn map(&mut self, id: u64, schema: u8, table: u8, types: &[u8]) -> Result<Flow> {
        let mut body = id.to_le_bytes()[..6].to_vec();
        body.extend([0, 0, 1, schema, 0, 1, table, 0, u8::try_from(types.len()).unwrap()]);
        body.extend(types);
        body.extend([0, 0]);
        self.take(19, &body)
    }

    /// Rows of one column are inserted.
    fn insert(&mut self, keys: impl IntoIterator<Item = i16>) -> Result<Flow> {
        self.map(ORIGINAL, b's', b't', &[2])?;
        let mut body = vec![7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1];
        for key in keys {
            body.push(0);
            body.extend(key.to_le_bytes());
        }
        self.take(30, &body)
    }

    fn fence(&mut self, token: u8) -> Result<Flow> {
        self.map(FENCE, b'j', b'f', &[8, 2, 8])?;
        let mut body = vec![8, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 7, 0];
        body.extend([0; 10]);
        body.extend([token, 0, 0, 0, 0, 0, 0, 0]);
        self.take(30, &body)
    }

    fn commit(&mut self) -> Result<Flow> {
        self.take(16, &[0; 8])
    }

    /// What was delivered since, in words.
    fn delivered(&mut self) -> Vec<String> {
        let word = |delivery| match delivery {
            Delivery::Keys(keys) => {
                let keys: Vec<String> = keys
                    .iter()
                    .map(|key| match key.0[..] {
                        [KeyPart::Int(value)] => value.to_string(),
                        _ => format!("{key:?}"),
                    })
                    .collect();
                format!("keys {}", keys.join(" "))
            }
            Delivery::Commit(Receipt::Position(position)) => format!("commit {position}"),
            Delivery::Commit(other) => format!("{other:?}"),
            Delivery::Fence(token) => format!("fence {token}"),
        };
        self.transactions.deliveries().map(word).collect()
    }
}

fn xid_event(name: u8) -> Vec<u8> {
    vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, name]
}

#[test]
fn a_transaction_is_delivered_with_its_end() {
    let mut log = Log::new();
    log.query("BEGIN").unwrap();
    log.insert([1, -2]).unwrap();
    assert!(log.delivered().is_empty(), "not before the commit");
    log.commit().unwrap();
    assert_eq!(log.delivered(), ["keys 1 -2", "commit b.000001:150"]);
    log.query("BEGIN").unwrap();
    log.fence(9).unwrap();
    log.commit().unwrap();
    assert_eq!(log.delivered(), ["commit b.000001:190", "fence 9"]);
}

#[test]
fn a_big_transaction_is_delivered_in_parts_and_taken_up_whole() {
    let mut log = Log::new();
    log.query("BEGIN").unwrap();
    log.insert(0..2500).unwrap();
    assert_eq!(log.delivered().len(), 2);
    log.transactions.rewind();
    assert_eq!(log.transactions.boundary().offset, 100);
    log.end = 100;
    log.query("BEGIN").unwrap();
    log.insert(0..1000).unwrap();
    assert_eq!(log.delivered().len(), 1);
    log.commit().unwrap();
    assert_eq!(log.delivered(), ["commit b.000001:140"], "it had keys, so its end is told");
}

#[test]
fn transactions_of_others_are_told_when_it_is_quiet() {
    let mut log = Log::new();
    for _ in 0..2 {
        log.query("BEGIN").unwrap();
        log.map(70, b's', b'x', &[2]).unwrap();
        log.take(30, &[70, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        log.commit().unwrap();
    }
    assert!(log.delivered().is_empty());
    log.take(27, b"b.000001").unwrap();
    assert_eq!(log.delivered(), ["commit b.000001:190"]);
    log.take(27, b"b.000001").unwrap();
    assert!(log.delivered().is_empty());
    for _ in 0..QUIET {
        log.query("CREATE TABLE x (a int)").unwrap();
    }
    assert_eq!(log.delivered().len(), 1);
    (1..QUIET).for_each(|_| drop(log.query("CREATE TABLE x (a int)").unwrap()));
    log.query("BEGIN").unwrap();
    log.insert([1]).unwrap();
    log.commit().unwrap();
    assert_eq!(log.delivered()[0], "keys 1", "an end is never told before its keys");
}

#[test]
fn a_prepared_transaction_holds_the_position_and_its_keys() {
    let mut log = Log::new();
    log.query("XA START X'61',X'',1").unwrap();
    log.insert([1]).unwrap();
    log.query("XA END X'61',X'',1").unwrap();
    log.take(38, &xid_event(b'a')).unwrap();
    log.query("BEGIN").unwrap();
    log.insert([2]).unwrap();
    log.commit().unwrap();
    assert_eq!(log.delivered(), ["keys 2", "commit b.000001:100"]);
    log.query("XA COMMIT X'61',X'',1").unwrap();
    assert_eq!(log.delivered(), ["keys 1", "commit b.000001:210"]);
    let error = log.query("XA COMMIT X'61',X'',1").unwrap_err();
    assert_eq!(error.code, "xa_unknown");
    log.query("XA ROLLBACK X'62',X'',1").unwrap();
}

#[test]
fn keys_that_wait_for_their_commit_have_a_bound() {
    let mut log = Log::new();
    let room = 300 * xa::weight(&[Key(Box::new([KeyPart::Int(1)]))]);
    log.transactions.prepared = Open::with_room(room);
    for (nth, name) in [b'a', b'b'].into_iter().enumerate() {
        log.query(&format!("XA START X'6{}',X'',1", nth + 1)).unwrap();
        log.insert(0..140).unwrap();
        log.take(38, &xid_event(name)).unwrap();
    }
    log.query("XA START X'63',X'',1").unwrap();
    log.insert(0..20).unwrap();
    let error = log.insert(0..1).unwrap_err();
    assert_eq!(error.code, "xa_too_big");
    assert!(error.message.contains("X'63',X'',1"), "{error}");
    log.transactions.rewind();
    log.end = u32::try_from(log.transactions.boundary().offset).unwrap();
    for statement in ["XA COMMIT X'61',X'',1", "XA START X'63',X'',1"] {
        log.query(statement).unwrap();
    }
    log.insert(0..160).unwrap();
    assert!(log.insert(0..1).is_err());
}

#[test]
fn mariadb_begins_with_the_name_alone() {
    let gtid = |flags: u8, rest: &[u8]| [&[0; 12][..], &[flags], rest].concat();
    let mut log = Log::new();
    log.take(162, &gtid(0x0C, &[0; 6])).unwrap();
    log.placeless = true;
    log.query("CREATE TABLE `x` (\n  `a` int(1) NOT NULL\n)").unwrap();
    log.insert([1]).unwrap();
    log.placeless = false;
    log.commit().unwrap();
    assert_eq!(log.delivered(), ["keys 1", "commit b.000001:160"]);

    log.take(162, &gtid(0x4C, &[1, 0, 0, 0, 1, 0, b'a'])).unwrap();
    log.insert([2]).unwrap();
    log.query("XA END X'61',X'',1").unwrap();
    log.take(38, &xid_event(b'a')).unwrap();
    assert!(log.delivered().is_empty());
    log.take(162, &gtid(0x8D, &[1, 0, 0, 0, 1, 0, b'a'])).unwrap();
    let flow = log.query("XA COMMIT X'61',X'',1").unwrap();
    assert_eq!(flow, Flow::Completed(Xid::new(1, b"a", b"")));
    assert_eq!(log.delivered(), ["keys 2", "commit b.000001:230"]);

    log.take(162, &gtid(0x29, &[0; 6])).unwrap();
    log.query("CREATE TABLE y (a int)").unwrap();
    log.take(162, &gtid(0x0C, &[0; 6])).unwrap();
    assert!(log.take(162, &gtid(0x29, &[0; 6])).is_err(), "one within another");
}

#[test]
fn an_event_without_a_place_is_placed_by_its_length() {
    let mut log = Log::new();
    log.query("BEGIN").unwrap();
    log.placeless = true;
    log.query("SAVEPOINT x").unwrap();
    let error = log.query("UPDATE t SET a = 1").unwrap_err();
    assert!(error.message.starts_with("at b.000001:165 of the binary log: "), "{error}");
    assert_eq!(log.transactions.place().offset, 120, "only what the server said is sure");
}

#[test]
fn what_the_server_makes_up_has_no_place() {
    let mut log = Log::new();
    let mut bytes = vec![0, 0, 0, 0, 163, 1, 0, 0, 0, 23, 0, 0, 0, 9, 0, 0, 0, 0x20, 0];
    bytes.extend([0; 4]);
    let description = FormatDescriptionEvent::new(BinlogVersion::Version4);
    let event = Event::read(&description, &bytes[..]).unwrap();
    log.transactions.take(Kind::Silent, &event).unwrap();
    assert_eq!(log.transactions.place().offset, 100);
}

#[test]
fn a_rolled_back_transaction_leaves_nothing() {
    let mut log = Log::new();
    log.query("BEGIN").unwrap();
    log.insert([1]).unwrap();
    log.query("ROLLBACK").unwrap();
    log.query("BEGIN").unwrap();
    log.commit().unwrap();
    assert!(log.delivered().is_empty());
}

#[test]
fn a_new_file_is_a_boundary() {
    let mut log = Log::new();
    let mut rotate = vec![4, 0, 0, 0, 0, 0, 0, 0];
    rotate.extend(b"b.000002");
    log.take(4, &rotate).unwrap();
    log.take(15, &[]).unwrap();
    assert_eq!(log.transactions.boundary().to_string(), "b.000002:4");
    assert_eq!(log.transactions.boundary().born, 9);
}

#[test]
fn a_compressed_transaction_must_be_whole() {
    let payload = |size: u8| vec![1, 1, 0, 3, 1, size, 2, 1, 0, 0];
    let mut log = Log::new();
    log.take(40, &payload(66)).unwrap();
    log.packed = true;
    log.query("BEGIN").unwrap();
    log.take(16, &[0; 8]).unwrap();
    let place = log.transactions.boundary().offset;
    assert_eq!(place, 120, "where the compressed transaction ends");
    log.packed = false;
    log.take(27, &[]).unwrap();

    log.take(40, &payload(66)).unwrap();
    assert!(log.take(27, &[]).is_err(), "the driver passed over it");
}

#[test]
fn what_has_no_place_is_an_error() {
    let errors: [fn(&mut Log) -> Result<Flow>; 6] = [
        |log| log.insert([1]),
        |log| log.commit(),
        |log| log.take(38, &xid_event(b'a')),
        |log| log.query("BEGIN").and_then(|_| log.take(33, &[])),
        |log| log.query("BEGIN").and_then(|_| log.take(30, &[6, 0, 0, 0, 0, 0, 0, 0])),
        |log| log.query("BEGIN").and_then(|_| log.query("BEGIN")),
    ];
    for (nth, error) in errors.into_iter().enumerate() {
        let error = error(&mut Log::new()).unwrap_err();
        assert_eq!(error.code, "event_not_readable", "{nth}");
        assert!(error.message.starts_with("at b.000001:1"), "{error}");
    }
}

#[test]
fn ours_may_and_others_may_not() {
    let mut log = Log::new();
    let error = log.query("ALTER TABLE t ADD x int").unwrap_err();
    assert_eq!(error.code, "touched_by_ddl");
    assert_eq!(log.query("/* zosc r */ ALTER TABLE n COMMENT ''").unwrap(), Flow::GoOn);
    assert!(log.query("/* zosc q */ ALTER TABLE n COMMENT ''").is_err());
    log.transactions.ours.allow_thread(5);
    assert_eq!(log.query("ALTER TABLE t DROP FOREIGN KEY f").unwrap(), Flow::GoOn);
    assert_eq!(log.query("RENAME TABLE t TO k, n TO t").unwrap(), Flow::Finished);
}

#[test]
fn another_shape_is_an_error() {
    let mut log = Log::new();
    log.query("BEGIN").unwrap();
    assert_eq!(log.map(ORIGINAL, b's', b't', &[3]).unwrap_err().code, "table_map_differs");
    assert_eq!(log.map(ORIGINAL, b's', b't', &[2, 2]).unwrap_err().code, "table_map_differs");
    assert_eq!(log.map(FENCE, b'j', b'f', &[8, 2, 3]).unwrap_err().code, "fence_table_differs");
}
