//! Why the run stops, if it does. One owner for "stop now" and its cause; the first cause wins.
//!
//! Work in progress is never cut off: whoever works checks between transactions and returns.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};

/// A handle to the run's stop; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Halt {
    token: CancellationToken,
    cause: Arc<OnceLock<Error>>,
}

impl Halt {
    /// Nothing stops the run yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the run because of `cause`; a later cause is only logged.
    pub fn stop(&self, cause: Error) {
        if let Err(later) = self.cause.set(cause) {
            tracing::debug!(%later, "the run is already stopping");
        }
        self.token.cancel();
    }

    /// Stops the run because its user wants it to.
    pub fn interrupt(&self) {
        self.stop(Error::new(Kind::Interrupted, "interrupted", "the run was interrupted"));
    }

    /// An error if the run is stopping. To be asked between transactions.
    pub fn check(&self) -> Result<()> {
        if self.token.is_cancelled() { Err(self.cause()) } else { Ok(()) }
    }

    /// Waits until the run is stopping; gives the cause.
    pub async fn stopped(&self) -> Error {
        self.token.cancelled().await;
        self.cause()
    }

    fn cause(&self) -> Error {
        self.cause.get().cloned().unwrap_or_else(|| {
            Error::new(Kind::Interrupted, "interrupted", "the run was asked to stop")
        })
    }
}
