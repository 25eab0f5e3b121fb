//! Takes in what capture delivers: keys into the ledger, fences to those who wait for them.

use tokio::sync::mpsc;

use super::Carrier;
use crate::capture::Delivery;

/// Runs until capture ends.
///
/// Entering a key late is harmless: it is then due later than it might be.
pub(super) async fn take_in(carrier: Carrier, mut deliveries: mpsc::Receiver<Delivery>) {
    loop {
        let delivery = tokio::select! {
            delivery = deliveries.recv() => delivery,
            () = carrier.closed() => return,
        };
        match delivery {
            Some(Delivery::Keys(keys)) => carrier.enter(keys),
            Some(Delivery::Commit(receipt)) => carrier.deliver(receipt),
            Some(Delivery::Fence(token)) => carrier.met(token),
            None => return carrier.end(),
        }
    }
}
