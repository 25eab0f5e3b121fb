//! The handle to what is known and not yet carried over.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::pressure;
use crate::capture::{Receipt, Token};
use crate::error::Result;
use crate::event::millis;
use crate::halt::Halt;
use crate::journal::Fence;
use crate::ledger::{Ledger, Tick};
use crate::pace::Behind;
use crate::schema::Key;

/// Beyond these the newest takes the next one in: acknowledging a little later is harmless.
const REMEMBERED_RECEIPTS: usize = 1024;

/// A capture that was this far behind is measured again even if nobody needs a fence.
const WORTH_A_FENCE: Duration = Duration::from_secs(1);

/// Cheap to clone; all clones speak of the same run.
#[derive(Debug, Clone)]
pub struct Carrier {
    shared: Arc<Shared>,
}

/// The right to carry over: who holds it is the only one who refreshes.
#[derive(Debug)]
pub struct Turn<'c> {
    unbraked: &'c AtomicBool,
    _guard: tokio::sync::MutexGuard<'c, ()>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.unbraked.store(false, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Shared {
    ledger: Mutex<Ledger<Key>>,
    /// What is to be acknowledged, each with the tick that must be safe before.
    receipts: Mutex<VecDeque<(Tick, Receipt)>>,
    /// What weighs that which is settled and could not be acknowledged.
    owed: AtomicUsize,
    /// No round can end while somebody else has the turn: capture must not wait for one then.
    unbraked: AtomicBool,
    fence: tokio::sync::Mutex<Fence>,
    /// The token of the fence that was sent last.
    last_sent: Arc<AtomicU64>,
    /// Fences that capture has not reached, with the time they were sent.
    sent: Mutex<VecDeque<(Token, Instant)>>,
    /// Milliseconds that the last reached fence took.
    lag: AtomicU64,
    first_token: Token,
    reached: watch::Sender<Token>,
    /// Counts ends of rounds, so that settling sees each of them.
    rounds: watch::Sender<u64>,
    turn: tokio::sync::Mutex<()>,
    entered: Notify,
    /// Somebody waits for rounds: do not let keys gather.
    hurry: Notify,
    /// Capture looks for a fence at once when told so.
    nudge: Option<Arc<Notify>>,
    /// Capture has delivered all that it will.
    ended: CancellationToken,
    closed: CancellationToken,
    halt: Halt,
}

impl Carrier {
    pub(super) fn new(
        ledger: Ledger<Key>,
        fence: Fence,
        nudge: Option<Arc<Notify>>,
        halt: Halt,
    ) -> Self {
        let first_token = fence.last();
        Self {
            shared: Arc::new(Shared {
                ledger: Mutex::new(ledger),
                receipts: Mutex::new(VecDeque::new()),
                owed: AtomicUsize::new(0),
                unbraked: AtomicBool::new(false),
                last_sent: fence.sent(),
                sent: Mutex::new(VecDeque::new()),
                lag: AtomicU64::new(0),
                first_token,
                fence: tokio::sync::Mutex::new(fence),
                reached: watch::Sender::new(first_token),
                rounds: watch::Sender::new(0),
                turn: tokio::sync::Mutex::new(()),
                entered: Notify::new(),
                hurry: Notify::new(),
                nudge,
                ended: CancellationToken::new(),
                closed: CancellationToken::new(),
                halt,
            }),
        }
    }

    /// Commits a fence and waits for its acknowledgement: everything delivered before the call is
    /// visible to snapshots opened from now on. Calls that come together share one commit.
    pub async fn fence(&self) -> Result<Token> {
        let before = self.shared.last_sent.load(Ordering::SeqCst);
        let mut fence = self.shared.fence.lock().await;
        if fence.last() > before {
            // A fence that was sent after this call was committed while we waited for the writer.
            return Ok(fence.last());
        }
        let next = self.shared.last_sent.load(Ordering::SeqCst) + 1;
        lock(&self.shared.sent).push_back((next, Instant::now()));
        fence.commit().await
    }

    /// Commits a fence and waits until capture has reached it: from then on the ledger knows every
    /// change that was committed before the call.
    pub async fn reach(&self) -> Result<()> {
        let token = self.fence().await?;
        if let Some(nudge) = &self.shared.nudge {
            nudge.notify_one();
        }
        let mut reached = self.shared.reached.subscribe();
        tokio::select! {
            // The sender lives as long as this handle, so waiting ends only by what is waited for.
            _ = reached.wait_for(|at| *at >= token) => Ok(()),
            cause = self.shared.halt.stopped() => Err(cause),
        }
    }

    /// Waits until every change committed before the call is carried over or known to be brought by
    /// the copy.
    pub async fn settle(&self) -> Result<()> {
        self.reach().await?;
        let known = self.ledger(|ledger| ledger.delivered());
        let mut rounds = self.shared.rounds.subscribe();
        while self.ledger(|ledger| ledger.safe()) < known {
            self.shared.hurry.notify_one();
            self.next_round(&mut rounds).await?;
        }
        Ok(())
    }

    /// Waits until capture has reached a new fence and every key known by then has been in a round
    /// that began after that: what the conflict protocol waits for.
    pub async fn reach_and_round(&self) -> Result<()> {
        self.reach().await?;
        let mut rounds = self.shared.rounds.subscribe();
        let sweep = self.ledger(|ledger| ledger.next_sweep());
        while !self.ledger(|ledger| ledger.has_swept(sweep)) {
            self.shared.hurry.notify_one();
            self.next_round(&mut rounds).await?;
        }
        Ok(())
    }

    /// Waits until capture has delivered all that it will: after its end, and after the rename where
    /// it sees that.
    pub async fn ended(&self) {
        self.shared.ended.cancelled().await;
    }

    /// How far capture is behind the server: what the last fence took, or longer if one is overdue.
    pub fn lag(&self) -> Duration {
        let overdue = lock(&self.shared.sent).front().map(|(_, sent)| sent.elapsed());
        let last = Duration::from_millis(self.shared.lag.load(Ordering::Relaxed));
        overdue.unwrap_or_default().max(last)
    }

    /// What is not carried over yet. While nobody else sends fences, sends one when the last was long
    /// under way: how far capture is behind is else never known anew.
    pub fn behind(&self) -> Behind {
        if self.shared.ended.is_cancelled() {
            return Behind { lag: Duration::ZERO, keys: 0, filled: 0.0 };
        }
        let lag = self.lag();
        if lag > WORTH_A_FENCE && lock(&self.shared.sent).is_empty() {
            let carrier = self.clone();
            tokio::spawn(async move {
                if let Err(error) = carrier.fence().await {
                    tracing::debug!(%error, "no fence to measure capture by");
                }
            });
        }
        let filled = pressure::filled(self.pressure());
        Behind { lag, keys: self.ledger(|ledger| ledger.backlog()), filled }
    }

    /// Looks into the ledger. Never held across an await.
    pub fn ledger<T>(&self, look: impl FnOnce(&mut Ledger<Key>) -> T) -> T {
        look(&mut lock(&self.shared.ledger))
    }

    /// Waits for a running round to end and keeps the next from beginning while the turn is held.
    pub async fn take_turn(&self) -> Turn<'_> {
        let guard = self.shared.turn.lock().await;
        self.shared.unbraked.store(true, Ordering::SeqCst);
        let turn = Turn { unbraked: &self.shared.unbraked, _guard: guard };
        // Whoever waits for a round looks again.
        self.round_ended();
        turn
    }

    /// A round's own turn.
    pub(super) async fn next_round_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.shared.turn.lock().await
    }

    /// Bytes of what is known and neither carried over nor acknowledged.
    pub(super) fn pressure(&self) -> usize {
        let receipts: usize = lock(&self.shared.receipts).iter().map(|(_, it)| it.weight()).sum();
        let owed = self.shared.owed.load(Ordering::Relaxed);
        self.ledger(|ledger| ledger.weight()) + receipts + owed
    }

    /// Whether more is pending than may be.
    pub(super) fn is_pressed(&self) -> bool {
        self.pressure() > pressure::MOST
    }

    /// Whether half of what may be pending is.
    pub(super) fn is_half_pressed(&self) -> bool {
        self.pressure() > pressure::RELIEVED
    }

    /// Waits for a round to end, unless nothing presses any more.
    pub(super) async fn relief(&self) {
        let mut rounds = self.shared.rounds.subscribe();
        if self.shared.unbraked.load(Ordering::SeqCst) || !self.is_pressed() {
            return;
        }
        self.shared.hurry.notify_one();
        tokio::select! {
            // The sender lives as long as this handle.
            _ = rounds.changed() => {}
            () = self.closed() => {}
            _ = self.shared.halt.stopped() => {}
        }
    }

    /// This is settled and could not be acknowledged yet.
    pub(super) fn owes(&self, receipt: &Receipt) {
        self.shared.owed.store(receipt.weight(), Ordering::Relaxed);
    }

    /// All that is settled is acknowledged.
    pub(super) fn owes_nothing(&self) {
        self.shared.owed.store(0, Ordering::Relaxed);
    }

    /// The run's stop.
    pub fn halt(&self) -> &Halt {
        &self.shared.halt
    }

    /// What may be acknowledged by now, once.
    pub(super) fn settled(&self) -> Option<Receipt> {
        let safe = self.ledger(|ledger| ledger.safe());
        let mut receipts = lock(&self.shared.receipts);
        let mut settled: Option<Receipt> = None;
        while let Some((_, receipt)) = receipts.pop_front_if(|(tick, _)| *tick <= safe) {
            match &mut settled {
                Some(earlier) => earlier.absorb(receipt),
                None => settled = Some(receipt),
            }
        }
        settled
    }

    /// From now on the ledger remembers which keys changed. Those that are pending count as changed by
    /// a transaction of their own, so that they are clean again as soon as all is settled.
    pub fn watch(&self) {
        self.ledger(|ledger| {
            ledger.watch();
            ledger.deliver(ledger.delivered() + 1);
        });
    }

    /// Enters changed keys into the ledger.
    pub fn enter(&self, keys: Vec<Key>) {
        self.ledger(|ledger| {
            let tick = ledger.delivered() + 1;
            for key in keys {
                ledger.enter(key, tick);
            }
        });
        self.shared.entered.notify_one();
    }

    pub(super) fn deliver(&self, receipt: Receipt) {
        let tick = self.ledger(|ledger| {
            let tick = ledger.delivered() + 1;
            ledger.deliver(tick);
            tick
        });
        let mut receipts = lock(&self.shared.receipts);
        let full = receipts.len() >= REMEMBERED_RECEIPTS;
        match receipts.back_mut() {
            Some((newest, last)) if full => {
                last.absorb(receipt);
                *newest = tick;
            }
            _ => receipts.push_back((tick, receipt)),
        }
    }

    pub(super) fn met(&self, token: Token) {
        if Fence::is_ours(self.shared.first_token, token) {
            let mut sent = lock(&self.shared.sent);
            while let Some((_, at)) = sent.pop_front_if(|(known, _)| *known <= token) {
                self.shared.lag.store(millis(at.elapsed()), Ordering::Relaxed);
            }
            drop(sent);
            self.shared.reached.send_if_modified(|at| {
                let newer = token > *at;
                *at = token.max(*at);
                newer
            });
        }
    }

    pub(super) fn round_ended(&self) {
        self.shared.rounds.send_modify(|count| *count += 1);
    }

    /// Waits until something was entered.
    pub(super) async fn entered(&self) {
        self.shared.entered.notified().await;
    }

    /// Waits until somebody is in a hurry.
    pub(super) async fn hurried(&self) {
        self.shared.hurry.notified().await;
    }

    pub(super) fn end(&self) {
        self.shared.ended.cancel();
    }

    pub(super) fn close(&self) {
        self.shared.closed.cancel();
    }

    pub(super) async fn closed(&self) {
        self.shared.closed.cancelled().await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.shared.closed.is_cancelled()
    }

    /// Waits for a round to end.
    pub(super) async fn round_over(&self) {
        if self.shared.rounds.subscribe().changed().await.is_err() {
            unreachable!("the sender lives as long as this handle");
        }
    }

    async fn next_round(&self, rounds: &mut watch::Receiver<u64>) -> Result<()> {
        tokio::select! {
            _ = rounds.changed() => Ok(()),
            cause = self.shared.halt.stopped() => Err(cause),
        }
    }
}

/// A poisoned lock means that a task panicked; the run ends by that task's own report, and the data
/// behind these locks is never half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
