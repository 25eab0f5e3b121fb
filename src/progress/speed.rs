//! How fast a stage is, by what it has done lately: the mean since its start would take hours to
//! notice that it was slowed down. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far back "lately" reaches.
const WINDOW: Duration = Duration::from_secs(30);

/// What was done, by time.
#[derive(Debug, Default)]
pub(super) struct Speed {
    samples: VecDeque<Sample>,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    rows: u64,
    fraction: Option<f64>,
}

impl Speed {
    /// So much is done now, of all that there is.
    pub(super) fn note(&mut self, at: Instant, rows: u64, fraction: Option<f64>) {
        self.samples.push_back(Sample { at, rows, fraction });
        while self.samples.len() > 2 && at.duration_since(self.samples[1].at) >= WINDOW {
            self.samples.pop_front();
        }
    }

    /// Rows a second.
    #[allow(clippy::cast_precision_loss)] // people read it
    pub(super) fn rows_per_second(&self) -> f64 {
        let Some((first, last, seconds)) = self.span() else { return 0.0 };
        last.rows.saturating_sub(first.rows) as f64 / seconds
    }

    /// Seconds until all is done at this rate; `None` while nothing gets done.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
    pub(super) fn seconds_left(&self) -> Option<u64> {
        let (first, last, seconds) = self.span()?;
        let (before, now) = (first.fraction?, last.fraction?);
        let rate = (now - before) / seconds;
        let left = (1.0 - now) / rate;
        (rate > 0.0 && left.is_finite()).then(|| left.round() as u64)
    }

    fn span(&self) -> Option<(Sample, Sample, f64)> {
        let (first, last) = (*self.samples.front()?, *self.samples.back()?);
        let seconds = last.at.duration_since(first.at).as_secs_f64();
        (seconds > 0.0).then_some((first, last, seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(done: impl Fn(u64) -> (u64, f64), seconds: u64) -> Speed {
        let (mut speed, start) = (Speed::default(), Instant::now());
        for second in 0..=seconds {
            let (rows, fraction) = done(second);
            speed.note(start + Duration::from_secs(second), rows, Some(fraction));
        }
        speed
    }

    #[test]
    #[allow(clippy::cast_precision_loss, clippy::float_cmp)]
    fn only_what_was_done_lately_counts() {
        // Fast for 100 seconds, slow for 40.
        let done = |second: u64| {
            let rows = 1000 * second.min(100) + 10 * second.saturating_sub(100);
            (rows, rows as f64 / 200_000.0)
        };
        let slow = speed(done, 140);
        assert_eq!(slow.rows_per_second(), 10.0);
        assert_eq!(slow.seconds_left(), Some(9960));
        let fast = speed(done, 50);
        assert_eq!((fast.rows_per_second(), fast.seconds_left()), (1000.0, Some(150)));
    }

    #[test]
    fn who_stands_still_arrives_at_no_time() {
        let still = speed(|_| (7, 0.5), 60);
        assert!(still.rows_per_second().abs() < f64::EPSILON);
        assert_eq!(still.seconds_left(), None);
        assert_eq!(Speed::default().seconds_left(), None);
    }
}
