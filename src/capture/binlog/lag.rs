//! How far capture is behind the server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Shared between the reader, which writes it, and whoever asks.
#[derive(Debug)]
pub(super) struct Lag {
    base: Instant,
    /// Microseconds between the last transaction's commit and its arrival here.
    at_arrival: AtomicU64,
    /// Microseconds since `base` when the reader stopped waiting for the server; 0 while it waits.
    busy_since: AtomicU64,
    /// Microseconds since 1970 on the server's clock when ours was at `base`.
    server_base: u64,
}

impl Lag {
    /// `server_clock` is the server's time now, in microseconds since 1970.
    pub(super) fn new(server_clock: u64) -> Self {
        Self {
            base: Instant::now(),
            at_arrival: AtomicU64::new(0),
            busy_since: AtomicU64::new(0),
            server_base: server_clock,
        }
    }

    /// A transaction arrived that was committed then, in microseconds since 1970.
    pub(super) fn arrived(&self, committed: u64) {
        let server_now = self.server_base + self.elapsed();
        self.at_arrival.store(server_now.saturating_sub(committed), Ordering::Relaxed);
    }

    /// The server has nothing new.
    pub(super) fn caught_up(&self) {
        self.at_arrival.store(0, Ordering::Relaxed);
    }

    /// The reader waits for the server.
    pub(super) fn waiting(&self) {
        self.busy_since.store(0, Ordering::Relaxed);
    }

    /// The reader does something else: hands over, or connects again.
    pub(super) fn busy(&self) {
        self.busy_since.store(self.elapsed().max(1), Ordering::Relaxed);
    }

    pub(super) fn behind(&self) -> Duration {
        let busy = match self.busy_since.load(Ordering::Relaxed) {
            0 => 0,
            since => self.elapsed().saturating_sub(since),
        };
        Duration::from_micros(self.at_arrival.load(Ordering::Relaxed) + busy)
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.base.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_grows_only_while_busy() {
        let lag = Lag::new(5_000_000);
        assert_eq!(lag.behind(), Duration::ZERO);
        lag.arrived(4_000_000);
        assert!(lag.behind() >= Duration::from_secs(1));
        lag.caught_up();
        assert_eq!(lag.behind(), Duration::ZERO);
        lag.busy();
        std::thread::sleep(Duration::from_millis(2));
        assert!(lag.behind() >= Duration::from_millis(2));
        lag.waiting();
        assert_eq!(lag.behind(), Duration::ZERO);
    }
}
