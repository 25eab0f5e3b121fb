//! A replica that stores nothing and acknowledges late: with semi-synchronous replication, what is
//! committed is in the log long before it can be read.

use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::address::Address;

/// Arguments for a `MariaDB` whose commits wait for the replica.
pub const WAITS_FOR_A_REPLICA: &[&str] = &[
    "--rpl-semi-sync-master-enabled=ON",
    "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
    "--rpl-semi-sync-master-timeout=600000",
    "--rpl-semi-sync-master-wait-no-slave=OFF",
];

/// Protocol 4.1, secure connection.
const CAPABILITIES: u32 = 0x0000_0200 | 0x0000_8000;

const COM_QUERY: u8 = 0x03;
const COM_BINLOG_DUMP: u8 = 0x12;
const SEMI_SYNC: u8 = 0xEF;

/// Follows a server until it ends, acknowledging each transaction so much later than it comes.
/// `root` has no password there.
pub fn follow(address: &Address, file: &str, delay: Duration) {
    let mut stream = TcpStream::connect((address.host.as_str(), address.port)).unwrap();
    log_in(&mut stream).unwrap();
    for sql in [
        "SET @mariadb_slave_capability = 4",
        "SET @master_binlog_checksum = @@GLOBAL.binlog_checksum",
        "SET @rpl_semi_sync_slave = 1",
    ] {
        write(&mut stream, 0, &[&[COM_QUERY], sql.as_bytes()].concat()).unwrap();
        is_ok(&read(&mut stream).unwrap());
    }
    let (start, flags, server_id) = (4_u32.to_le_bytes(), [0; 2], 99_u32.to_le_bytes());
    let dump = [&[COM_BINLOG_DUMP], &start[..], &flags, &server_id, file.as_bytes()].concat();
    write(&mut stream, 0, &dump).unwrap();

    let (sender, receiver) = mpsc::channel::<(Instant, u64)>();
    let (mut back, file) = (stream.try_clone().unwrap(), file.to_owned());
    // Both end when the server does: then the connection fails.
    thread::spawn(move || {
        while let Ok(position) = next_to_acknowledge(&mut stream) {
            if sender.send((Instant::now() + delay, position)).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, position) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let reply = [&[SEMI_SYNC], &position.to_le_bytes()[..], file.as_bytes()].concat();
            if write(&mut back, 0, &reply).is_err() {
                break;
            }
        }
    });
}

/// Reads events up to one whose sender waits for us; where it ends in the log.
fn next_to_acknowledge(stream: &mut TcpStream) -> Result<u64> {
    loop {
        let packet = read(stream)?;
        // OK, magic number, whether the sender waits, the event's header: its end is at byte 13.
        if let [0, SEMI_SYNC, 1, event @ ..] = packet.as_slice() {
            let end = u32::from_le_bytes(event[13..17].try_into().unwrap());
            return Ok(u64::from(end));
        }
        assert_ne!(packet[0], 0xFF, "the server sends no log: {}", packet.escape_ascii());
    }
}

fn log_in(stream: &mut TcpStream) -> Result<()> {
    read(stream)?;
    let (capabilities, largest) = (CAPABILITIES.to_le_bytes(), (1_u32 << 24).to_le_bytes());
    // The character set, reserved bytes, the user, an empty answer to the challenge.
    let rest = [&[45][..], &[0; 23], b"root\0", &[0]].concat();
    write(stream, 1, &[&capabilities[..], &largest, &rest].concat())?;
    is_ok(&read(stream)?);
    Ok(())
}

fn is_ok(packet: &[u8]) {
    assert_eq!(packet[0], 0, "the server refuses: {}", packet.escape_ascii());
}

/// A packet's payload; the tests send no larger ones than fit into one.
fn read(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    let mut payload = vec![0; u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize];
    stream.read_exact(&mut payload)?;
    Ok(payload)
}

fn write(stream: &mut TcpStream, sequence: u8, payload: &[u8]) -> Result<()> {
    let [low, middle, high, _] = u32::try_from(payload.len()).unwrap().to_le_bytes();
    stream.write_all(&[&[low, middle, high, sequence], payload].concat())
}
