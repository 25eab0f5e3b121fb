//! When work rested. A run of days may rest very often: the longest times are kept, of all the sum.

use serde::Serialize;

use super::hundredth;

/// More of them tell nobody anything.
const MOST: usize = 500;

/// The times when work rested, in their order.
#[derive(Debug, Default, Serialize)]
pub(super) struct Rests {
    #[serde(rename = "rests")]
    pub(super) longest: Vec<Rest>,
    /// How many shorter ones are not among them.
    #[serde(rename = "rests_left_out")]
    pub(super) left_out: usize,
    /// Of all of them.
    #[serde(rename = "rested_seconds")]
    pub(super) seconds: f64,
    #[serde(skip)]
    now: Option<Rest>,
}

/// One of them; seconds are since the run began.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Rest {
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) from: f64,
    pub(super) seconds: f64,
}

impl Rests {
    pub(super) fn begin(&mut self, at: f64, reason: &str, detail: &str) {
        self.end(at);
        let (reason, detail) = (reason.to_owned(), detail.to_owned());
        self.now = Some(Rest { reason, detail, from: at, seconds: 0.0 });
    }

    pub(super) fn end(&mut self, at: f64) {
        let Some(mut rest) = self.now.take() else { return };
        rest.seconds = hundredth(at - rest.from);
        self.seconds = hundredth(self.seconds + rest.seconds);
        self.longest.push(rest);
        if self.longest.len() <= MOST {
            return;
        }
        let seconds = |place: &usize| self.longest[*place].seconds;
        let shortest = (0..=MOST).min_by(|one, other| seconds(one).total_cmp(&seconds(other)));
        if let Some(place) = shortest {
            self.longest.remove(place);
            self.left_out += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_are_kept_and_all_are_counted() {
        let mut rests = Rests::default();
        let mut at = 0.0;
        for number in 0..MOST + 2 {
            rests.begin(at, "load", "Threads_running=90");
            at += if number == 7 || number == 9 { 0.5 } else { 2.0 };
            rests.end(at);
        }
        rests.end(at + 9.0); // has ended already
        assert_eq!((rests.longest.len(), rests.left_out), (MOST, 2));
        assert!(rests.longest.iter().all(|rest| rest.seconds >= 2.0));
        assert!(rests.longest.is_sorted_by(|one, next| one.from < next.from));
        assert!((rests.seconds - at).abs() < 0.01);
    }

    #[test]
    fn another_reason_begins_another_rest() {
        let mut rests = Rests::default();
        rests.begin(1.0, "load", "");
        rests.begin(3.0, "query", "");
        rests.end(4.0);
        let told: Vec<_> = rests.longest.iter().map(|it| (&*it.reason, it.seconds)).collect();
        assert_eq!(told, [("load", 2.0), ("query", 1.0)]);
    }
}
