//! The heart's beats that some replica has not got yet. Pure: no clock of any server matters.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Beyond these, every second one is forgotten: the longer a lag is, the less exactly it is known.
const REMEMBERED: usize = 4096;

/// Beats in their order, each with the moment when the server acknowledged it.
#[derive(Debug, Default)]
pub(super) struct Beats {
    missing: VecDeque<(u64, Instant)>,
}

impl Beats {
    /// The server has acknowledged a beat; numbers grow.
    pub(super) fn acknowledged(&mut self, beat: u64, at: Instant) {
        if self.missing.len() == REMEMBERED {
            let mut is_odd = false;
            self.missing.retain(|_| {
                is_odd = !is_odd;
                is_odd
            });
        }
        self.missing.push_back((beat, at));
    }

    /// How far one is behind that has got all up to a beat: the age of the oldest one it lacks.
    pub(super) fn behind(&self, got: u64, now: Instant) -> Duration {
        let lacks = self.missing.iter().find(|(beat, _)| *beat > got);
        lacks.map_or(Duration::ZERO, |(_, at)| now.saturating_duration_since(*at))
    }

    /// Everybody has got all up to a beat.
    pub(super) fn forget(&mut self, got_by_all: u64) {
        while self.missing.pop_front_if(|(beat, _)| *beat <= got_by_all).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_oldest_that_is_lacking_tells() {
        let (begun, mut beats) = (Instant::now(), Beats::default());
        for beat in 1..=4_u32 {
            beats.acknowledged(u64::from(beat), begun + SECOND * beat);
        }
        let now = begun + SECOND * 10;
        assert_eq!(beats.behind(0, now), SECOND * 9);
        assert_eq!(beats.behind(3, now), SECOND * 6);
        assert_eq!(beats.behind(4, now), Duration::ZERO);
        beats.forget(2);
        assert_eq!(beats.behind(2, now), SECOND * 7);
    }

    #[test]
    fn a_lag_of_days_is_remembered_in_little_room() {
        let (begun, mut beats) = (Instant::now(), Beats::default());
        for beat in 1..=100_000_u32 {
            beats.acknowledged(u64::from(beat), begun + SECOND * beat);
        }
        assert!(beats.missing.len() <= REMEMBERED);
        let now = begun + SECOND * 100_000;
        assert_eq!(beats.behind(0, now), SECOND * 99_999, "the oldest stays");
        let middle = beats.behind(50_000, now);
        assert!(middle <= SECOND * 50_000 && middle > SECOND * 16_000, "{middle:?}");
        assert_eq!(beats.behind(99_000, now), SECOND * 999, "the newest are all there");
    }
}
