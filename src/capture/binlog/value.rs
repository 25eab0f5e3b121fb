//! A key column's bytes in a row image, turned into the very [`KeyPart`] that
//! [`KeyColumn::parse`](crate::schema::KeyColumn::parse) makes from what the server returns.

use super::cursor::{big_endian, corrupt, little_endian};
use super::{decimal, temporal};
use crate::error::Result;
use crate::schema::{KeyPart, PartType};

/// The value of a key column; `bytes` are without a length prefix.
pub(super) fn decode(part: &PartType, zerofill: bool, bytes: &[u8]) -> Result<KeyPart> {
    Ok(match part {
        PartType::Integer { unsigned, bytes: width } => integer(bytes, *width, *unsigned)?,
        PartType::Year => match bytes {
            [0] => KeyPart::UInt(0),
            [years] => KeyPart::UInt(1900 + u64::from(*years)),
            _ => return Err(corrupt("a year of the wrong length")),
        },
        PartType::Bit => KeyPart::UInt(big_endian(at_most(bytes, 8)?)),
        PartType::Enum => KeyPart::UInt(little_endian(at_most(bytes, 2)?)),
        PartType::Decimal { precision, scale } => {
            ascii(decimal::text(bytes, *precision, *scale, zerofill)?)
        }
        PartType::Date => ascii(temporal::date(bytes)?),
        PartType::Time { fsp } => ascii(temporal::time(bytes, *fsp)?),
        PartType::DateTime { fsp } => ascii(temporal::date_time(bytes, *fsp)?),
        PartType::Timestamp { fsp } => ascii(temporal::timestamp(bytes, *fsp)?),
        PartType::Text { .. } | PartType::VarBinary => KeyPart::Bytes(bytes.into()),
        PartType::Binary { length } => {
            let mut padded = at_most(bytes, *length)?.to_vec();
            padded.resize(*length, 0);
            KeyPart::Bytes(padded.into())
        }
    })
}

fn integer(bytes: &[u8], width: u8, unsigned: bool) -> Result<KeyPart> {
    if bytes.len() != usize::from(width) || bytes.len() > 8 {
        return Err(corrupt("an integer of the wrong length"));
    }
    let number = little_endian(bytes);
    if unsigned {
        return Ok(KeyPart::UInt(number));
    }
    let spare = 64 - 8 * u32::from(width);
    Ok(KeyPart::Int((number << spare).cast_signed() >> spare))
}

fn at_most(bytes: &[u8], limit: usize) -> Result<&[u8]> {
    if bytes.len() <= limit { Ok(bytes) } else { Err(corrupt("a value longer than its column")) }
}

fn ascii(text: String) -> KeyPart {
    KeyPart::Bytes(text.into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(bytes: &[u8], unsigned: bool) -> KeyPart {
        let width = u8::try_from(bytes.len()).unwrap();
        decode(&PartType::Integer { unsigned, bytes: width }, false, bytes).unwrap()
    }

    #[test]
    fn integers_keep_their_sign() {
        assert_eq!(int(&[0xFF], false), KeyPart::Int(-1));
        assert_eq!(int(&[0xFF], true), KeyPart::UInt(255));
        assert_eq!(int(&[0xFF, 0xFF, 0xFF], false), KeyPart::Int(-1));
        assert_eq!(int(&[0, 0, 0x80], false), KeyPart::Int(-8_388_608));
        assert_eq!(int(&[0, 0, 0x80], true), KeyPart::UInt(8_388_608));
        assert_eq!(int(&[0xFF; 8], true), KeyPart::UInt(u64::MAX));
        assert_eq!(int(&i64::MIN.to_le_bytes(), false), KeyPart::Int(i64::MIN));
    }

    #[test]
    fn year_zero_is_zero() {
        assert_eq!(decode(&PartType::Year, false, &[0]).unwrap(), KeyPart::UInt(0));
        assert_eq!(decode(&PartType::Year, false, &[124]).unwrap(), KeyPart::UInt(2024));
    }

    #[test]
    fn binary_gets_its_zeros_back() {
        let part = PartType::Binary { length: 4 };
        let padded = KeyPart::Bytes(Box::new([7, 0, 0, 0]));
        assert_eq!(decode(&part, false, &[7]).unwrap(), padded);
        assert!(decode(&part, false, &[7; 5]).is_err());
    }

    #[test]
    fn nothing_panics_on_wrong_lengths() {
        let parts = [
            PartType::Integer { unsigned: false, bytes: 3 },
            PartType::Year,
            PartType::Bit,
            PartType::Enum,
            PartType::Decimal { precision: 65, scale: 30 },
            PartType::Date,
            PartType::Time { fsp: 6 },
            PartType::DateTime { fsp: 3 },
            PartType::Timestamp { fsp: 1 },
            PartType::Binary { length: 2 },
        ];
        for part in &parts {
            for length in 0..40 {
                drop(decode(part, true, &vec![0xFF; length]));
                drop(decode(part, false, &vec![0; length]));
            }
        }
    }
}
