//! How much of what was asked for is worked, after each look at what presses: slowly more, soon
//! less. Pure.

use std::time::Duration;

use super::reading::Pressure;
use crate::settings::Effort;

/// Grows by so much of the whole a second.
const RISE: f64 = 0.2;
/// Grows by so much of what one worker does a second, or of what is worked if that is more, where it
/// takes a while until it is seen what work brings.
const SOFT_RISE: (f64, f64) = (0.1, 0.15);
/// At each fall, this much is left.
const FALL: f64 = 0.5;
/// What a fall brings is seen a little later only.
const BETWEEN_FALLS: Duration = Duration::from_secs(1);
/// The least that is worked has so much of what one worker does.
const LEAST: f64 = 0.1;
/// The shortest chunks have so much of the time that was asked for; what is to be less than that
/// becomes rests. Many small transactions are no relief for a replica.
const SHORTEST: f64 = 0.5;

/// The controller's state.
#[derive(Debug, Clone)]
pub(super) struct Controller {
    /// Of the whole, which is every worker with chunks of the full time.
    share: f64,
    softly: bool,
    since_fall: Duration,
}

impl Controller {
    /// Begins with the whole.
    pub(super) fn new() -> Self {
        Self { share: 1.0, softly: false, since_fall: BETWEEN_FALLS }
    }

    /// Begins with the least, and grows more slowly: where it takes a while until it is seen what
    /// work brings.
    pub(super) fn begins_softly() -> Self {
        Self { share: 0.0, softly: true, ..Self::new() }
    }

    /// What may be worked, `elapsed` after the last look; no worker is to rest.
    pub(super) fn look(
        &mut self,
        pressure: &Pressure,
        elapsed: Duration,
        asked: &Effort,
    ) -> Effort {
        let one_worker = 1.0 / workers(asked);
        let least = LEAST * one_worker;
        self.since_fall += elapsed;
        match pressure {
            Pressure::Easy => self.share += self.rise(asked) * elapsed.as_secs_f64(),
            Pressure::Busy(_) => self.fall(one_worker),
            Pressure::Tight(_) | Pressure::Over(_) | Pressure::Critical(_) => self.fall(least),
        }
        self.share = self.share.clamp(least, 1.0);
        if matches!(pressure, Pressure::Over(_) | Pressure::Critical(_)) {
            return Effort { workers: 0, ..*asked };
        }
        self.allows(asked)
    }

    /// By how much of the whole it grows in a second.
    fn rise(&self, asked: &Effort) -> f64 {
        let (of_one, of_all) = SOFT_RISE;
        if self.softly { (of_one / workers(asked)).max(of_all * self.share) } else { RISE }
    }

    fn fall(&mut self, least: f64) {
        if self.since_fall >= BETWEEN_FALLS {
            self.share = (self.share * FALL).max(least.min(self.share));
            self.since_fall = Duration::ZERO;
        }
    }

    /// So many workers that each has chunks as long as they can be, and rests as little.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn allows(&self, asked: &Effort) -> Effort {
        let whole = self.share * workers(asked);
        // Against rounding: a share of 2/8 of 8 workers is 2 of them.
        let allowed = (whole - 1e-9).ceil().max(1.0);
        let each = whole / allowed;
        let chunk_time = asked.chunk_time.mul_f64(each.clamp(SHORTEST, 1.0));
        let of_the_time = each / SHORTEST;
        let nice =
            if of_the_time < 1.0 { (1.0 + asked.nice) / of_the_time - 1.0 } else { asked.nice };
        Effort { workers: allowed as usize, chunk_time, nice, ..*asked }
    }
}

#[allow(clippy::cast_precision_loss)]
fn workers(asked: &Effort) -> f64 {
    asked.workers.max(1) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(workers: usize) -> Effort {
        Effort { workers, chunk_time: Duration::from_millis(100), ..Effort::default() }
    }

    fn pressure() -> impl Strategy<Value = Pressure> {
        prop_oneof![
            Just(Pressure::Easy),
            Just(Pressure::Busy(String::new())),
            Just(Pressure::Tight(String::new())),
            Just(Pressure::Over(String::new())),
        ]
    }

    proptest! {
        #[test]
        fn it_stays_within_what_was_asked(
            looks in prop::collection::vec((pressure(), 0_u64..2_000, 1_usize..64), 1..200),
        ) {
            let mut controller = Controller::new();
            for (pressure, millis, workers) in looks {
                let asked = asked(workers);
                let allowed = controller.look(&pressure, Duration::from_millis(millis), &asked);
                prop_assert!(allowed.workers <= asked.workers);
                prop_assert!(allowed.chunk_time <= asked.chunk_time);
                prop_assert!(allowed.chunk_time >= asked.chunk_time.mul_f64(0.499));
                prop_assert!((0.0..4.1).contains(&allowed.nice));
                prop_assert_eq!(allowed.workers == 0, matches!(pressure, Pressure::Over(_)));
            }
        }

        #[test]
        fn it_comes_back_to_the_whole(
            looks in prop::collection::vec(pressure(), 0..50), workers in 1_usize..64,
        ) {
            let (mut controller, asked) = (Controller::new(), asked(workers));
            for pressure in looks {
                controller.look(&pressure, Duration::from_secs(1), &asked);
            }
            for _ in 0..6 {
                controller.look(&Pressure::Easy, Duration::from_secs(1), &asked);
            }
            prop_assert_eq!(controller.look(&Pressure::Easy, Duration::ZERO, &asked), asked);
        }
    }

    #[test]
    fn softly_it_grows_from_the_least_to_the_whole() {
        let (mut controller, asked) = (Controller::begins_softly(), asked(8));
        let mut second = || controller.look(&Pressure::Easy, Duration::from_secs(1), &asked);
        let first = second();
        assert_eq!(first.workers, 1);
        assert!(first.nice > 3.0, "{first:?}");
        assert_eq!((0..40).map(|_| second()).last(), Some(asked));
    }

    #[test]
    fn it_falls_fast_and_rises_slowly() {
        let (mut controller, asked) = (Controller::new(), asked(8));
        let mut look = |pressure: &Pressure, millis| {
            let allowed = controller.look(pressure, Duration::from_millis(millis), &asked);
            (allowed.workers, allowed.chunk_time.as_millis(), allowed.nice)
        };
        let tight = Pressure::Tight(String::new());
        assert_eq!(look(&tight, 100), (4, 100, 0.0));
        assert_eq!(look(&tight, 100), (4, 100, 0.0), "what a fall brings is waited for");
        assert_eq!(look(&tight, 1000), (2, 100, 0.0));
        assert_eq!(look(&tight, 9000), (1, 100, 0.0));
        assert_eq!(look(&Pressure::Busy(String::new()), 9000), (1, 100, 0.0));
        assert_eq!(look(&tight, 9000), (1, 50, 0.0));
        assert_eq!(look(&tight, 9000), (1, 50, 1.0), "one goes on, and rests as long as it works");
        assert_eq!(look(&Pressure::Easy, 500), (2, 52, 0.0));
        let over = Pressure::Over(String::new());
        assert_eq!(look(&over, 100).0, 0);
        for _ in 0..9 {
            look(&over, 1000);
        }
        let (workers, chunk_time, nice) = look(&Pressure::Easy, 0);
        assert_eq!(
            (workers, chunk_time, nice.round()),
            (1, 50, 4.0),
            "after a rest it begins softly"
        );
    }
}
