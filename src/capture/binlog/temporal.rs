//! The binary forms of `DATE`, `TIME`, `DATETIME` and `TIMESTAMP`, turned into the text that the
//! server prints in a session whose time zone is UTC. Zero and impossible dates pass as they are.

use super::cursor::{big_endian, corrupt, little_endian};
use crate::error::Result;

const SECONDS_A_DAY: u64 = 86_400;

/// Bytes of the fraction of a second with `fsp` digits.
pub(super) fn fraction_size(fsp: u8) -> usize {
    usize::from(fsp).div_ceil(2)
}

pub(super) fn date(bytes: &[u8]) -> Result<String> {
    let packed = little_endian(sized(bytes, 3)?);
    Ok(format!("{:04}-{:02}-{:02}", packed >> 9, packed >> 5 & 15, packed & 31))
}

/// Three bytes and the fraction, as one big-endian number around a middle: so that a negative
/// time's fraction borrows from its seconds.
pub(super) fn time(bytes: &[u8], fsp: u8) -> Result<String> {
    let fraction = fraction_size(fsp);
    let packed = big_endian(sized(bytes, 3 + fraction)?);
    let middle = 0x80_0000 << (8 * fraction);
    let sign = if packed < middle { "-" } else { "" };
    let distance = packed.abs_diff(middle);
    let whole = distance >> (8 * fraction);
    let part = distance & ((1 << (8 * fraction)) - 1);
    Ok(format!(
        "{sign}{:02}:{:02}:{:02}{}",
        whole >> 12 & 1023,
        whole >> 6 & 63,
        whole & 63,
        fraction_text(part, fsp)
    ))
}

pub(super) fn date_time(bytes: &[u8], fsp: u8) -> Result<String> {
    let (whole, part) = sized(bytes, 5 + fraction_size(fsp))?.split_at(5);
    let packed = big_endian(whole).wrapping_sub(0x80_0000_0000);
    let months = packed >> 22 & 0x1_FFFF;
    Ok(format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{}",
        months / 13,
        months % 13,
        packed >> 17 & 31,
        packed >> 12 & 31,
        packed >> 6 & 63,
        packed & 63,
        fraction_text(big_endian(part), fsp)
    ))
}

pub(super) fn timestamp(bytes: &[u8], fsp: u8) -> Result<String> {
    let (whole, part) = sized(bytes, 4 + fraction_size(fsp))?.split_at(4);
    let fraction = fraction_text(big_endian(part), fsp);
    let seconds = big_endian(whole);
    if seconds == 0 {
        return Ok(format!("0000-00-00 00:00:00{fraction}"));
    }
    let (year, month, day) = civil(seconds / SECONDS_A_DAY);
    let clock = seconds % SECONDS_A_DAY;
    Ok(format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}{fraction}",
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    ))
}

fn sized(bytes: &[u8], size: usize) -> Result<&[u8]> {
    if bytes.len() == size { Ok(bytes) } else { Err(corrupt("a date or time of the wrong length")) }
}

/// The digits after the point. They are stored in pairs, so an odd count has one zero too many.
fn fraction_text(stored: u64, fsp: u8) -> String {
    if fsp == 0 {
        return String::new();
    }
    let digits = usize::from(fsp);
    let value = if fsp % 2 == 1 { stored / 10 } else { stored };
    format!(".{value:0digits$}")
}

/// Year, month and day of a day counted from 1970-01-01, by 400-year cycles that start in March.
fn civil(day: u64) -> (u64, u64, u64) {
    const CYCLE: u64 = 146_097;
    let shifted = day + 719_468;
    let of_cycle = shifted % CYCLE;
    let year_of_cycle = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_cycle + shifted / CYCLE * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date(&[0, 0, 0]).unwrap(), "0000-00-00");
        assert_eq!(date(&[0x43, 0xD0, 0x0F]).unwrap(), "2024-02-03");
        assert!(date(&[0, 0]).is_err());
    }

    #[test]
    fn times_around_zero() {
        assert_eq!(time(&[0x80, 0, 0], 0).unwrap(), "00:00:00");
        assert_eq!(time(&[0x80, 0x10, 0x01, 50], 2).unwrap(), "01:00:01.50");
        assert_eq!(time(&[0x7F, 0xFF, 0xFF, 0xCE], 2).unwrap(), "-00:00:00.50");
        assert_eq!(time(&[0x7F, 0xFF, 0xFF], 0).unwrap(), "-00:00:01");
        assert_eq!(time(&[0x4B, 0x91, 0x05], 0).unwrap(), "-838:59:59");
    }

    #[test]
    fn date_times() {
        assert_eq!(date_time(&[0x80, 0, 0, 0, 0], 0).unwrap(), "0000-00-00 00:00:00");
        let months: u64 = 2024 * 13 + 2;
        let clock: u64 = (23 << 12) + (59 << 6) + 0x3A;
        let packed = (1 << 39) + (months << 22) + (29 << 17) + clock;
        let mut bytes = packed.to_be_bytes()[3..].to_vec();
        assert_eq!(date_time(&bytes, 0).unwrap(), "2024-02-29 23:59:58");
        bytes.extend([0x04, 0xCE]);
        assert_eq!(date_time(&bytes, 3).unwrap(), "2024-02-29 23:59:58.123");
    }

    #[test]
    fn timestamps() {
        assert_eq!(timestamp(&[0; 4], 0).unwrap(), "0000-00-00 00:00:00");
        assert_eq!(timestamp(&[0; 7], 6).unwrap(), "0000-00-00 00:00:00.000000");
        assert_eq!(timestamp(&[0, 0, 0, 1], 0).unwrap(), "1970-01-01 00:00:01");
        let leap = 951_782_400_u32.to_be_bytes();
        assert_eq!(timestamp(&leap, 0).unwrap(), "2000-02-29 00:00:00");
        let last = [0x7F, 0xFF, 0xFF, 0xFF, 0x0F, 0x42, 0x3F];
        assert_eq!(timestamp(&last, 6).unwrap(), "2038-01-19 03:14:07.999999");
    }
}
