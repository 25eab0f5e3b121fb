//! Times of the day, by the clock of the machine that zosc runs on.

use super::Pressure;
use crate::settings::{Limits, Window};

const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MINUTES: usize = 24 * 60;

/// Rest outside of them.
pub(super) fn look(limits: &Limits) -> Pressure {
    let (day, minute) = Window::now();
    judge(&limits.windows, day, minute.into())
}

/// At a minute of a day of the week; Monday is 0.
fn judge(windows: &[Window], day: usize, minute: usize) -> Pressure {
    let is_open = |at: usize| {
        let (day, minute) = (at / MINUTES % 7, u16::try_from(at % MINUTES).unwrap_or_default());
        windows.iter().any(|window| window.contains(day, minute))
    };
    let now = day * MINUTES + minute;
    if windows.is_empty() || is_open(now) {
        return Pressure::Easy;
    }
    let opens = (now..=now + 7 * MINUTES).find(|at| is_open(*at));
    let opens = opens.map_or_else(String::new, |at| {
        let on = match at / MINUTES - day {
            0 => String::new(),
            _ => format!(" on {}", DAYS[at / MINUTES % 7]),
        };
        format!("; it opens{on} at {:02}:{:02}", at % MINUTES / 60, at % 60)
    });
    let all: Vec<String> = windows.iter().map(Window::to_string).collect();
    Pressure::Over(format!("it is not the time for it ({}){opens}", all.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(windows: &[&str], day: usize, hour: usize, minute: usize) -> String {
        let windows: Vec<Window> = windows.iter().map(|window| window.parse().unwrap()).collect();
        judge(&windows, day, hour * 60 + minute).detail().unwrap_or_default().to_owned()
    }

    #[test]
    fn it_says_when_work_goes_on() {
        assert_eq!(at(&[], 3, 12, 0), "");
        assert_eq!(at(&["22:00-06:00"], 3, 23, 0), "");
        assert!(at(&["22:00-06:00"], 3, 12, 0).ends_with("; it opens at 22:00"));
        let weekend = at(&["Sat,Sun 00:00-24:00", "Mon 01:30-02:00"], 6, 23, 59);
        assert_eq!(weekend, "");
        let monday = at(&["Sat,Sun 00:00-24:00", "Mon 01:30-02:00"], 0, 2, 0);
        assert!(monday.ends_with("; it opens on Saturday at 00:00"), "{monday}");
        let sunday = at(&["Mon 01:30-02:00"], 6, 12, 0);
        assert!(sunday.ends_with("; it opens on Monday at 01:30"), "{sunday}");
    }
}
