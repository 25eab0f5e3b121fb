//! How a run went over time, in so few samples that a week fits on a page.

use serde::Serialize;
use zosc::event::Progress;

use super::super::numbers::{fraction, tenth};

/// When there are more, every second one is dropped.
const MOST: usize = 1000;

/// One moment.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Sample {
    /// Seconds since the run began.
    pub(super) at: f64,
    pub(super) stage: &'static str,
    pub(super) rows: u64,
    pub(super) rows_per_second: f64,
    pub(super) fraction: Option<f64>,
    pub(super) lag_ms: u64,
    pub(super) backlog: usize,
    pub(super) workers: usize,
}

/// The samples so far.
#[derive(Debug, Default)]
pub(super) struct Curve {
    samples: Vec<Sample>,
    /// What comes sooner after the last one is left out.
    step: f64,
}

impl Curve {
    pub(super) fn note(&mut self, at: f64, progress: &Progress) {
        let stage = progress.stage.short();
        let is_new = |last: &Sample| at - last.at >= self.step || last.stage != stage;
        if !self.samples.last().is_none_or(is_new) {
            return;
        }
        self.samples.push(Sample {
            at,
            stage,
            rows: progress.rows,
            rows_per_second: tenth(progress.rows_per_second),
            fraction: progress.fraction.map(fraction),
            lag_ms: progress.lag_ms,
            backlog: progress.backlog,
            workers: progress.workers,
        });
        if self.samples.len() > MOST {
            let mut keep = false;
            self.samples.retain(|_| {
                keep = !keep;
                keep
            });
            self.step = (self.step * 2.0).max(2.0);
        }
    }

    pub(super) fn into_samples(self) -> Vec<Sample> {
        self.samples
    }
}

#[cfg(test)]
mod tests {
    use zosc::event::Stage;

    use super::*;

    #[test]
    fn a_week_has_few_samples_from_its_beginning_to_its_end() {
        let mut curve = Curve::default();
        let week = 7 * 24 * 3600;
        for second in 0..week {
            let progress = Progress {
                stage: Stage::Copy,
                rows: second,
                rows_estimate: week,
                fraction: None,
                exact: false,
                rows_per_second: 1.0,
                eta_seconds: None,
                backlog: 0,
                lag_ms: 0,
                chunk_rows: 1,
                chunk_ms: 1,
                workers: 1,
            };
            #[allow(clippy::cast_precision_loss)]
            curve.note(second as f64, &progress);
        }
        let samples = curve.into_samples();
        assert!((400..=MOST).contains(&samples.len()), "{}", samples.len());
        assert_eq!(samples[0].rows, 0);
        assert!(samples.last().unwrap().rows > week - 2000);
    }
}
