//! The wait at the gate: everything is copied and compared, and stays so.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Gate, Shut};
use crate::copy::ChunkSize;
use crate::error::Result;
use crate::event::Stage;
use crate::means::Means;
use crate::progress::Meter;
use crate::refresh::Carrier;
use crate::schema::Pair;
use crate::verify::Verified;

/// How often flag file, time and pace are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often the keys that changed are compared, so that few are left for the swap's lock.
const KEEP_UP: Duration = Duration::from_secs(10);
/// How often all rows are compared again.
const COMPARE_ALL: Duration = Duration::from_hours(1);

/// Waits until the tables may be swapped; whether there was a wait. An error when the run stops, or
/// when rows differ.
pub async fn wait(
    means: &Means,
    pair: &Pair,
    carrier: &Carrier,
    verified: &mut Verified,
) -> Result<bool> {
    let gate = &means.gate;
    gate.asks(carrier);
    if gate.shut().await.is_empty() {
        return Ok(false);
    }
    means.events.stage(Stage::Wait);
    gate.state.send_modify(|state| state.waits = true);
    let waited = Box::pin(Wait { means, pair, carrier }.until_open(verified)).await;
    gate.state.send_modify(|state| state.waits = false);
    waited.map(|()| true)
}

struct Wait<'a> {
    means: &'a Means,
    pair: &'a Pair,
    carrier: &'a Carrier,
}

impl Wait<'_> {
    async fn until_open(&self, verified: &mut Verified) -> Result<()> {
        let Means { gate, halt, events, .. } = self.means;
        let size = Arc::new(ChunkSize::new(&self.means.settings.effort()));
        let rows = verified.rows();
        let _meter = Meter::start(Stage::Wait, None, rows, rows, self.means, self.carrier, &size);
        let mut state = gate.state.subscribe();
        let mut told = Vec::new();
        let (mut kept_up, mut compared) = (Instant::now(), Instant::now());
        loop {
            halt.check()?;
            let shut = gate.shut().await;
            if shut.is_empty() {
                return Ok(());
            }
            let reasons: Vec<&str> = shut.iter().map(|shut| shut.reason).collect();
            if reasons != told {
                events.waiting("cut_over", sentence(&shut));
                told = reasons;
            }
            if kept_up.elapsed() >= KEEP_UP {
                verified.keep_up(self.carrier).await?;
                kept_up = Instant::now();
            }
            let asked = tokio::select! {
                () = tokio::time::sleep(LOOK) => false,
                _ = state.changed() => false,
                () = gate.again.notified() => true,
                cause = halt.stopped() => return Err(cause),
            };
            if asked || compared.elapsed() >= COMPARE_ALL {
                self.compare_all(verified, &shut).await?;
                (kept_up, compared) = (Instant::now(), Instant::now());
            }
        }
    }

    /// Nobody waits for it when the gate opens.
    async fn compare_all(&self, verified: &mut Verified, shut: &[Shut]) -> Result<()> {
        let enough = CancellationToken::new();
        let is_done = tokio::select! {
            done = verified.again(self.pair, self.carrier, &enough) => done?,
            never = watch(&self.means.gate, &enough) => match never {},
        };
        verified.keep_up(self.carrier).await?;
        if is_done {
            let detail = sentence(shut);
            let events = &self.means.events;
            events.waiting(
                "cut_over",
                format!("all rows were compared again, and are equal; {detail}"),
            );
        }
        Ok(())
    }
}

/// Says when the gate is open; then the work that is under way ends by itself, so this never does.
async fn watch(gate: &Gate, enough: &CancellationToken) -> Infallible {
    while !gate.shut().await.is_empty() {
        tokio::time::sleep(LOOK).await;
    }
    enough.cancel();
    std::future::pending().await
}

fn sentence(shut: &[Shut]) -> String {
    let details: Vec<&str> = shut.iter().map(|shut| shut.detail.as_str()).collect();
    format!("the swap waits for {}", details.join("; and for "))
}
