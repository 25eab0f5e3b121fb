//! A time of the day in which work may go on.

use std::fmt;
use std::str::FromStr;

use jiff::Zoned;

/// The days' words, as they are written, from the first of the week.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// From one minute of a day to another, in the time of the machine that zosc runs on. One that ends
/// before it begins goes on into the next day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The days on which it begins, from Monday.
    days: [bool; 7],
    /// In minutes since midnight.
    from: u16,
    upto: u16,
}

impl Window {
    /// The day (Monday is 0) and the minute of the day that it is now.
    pub fn now() -> (usize, u16) {
        let now = Zoned::now();
        let minute = u16::from(now.hour().unsigned_abs()) * 60;
        let day = usize::from(now.weekday().to_monday_zero_offset().unsigned_abs());
        (day, minute + u16::from(now.minute().unsigned_abs()))
    }

    /// Whether this minute of this day (Monday is 0) lies in it.
    pub fn contains(&self, day: usize, minute: u16) -> bool {
        let begins = |day: usize| self.days[day % 7];
        if self.from < self.upto {
            return begins(day) && (self.from..self.upto).contains(&minute);
        }
        (begins(day) && minute >= self.from) || (begins(day + 6) && minute < self.upto)
    }
}

/// `22:00-06:00`, `Sat,Sun 00:00-24:00`, `Mon-Fri 20:00-05:30`.
impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unclear = || {
            format!(
                "`{text}` must be a time of the day such as `22:00-06:00` or `Mon-Fri 20:00-05:30`"
            )
        };
        let (days, times) = match text.trim().rsplit_once(' ') {
            Some((days, times)) => (days.trim(), times),
            None => ("Mon-Sun", text.trim()),
        };
        let (from, upto) = times.split_once('-').ok_or_else(unclear)?;
        let from = minute(from).filter(|from| *from < DAY).ok_or_else(unclear)?;
        let upto = minute(upto).filter(|upto| *upto > 0 && *upto != from).ok_or_else(unclear)?;
        Ok(Self { days: week(days).ok_or_else(unclear)?, from, upto })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != [true; 7] {
            let days: Vec<&str> = DAYS
                .into_iter()
                .zip(self.days)
                .filter(|(_, is_in)| *is_in)
                .map(|(day, _)| day)
                .collect();
            write!(f, "{} ", days.join(","))?;
        }
        let (from, upto) = (self.from, self.upto);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, upto / 60, upto % 60)
    }
}

/// `HH:MM` up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && minute <= DAY).then_some(minute)
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon,Wed`.
fn week(text: &str) -> Option<[bool; 7]> {
    let number = |day: &str| DAYS.iter().position(|known| known.eq_ignore_ascii_case(day.trim()));
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        for day in first..=first + (last + 7 - first) % 7 {
            days[day % 7] = true;
        }
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Window {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_begins_on_its_evening() {
        let nights = window("Mon-Fri 22:00-06:00");
        assert!(nights.contains(0, 22 * 60));
        assert!(nights.contains(1, 5 * 60 + 59));
        assert!(!nights.contains(1, 6 * 60));
        assert!(nights.contains(5, 60), "Friday's night ends on Saturday");
        assert!(!nights.contains(5, 23 * 60));
        assert!(!nights.contains(0, 60), "Sunday's night is none");
    }

    #[test]
    fn a_whole_day() {
        let days = window("Sat,Sun 00:00-24:00");
        assert!(days.contains(6, 0) && days.contains(5, DAY - 1));
        assert!(!days.contains(0, 0));
        assert!(window("9:30-10:00").contains(3, 570));
    }

    #[test]
    fn windows_are_read_and_written_alike() {
        for text in ["22:00-06:00", "Sat,Sun 00:00-24:00", "Mon,Tue,Fri 20:00-05:30"] {
            assert_eq!(window(text).to_string(), text);
        }
        assert_eq!(window("Fri-Mon 01:00-02:00").to_string(), "Mon,Fri,Sat,Sun 01:00-02:00");
        for wrong in [
            "",
            "22:00",
            "22:00-25:00",
            "24:00-01:00",
            "1-2",
            "Someday 1:00-2:00",
            "1:00-1:00",
            "1:60-2:00",
        ] {
            assert!(wrong.parse::<Window>().is_err(), "{wrong}");
        }
    }
}
