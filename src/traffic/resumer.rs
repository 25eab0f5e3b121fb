//! A task whose only work is to resume traffic: it outlives whatever ends the attempt.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{NOT_RESUMED, Traffic, Valve, not_resumed};
use crate::command::{CommandLine, Facts};
use crate::crash::crash_point;
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Events, millis};
use crate::journal::{Journal, RunRow};
use crate::mysql::Server;
use crate::schema::Helper;

/// The word by which the command knows what it is called for.
const WORD: &str = "resume_traffic";
/// How long it is tried.
const PATIENCE: Duration = Duration::from_secs(75);
/// How long one try may take.
const ONE_TRY: Duration = Duration::from_secs(20);
/// Between tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));

/// Resumes traffic when it is told to, or when the time is over.
#[derive(Debug)]
pub(super) struct Resumer {
    /// Sent, or dropped, when the attempt is over.
    done: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

impl Resumer {
    pub(super) fn start(
        traffic: &Traffic,
        valve: &Valve,
        server: &Server,
        journal: &Journal,
        longest: Duration,
    ) -> Self {
        let (done, is_done) = oneshot::channel();
        let work = Work {
            valve: valve.clone(),
            facts: traffic.subject.facts(WORD),
            events: traffic.events.clone(),
            server: server.clone(),
            journal: journal.clone(),
        };
        let task = tokio::spawn(async move {
            if tokio::time::timeout(longest, is_done).await.is_err() {
                let message = format!("traffic rests for {longest:?}, and the attempt still lasts");
                work.events.warn("traffic_paused_long", message, None);
            }
            work.resume().await
        });
        Self { done, task }
    }

    /// Resumes; waits for it.
    pub(super) async fn end(self) -> Result<()> {
        if self.done.send(()).is_err() {
            tracing::debug!("traffic was resumed before the attempt was over");
        }
        self.task.await.unwrap_or_else(|bug| {
            Err(Error::new(Kind::Resumable, NOT_RESUMED, format!("a bug in zosc: {bug}")))
        })
    }
}

/// What the task needs: everything, so that it needs nobody.
struct Work {
    valve: Valve,
    facts: Facts,
    events: Events,
    server: Server,
    journal: Journal,
}

impl Work {
    async fn resume(self) -> Result<()> {
        crash_point!("resume-due");
        if let Err(trouble) = resume(&self.valve.resume, &self.facts, &self.events).await {
            return Err(not_resumed(self.journal.run(), &trouble));
        }
        crash_point!("resumed");
        let noted = async {
            let mut session = self.server.reconnect().await?;
            self.journal.traffic(&mut session, false).await?;
            session.close().await
        };
        if let Err(error) = noted.await {
            let message = format!("the journal does not know that traffic was resumed: {error}");
            let hint = "the next start resumes it once more";
            self.events.warn("journal_not_written", message, Some(hint));
        }
        Ok(())
    }
}

/// Resumes traffic, again and again for more than a minute; why that failed.
pub(super) async fn resume(
    command: &CommandLine,
    facts: &Facts,
    events: &Events,
) -> Result<(), String> {
    let began = Instant::now();
    let mut pause = PAUSES.0;
    loop {
        let ran = command.run(facts, ONE_TRY).await;
        let (ok, ms) = (ran.is_good(), millis(ran.took));
        events.say(Event::Traffic { action: "resume".to_owned(), ok, ms });
        if ok {
            return Ok(());
        }
        let trouble = ran.trouble(command);
        let is_last = began.elapsed() + pause > PATIENCE;
        let hint = if is_last { "resume it by hand, now" } else { "it is tried again" };
        let message = format!("traffic is not resumed: {trouble}");
        events.warn(NOT_RESUMED, message, Some(hint));
        if is_last {
            return Err(trouble);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// The facts of a run that cannot tell them itself any more.
pub(super) fn facts_of(run: &RunRow) -> Facts {
    let mut facts = Facts::default();
    facts.put("stage", WORD);
    facts.put("run", run.id);
    facts.put_known("id", run.name.clone());
    facts.put("table", run.table.plain());
    facts.put("shadow", run.table.helper(Helper::Shadow).plain());
    facts.put("kept", run.table.helper(Helper::Kept).plain());
    facts.put("statement", run.statement.clone());
    facts
}
