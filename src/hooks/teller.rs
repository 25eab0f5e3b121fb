//! Tells of moments, one at a time and in order, beside the work.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::moment::facts_of;
use super::{Caller, Moment};
use crate::command::Facts;
use crate::event::{Dated, Event};

/// So many moments may wait to be told.
const MOST: usize = 64;

/// At the end all that is still to be told may take so many times the limit of one hook.
const AT_THE_END: u32 = 4;

/// A moment, with the facts as they were then.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) moment: Moment,
    pub(super) facts: Facts,
}

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    said: mpsc::Sender<Said>,
    /// Only what is there already is listened to.
    hears_out: CancellationToken,
    /// The run is over: only what has still a meaning is told.
    is_over: CancellationToken,
    tasks: Arc<Mutex<Tasks>>,
}

#[derive(Debug, Default)]
struct Tasks {
    listening: Option<JoinHandle<()>>,
    telling: Option<JoinHandle<()>>,
}

impl Teller {
    /// Also listens to the run's events. Without hooks it does nothing.
    pub(super) fn begin(caller: &Arc<Caller>) -> Self {
        let (said, waiting) = mpsc::channel(MOST);
        let teller = Self {
            said,
            hears_out: CancellationToken::new(),
            is_over: CancellationToken::new(),
            tasks: Arc::default(),
        };
        if caller.settings.sources.is_empty() {
            return teller;
        }
        let telling = tokio::spawn(tell_all(Arc::clone(caller), waiting, teller.is_over.clone()));
        let heard = caller.events.listen();
        let listening = tokio::spawn(teller.clone().listen(Arc::clone(caller), heard));
        *teller.tasks() = Tasks { listening: Some(listening), telling: Some(telling) };
        teller
    }

    async fn listen(self, caller: Arc<Caller>, mut heard: mpsc::UnboundedReceiver<Dated>) {
        let mut stage = None;
        loop {
            let dated = tokio::select! {
                biased;
                dated = heard.recv() => dated,
                () = self.hears_out.cancelled() => None,
            };
            let Some(dated) = dated else { return };
            for moment in Moment::of(&dated.event, stage) {
                let mut facts = caller.subject.facts(moment.word());
                for (name, value) in facts_of(&dated.event) {
                    facts.put(name, value);
                }
                self.tell(Said { moment, facts }, &caller);
            }
            if let Event::Stage { stage: now, .. } = dated.event {
                stage = Some(now);
            }
        }
    }

    pub(super) fn tell(&self, said: Said, caller: &Caller) {
        if caller.settings.sources.is_empty() {
            return;
        }
        let moment = said.moment;
        if let Err(error) = self.said.try_send(said) {
            tracing::debug!(%error, "a hook is not called");
            let message = format!("no hook is told `{}`: too many are waiting", moment.word());
            caller.events.warn("hook_not_called", message, None);
        }
    }

    /// Everything that was said so far is told before what comes now.
    pub(super) async fn hear_out(&self) {
        self.hears_out.cancel();
        let listening = self.tasks().listening.take();
        if let Some(Err(error)) = join(listening).await {
            tracing::error!(%error, "hooks have not heard everything");
        }
    }

    /// Waits until everything was told, for a bounded time.
    pub(super) async fn end(&self, caller: &Caller) {
        self.is_over.cancel();
        let telling = self.tasks().telling.take();
        let Some(abort) = telling.as_ref().map(JoinHandle::abort_handle) else { return };
        let bound = caller.settings.limit * AT_THE_END;
        match tokio::time::timeout(bound, join(telling)).await {
            Ok(Some(Err(error))) => tracing::error!(%error, "hooks were not all called"),
            Ok(_) => {}
            Err(_) => {
                // Dropping a call kills the hook.
                abort.abort();
                let message = format!("hooks were not all called: there was time for {bound:?}");
                caller.events.warn("hook_not_called", message, None);
            }
        }
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until the run is over and nothing waits to be told any more.
async fn tell_all(
    caller: Arc<Caller>,
    mut waiting: mpsc::Receiver<Said>,
    is_over: CancellationToken,
) {
    loop {
        let said = tokio::select! {
            biased;
            said = waiting.recv() => said,
            () = is_over.cancelled() => waiting.try_recv().ok(),
        };
        let Some(Said { moment, facts }) = said else { return };
        if !(is_over.is_cancelled() && moment.is_passing()) {
            caller.tell(moment, &facts).await;
        }
    }
}

async fn join(task: Option<JoinHandle<()>>) -> Option<Result<(), JoinError>> {
    match task {
        Some(task) => Some(task.await),
        None => None,
    }
}
