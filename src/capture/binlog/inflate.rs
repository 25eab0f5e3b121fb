//! MariaDB's compressed events: a byte that says how, the length before compression, zlib's data.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::cursor::{Cursor, big_endian, corrupt};
use crate::error::Result;

/// No event is longer: the servers' own limit of a packet.
const LONGEST: u64 = 1 << 30;

/// Room that is made before anything shows that the length is true.
const FIRST_ROOM: u64 = 1 << 16;

/// Appends what was compressed into `packed` to `out`.
pub(super) fn inflate(packed: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut cursor = Cursor::new(packed);
    let head = cursor.u8()?;
    if head & 0xF8 != 0x80 {
        return Err(corrupt("an event that is compressed in an unknown way"));
    }
    let width = usize::from(head & 0x07);
    if !(1..=4).contains(&width) {
        return Err(corrupt("a compressed event without a length"));
    }
    let length = big_endian(cursor.take(width)?);
    if length > LONGEST {
        return Err(corrupt("a compressed event that is longer than events may be"));
    }
    out.reserve(usize::try_from(length.min(FIRST_ROOM)).unwrap_or_default());
    let before = out.len();
    ZlibDecoder::new(cursor.rest())
        .take(length + 1)
        .read_to_end(out)
        .map_err(|error| corrupt(&format!("a compressed event that is torn ({error})")))?;
    if (out.len() - before) as u64 != length {
        return Err(corrupt("a compressed event of another length than it says"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn packed(text: &[u8], head: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(head.to_vec(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn inflated(packed: &[u8]) -> Result<Vec<u8>> {
        let mut out = b"head ".to_vec();
        inflate(packed, &mut out).map(|()| out)
    }

    /// As MariaDB 10.11 logged `INSERT INTO t VALUES (101,1)`.
    #[test]
    fn what_a_server_wrote() {
        let text = b"insert into t values(101,1)";
        assert_eq!(
            inflated(&packed(text, &[0x81, 27])).unwrap(),
            b"head insert into t values(101,1)"
        );
        assert_eq!(inflated(&packed(text, &[0x84, 0, 0, 0, 27])).unwrap().len(), 32);
    }

    #[test]
    fn a_length_that_lies_is_an_error() {
        let text = [7; 300];
        assert!(inflated(&packed(&text, &[0x82, 1, 44])).is_ok());
        for head in [&[0x82, 1, 43][..], &[0x82, 1, 45], &[0x81, 44], &[0x84, 0x40, 0, 0, 1]] {
            assert!(inflated(&packed(&text, head)).is_err(), "{head:?}");
        }
    }

    #[test]
    fn torn_or_strange_data_is_an_error() {
        let whole = packed(&[7; 300], &[0x82, 1, 44]);
        for length in 0..whole.len() - 4 {
            assert!(inflated(&whole[..length]).is_err(), "{length}");
        }
        for head in [0x80, 0x85, 0x87, 0x91, 0x01, 0xC1] {
            let mut strange = whole.clone();
            strange[0] = head;
            assert!(inflated(&strange).is_err(), "{head}");
        }
    }
}
