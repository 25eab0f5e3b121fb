//! Takes in what capture delivers: keys into the ledger, fences to those who wait for them.

use tokio::sync::mpsc;

use super::Carrier;
use super::pressure::Brake;
use crate::capture::Delivery;
use crate::event::Events;

/// Runs until capture ends.
///
/// Entering a key late is harmless: it is then due later than it might be. So when too much is
/// pending, keys wait here, the channel fills, and capture stops reading.
pub(super) async fn take_in(
    carrier: Carrier,
    mut deliveries: mpsc::Receiver<Delivery>,
    events: Events,
) {
    let mut brake = Brake::new(events);
    loop {
        let delivery = tokio::select! {
            delivery = deliveries.recv() => delivery,
            () = brake.let_go(&carrier) => continue,
            () = carrier.closed() => return,
        };
        match delivery {
            Some(Delivery::Keys(keys)) => {
                brake.hold(&carrier).await;
                carrier.enter(keys);
            }
            Some(Delivery::Commit(receipt)) => carrier.deliver(receipt),
            Some(Delivery::Fence(token)) => carrier.met(token),
            None => return carrier.end(),
        }
    }
}
