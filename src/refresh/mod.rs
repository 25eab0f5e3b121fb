//! Changed keys are carried over in rounds: what capture delivered is taken from the ledger, the
//! copied ones are re-read behind a fence, and only then the next round begins.
//!
//! [`Carrier`] is the handle that the other stages hold: fences, settling, a look into the ledger.

mod again;
mod batch;
mod carrier;
mod intake;
mod locate;
mod pressure;
mod round;

pub use batch::carry_over_locked;
pub use carrier::{Carrier, Turn};

use tokio::task::JoinHandle;

use crate::capture::Deliveries;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::means::Means;
use crate::schema::{Key, Pair};

/// The running tasks behind a [`Carrier`].
#[derive(Debug)]
pub struct Refresh {
    carrier: Carrier,
    intake: JoinHandle<()>,
    rounds: JoinHandle<()>,
}

impl Refresh {
    /// Starts taking deliveries in and carrying keys over. Trouble stops the run.
    /// The ledger knows what of the copy is done.
    pub async fn start(
        means: &Means,
        pair: &Pair,
        ledger: Ledger<Key>,
        deliveries: Deliveries,
    ) -> Result<Self> {
        let Deliveries { receiver, acknowledge, nudge } = deliveries;
        let fence = means.journal.fence(&means.server, &means.halt).await?;
        let carrier = Carrier::new(ledger, fence, nudge, means.halt.clone());
        let intake = tokio::spawn(intake::take_in(carrier.clone(), receiver, means.events.clone()));
        let rounds = round::Rounds::open(means, pair, acknowledge, carrier.clone()).await?;
        let rounds = tokio::spawn(rounds.run());
        Ok(Self { carrier, intake, rounds })
    }

    /// The handle for the other stages.
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    /// Waits until both tasks have ended: after capture was stopped, or the run halted.
    pub async fn stop(self) -> Result<()> {
        self.carrier.close();
        for task in [self.intake, self.rounds] {
            task.await.map_err(|panic| {
                crate::error::Error::failed("refresh_panicked", panic.to_string())
            })?;
        }
        Ok(())
    }
}
