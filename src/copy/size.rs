//! How many rows a chunk has, so that its statement takes about the time asked for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::settings::Effort;

/// Where it starts: small enough for wide rows, and soon at its right size.
const FIRST: u64 = 500;

/// The size of the next chunk, shared by all workers.
#[derive(Debug)]
pub struct ChunkSize {
    rows: AtomicU64,
    /// Milliseconds that the last one took.
    took_ms: AtomicU64,
}

impl ChunkSize {
    /// Starts small.
    pub fn new(effort: &Effort) -> Self {
        let rows = AtomicU64::new(FIRST.min(effort.max_chunk_rows.max(1)));
        Self { rows, took_ms: AtomicU64::new(0) }
    }

    /// Rows of the next chunk.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Milliseconds that the last chunk took.
    pub fn took_ms(&self) -> u64 {
        self.took_ms.load(Ordering::Relaxed)
    }

    /// A chunk of `rows` took so long, and this is asked for now. Grows by at most half, shrinks as far
    /// as it must: a chunk that is too long is worse than one that is too short.
    pub fn observe(&self, rows: u64, took: Duration, asked: &Effort) {
        self.took_ms.store(crate::event::millis(took), Ordering::Relaxed);
        let next = next(self.rows(), rows, took, asked.chunk_time);
        self.rows.store(next.clamp(1, asked.max_chunk_rows.max(1)), Ordering::Relaxed);
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn next(now: u64, rows: u64, took: Duration, target: Duration) -> u64 {
    if rows == 0 {
        return now;
    }
    let fitting = rows as f64 * target.as_secs_f64() / took.as_secs_f64().max(1e-6);
    fitting.min(now as f64 * 1.5 + 1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(100);

    #[test]
    fn it_grows_slowly_and_shrinks_at_once() {
        assert_eq!(next(1000, 1000, Duration::from_millis(1), TARGET), 1501);
        assert_eq!(next(1000, 1000, Duration::from_secs(1), TARGET), 100);
        assert_eq!(next(1000, 1000, TARGET, TARGET), 1000);
        assert_eq!(next(1000, 0, Duration::ZERO, TARGET), 1000, "an empty chunk teaches nothing");
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let effort = Effort { max_chunk_rows: 10, chunk_time: TARGET, ..Effort::default() };
        let size = ChunkSize::new(&effort);
        assert_eq!(size.rows(), 10);
        size.observe(10, Duration::from_secs(100), &effort);
        assert_eq!((size.rows(), size.took_ms()), (1, 100_000));
    }
}
