//! The binary form of `DECIMAL`, turned into the text that the server prints.
//!
//! Each side of the point is cut into groups of nine digits, aligned at the point; a group is a
//! big-endian number, the outermost one as short as its digits allow. The sign is the first bit,
//! inverted; a negative value has all bits inverted.

use super::cursor::{Cursor, corrupt};
use crate::error::Result;

const GROUP_DIGITS: usize = 9;

/// Bytes of a group by its digits.
const GROUP_BYTES: [usize; GROUP_DIGITS + 1] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/// The length in bytes of a value in a row image.
pub(super) fn size(precision: u8, scale: u8) -> usize {
    let side = |digits: usize| digits / GROUP_DIGITS * 4 + GROUP_BYTES[digits % GROUP_DIGITS];
    side(usize::from(precision.saturating_sub(scale))) + side(usize::from(scale))
}

/// The value as text: no leading zeros, unless `zerofill`; always `scale` digits after the point.
pub(super) fn text(bytes: &[u8], precision: u8, scale: u8, zerofill: bool) -> Result<String> {
    let whole_digits = usize::from(precision.saturating_sub(scale));
    let mut flipped = bytes.to_vec();
    let first = flipped.first_mut().ok_or_else(|| corrupt("a decimal without bytes"))?;
    let negative = *first & 0x80 == 0;
    *first ^= 0x80;
    if negative {
        for byte in &mut flipped {
            *byte = !*byte;
        }
    }

    let mut cursor = Cursor::new(&flipped);
    let mut digits = String::new();
    group(&mut cursor, whole_digits % GROUP_DIGITS, &mut digits)?;
    for _ in 0..whole_digits / GROUP_DIGITS {
        group(&mut cursor, GROUP_DIGITS, &mut digits)?;
    }
    let mut fraction = String::new();
    for _ in 0..usize::from(scale) / GROUP_DIGITS {
        group(&mut cursor, GROUP_DIGITS, &mut fraction)?;
    }
    group(&mut cursor, usize::from(scale) % GROUP_DIGITS, &mut fraction)?;
    if !cursor.is_empty() {
        return Err(corrupt("a decimal of the wrong length"));
    }

    let whole = if zerofill { &digits } else { digits.trim_start_matches('0') };
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if negative { "-" } else { "" };
    let point = if scale == 0 { "" } else { "." };
    Ok(format!("{sign}{whole}{point}{fraction}"))
}

fn group(cursor: &mut Cursor<'_>, digits: usize, out: &mut String) -> Result<()> {
    let value = super::cursor::big_endian(cursor.take(GROUP_BYTES[digits])?);
    if digits == 0 {
        return Ok(());
    }
    let text = format!("{value:0digits$}");
    if text.len() > digits {
        return Err(corrupt("a decimal with too many digits"));
    }
    out.push_str(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The manual's example: 1234567890.1234 as DECIMAL(14,4), and its negative.
    #[test]
    fn the_manuals_example() {
        let bytes = [0x81, 0x0D, 0xFB, 0x38, 0xD2, 0x04, 0xD2];
        assert_eq!(size(14, 4), bytes.len());
        assert_eq!(text(&bytes, 14, 4, false).unwrap(), "1234567890.1234");
        let negative = bytes.map(|byte: u8| !byte);
        assert_eq!(text(&negative, 14, 4, false).unwrap(), "-1234567890.1234");
    }

    #[test]
    fn zeros_stand_where_the_server_puts_them() {
        assert_eq!(text(&[0x80, 0, 50], 5, 2, false).unwrap(), "0.50");
        assert_eq!(text(&[0x7F, 0xFF, !50], 5, 2, false).unwrap(), "-0.50");
        assert_eq!(text(&[0x80, 12, 50], 5, 2, true).unwrap(), "012.50");
        assert_eq!(text(&[0x80], 2, 0, false).unwrap(), "0");
        assert_eq!(text(&[0xB2], 2, 2, false).unwrap(), "0.50");
    }

    #[test]
    fn wrong_lengths_are_errors() {
        assert!(text(&[], 5, 2, false).is_err());
        assert!(text(&[0x80, 0], 5, 2, false).is_err());
        assert!(text(&[0x80, 0, 50, 0], 5, 2, false).is_err());
        assert!(text(&[0xFF], 2, 0, false).is_err(), "127 has three digits");
    }
}
