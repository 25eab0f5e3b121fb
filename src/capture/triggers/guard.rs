//! Whether the triggers still tell of every change: they are silent about TRUNCATE, about what is
//! done to partitions, and about DDL. Looked at about once a second while rows are copied, and for
//! good under the lock of the swap.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::capture::Watched;
use crate::error::{Error, Result};
use crate::halt::Halt;
use crate::mysql::{Fault, Session, Trials, text};
use crate::schema::read::definition;
use crate::schema::{Firing, Stored, TableName, referred_to, stored};
use crate::shadow::shape_of;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The engine's catalogue has a row for every table of the server: looking may take that part of the
/// time.
const SHARE: u32 = 20;

/// How often is looked at the start; the server waits some seconds for a lock each time.
const LOOKS: u32 = 5;

/// `ER_NO_SUCH_TABLE`.
const NO_SUCH_TABLE: u16 = 1146;

/// What must stay as it is while the triggers capture.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct State {
    original: Side,
    shadow: Side,
    /// Ours on the original.
    triggers: Vec<Trigger>,
    /// Foreign keys of other tables that refer to the original.
    referred_to: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Side {
    stored: Vec<Stored>,
    definition: String,
}

/// A trigger: name, when it fires, what it does, when it was made.
type Trigger = (String, String, String, String);

/// Compares how things are with how they were when capture started.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    original: TableName,
    shadow: TableName,
    before: State,
}

impl Guard {
    /// Remembers how things are now: the triggers are there, and nothing has been copied.
    pub(super) async fn start(session: &mut Session, watched: &Watched) -> Result<Self> {
        let (original, shadow) = (watched.original.name.clone(), watched.shadow.clone());
        let before = look_patiently(session, &original, &shadow).await?;
        let differs = before.original.definition != watched.original.definition;
        if differs || before.original.stored.is_empty() || before.shadow.stored.is_empty() {
            return Err(Error::refused(
                "changed_since_planned",
                format!("`{}` was changed while the run was being planned", original.plain()),
            )
            .hint("run the same command again"));
        }
        if before.triggers.len() != Firing::ALL.len() {
            return Err(touched("zosc's triggers on it"));
        }
        Ok(Self { original, shadow, before })
    }

    /// How things were when capture began is known from the journal.
    pub(super) fn recall(watched: &Watched, before: State) -> Self {
        let (original, shadow) = (watched.original.name.clone(), watched.shadow.clone());
        Self { original, shadow, before }
    }

    /// The same on another server, which has replicated all: there the engine knows the tables by
    /// other ids, and triggers were made at another time. What TRUNCATE or DDL has done to the rows
    /// before comes out when the tables are compared.
    pub(super) async fn moved(self, session: &mut Session) -> Result<Self> {
        let now = look_patiently(session, &self.original, &self.shadow).await?;
        let mut there = self.before.clone();
        there.original.stored.clone_from(&now.original.stored);
        there.shadow.stored.clone_from(&now.shadow.stored);
        if now.triggers.len() == there.triggers.len() {
            for (known, trigger) in there.triggers.iter_mut().zip(&now.triggers) {
                known.3.clone_from(&trigger.3);
            }
        }
        let guard = Self { before: there, ..self };
        guard.compare(&now)?;
        Ok(guard)
    }

    /// How things were when capture began.
    pub(super) fn before(&self) -> &State {
        &self.before
    }

    /// An error when something is not as it was.
    pub(super) async fn check(&self, session: &mut Session) -> Result<()> {
        let now = look(session, &self.original, &self.shadow).await;
        let now = now.map_err(|error| match error.errno() {
            Some(NO_SUCH_TABLE) => touched("its name or its shadow's has gone"),
            _ => error,
        })?;
        self.compare(&now)
    }

    fn compare(&self, now: &State) -> Result<()> {
        let before = &self.before;
        let (rows, shape) = ("the rows behind its name", "its definition");
        for (same, what) in [
            (now.triggers == before.triggers, "zosc's triggers on it"),
            (now.original.definition == before.original.definition, shape),
            (now.original.stored == before.original.stored, rows),
            (now.shadow.definition == before.shadow.definition, "its shadow's definition"),
            (now.shadow.stored == before.shadow.stored, "the rows behind its shadow's name"),
            (now.referred_to == before.referred_to, "the foreign keys that refer to it"),
        ] {
            if !same {
                tracing::debug!(?before, ?now, "not as it was");
                return Err(touched(what).during(format!("`{}`", self.original.plain())));
            }
        }
        Ok(())
    }

    /// Looks every now and then until `off`; trouble stops the run.
    pub(super) async fn watch(self, mut trials: Trials, off: CancellationToken, halt: Halt) {
        let mut session: Option<Session> = None;
        let mut pause = LOOK_EVERY;
        loop {
            tokio::select! {
                () = off.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            let begun = Instant::now();
            let looked = self.look_again(&mut trials, &mut session).await;
            pause = LOOK_EVERY.max(begun.elapsed() * SHARE);
            match looked {
                // Whoever turned this off changes things, and looks before that.
                _ if off.is_cancelled() => break,
                Ok(()) => trials.over(),
                // Whoever holds the table locked is waited for without end.
                Err(error) if Fault::of(&error) == Fault::Contention => {
                    tracing::debug!(%error, "looking again later");
                }
                Err(error) => {
                    if Fault::of(&error) == Fault::Lost {
                        session = None;
                    }
                    if let Err(error) = trials.wait(&error).await {
                        halt.stop(error);
                        break;
                    }
                }
            }
        }
        if let Some(session) = session
            && let Err(error) = session.close().await
        {
            tracing::debug!(%error, "the watching session was gone already");
        }
    }

    async fn look_again(&self, trials: &mut Trials, session: &mut Option<Session>) -> Result<()> {
        let session = match session {
            Some(session) => session,
            None => session.insert(trials.replacement().await?),
        };
        self.check(session).await
    }
}

/// Another session did something of which the triggers do not tell.
fn touched(what: &str) -> Error {
    Error::failed("touched_by_ddl", format!("another session changed the table: {what}"))
        .hint("start afresh; keep other schema changes and TRUNCATE away until the swap is done")
}

/// The same for the start, when somebody may hold the table's lock for a moment.
async fn look_patiently(
    session: &mut Session,
    original: &TableName,
    shadow: &TableName,
) -> Result<State> {
    let mut tries = 0;
    loop {
        tries += 1;
        match look(session, original, shadow).await {
            Err(error) if Fault::of(&error) == Fault::Contention && tries < LOOKS => {
                tracing::debug!(%error, "looking again");
            }
            looked => return looked,
        }
    }
}

async fn look(session: &mut Session, original: &TableName, shadow: &TableName) -> Result<State> {
    // The swap gives the shadow its final comment and counter.
    let shape = shape_of(session, shadow).await?;
    Ok(State {
        original: Side {
            stored: stored(session, original).await?,
            definition: definition(session, original).await?,
        },
        shadow: Side { stored: stored(session, shadow).await?, definition: shape },
        triggers: triggers(session, original).await?,
        referred_to: referred_to(session, original).await?,
    })
}

/// Our triggers on the table.
async fn triggers(session: &mut Session, original: &TableName) -> Result<Vec<Trigger>> {
    let ours = Firing::ALL.map(|firing| text(&original.trigger(firing).table));
    session
        .rows(format!(
            "SELECT trigger_name AS n, CONCAT(action_timing, ' ', event_manipulation) AS w, \
             CAST(action_statement AS CHAR) AS b, CAST(created AS CHAR) AS c \
             FROM information_schema.triggers WHERE event_object_schema = {} \
             AND event_object_table = {} AND trigger_name IN ({}) ORDER BY 1",
            text(&original.schema),
            text(&original.table),
            ours.join(", ")
        ))
        .await
}
