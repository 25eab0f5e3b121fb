//! The one owner of patience: how often and how long something is tried again, what is said
//! meanwhile, and how it ends when it does not pass.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

use super::fault::GIVEN_UP;
use super::waits::Wait;
use super::{Fault, Server, Session};
use crate::error::{Error, Kind, Result};
use crate::halt::Halt;

/// How a kind of trouble is waited out. Counted from the first failure to the next success.
#[derive(Debug)]
struct Limits {
    tries: u32,
    time: Duration,
    /// The first and the longest pause between tries.
    pauses: (Duration, Duration),
    /// What is waited for, as a stable slug.
    what_for: &'static str,
    /// What to do when that was not long enough.
    way_out: &'static str,
}

const CONTENTION: Limits = Limits {
    tries: 300,
    time: Duration::from_mins(10),
    pauses: (Duration::from_millis(10), Duration::from_secs(2)),
    what_for: "contention",
    way_out: "see what locks the tables or ends statements, then run the same command again: it \
              goes on from where it stopped",
};

const LOST: Limits = Limits {
    tries: 1000,
    time: Duration::from_mins(2),
    pauses: (Duration::from_millis(100), Duration::from_secs(4)),
    what_for: "connection",
    way_out: "run the same command again when the server can be reached: it goes on from where it \
              stopped",
};

const LATER: Limits = Limits {
    tries: 1000,
    time: Duration::from_mins(2),
    pauses: (Duration::from_millis(250), Duration::from_secs(4)),
    what_for: "server",
    way_out: "run the same command again when the server can do it: it goes on from where it \
              stopped",
};

/// The tries of one worker at what it does; it works on a transaction at a time.
#[derive(Debug)]
pub struct Trials {
    server: Server,
    halt: Halt,
    what: &'static str,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    fault: Fault,
    since: Instant,
    tries: u32,
    pauses: ExponentialBackoff,
    wait: Wait,
}

impl Trials {
    /// Nothing has failed yet. `what` names the work in messages, such as "copying rows".
    pub fn new(server: &Server, halt: &Halt, what: &'static str) -> Self {
        Self { server: server.clone(), halt: halt.clone(), what, failing: None }
    }

    /// The work has succeeded: the next failure is a first one.
    pub fn over(&mut self) {
        self.failing = None;
    }

    /// After `error`: waits as its kind asks for. An error when trying again is useless, when enough
    /// has been tried, or when the run stops.
    pub async fn wait(&mut self, error: &Error) -> Result<()> {
        self.halt.check()?;
        let fault = Fault::of(error);
        let Some(limits) = limits(fault) else { return Err(self.ended(error)) };
        let failing = match self.failing.take() {
            Some(failing) if failing.fault == fault => failing,
            other => self.begin(fault, limits, other.map(|it| (it.since, it.tries))),
        };
        let failing = self.failing.insert(failing);
        failing.tries += 1;
        // Who comes later, such as those who tidy up, need not wait all over again.
        let elapsed = failing.since.elapsed().max(self.server.down_for());
        tracing::debug!(%error, ?fault, tries = failing.tries, "{} is tried again", self.what);
        if elapsed >= limits.time || failing.tries >= limits.tries {
            let given_up = given_up(self.what, elapsed, failing.tries, limits, error);
            if let Some(failing) = self.failing.take() {
                failing.wait.in_vain();
            }
            return Err(given_up);
        }
        failing.wait.tell(|since| {
            format!(
                "{} has to wait, for {} s by now; it is tried for {} s before the run stops: {error}",
                self.what,
                since.as_secs(),
                limits.time.as_secs()
            )
        });
        // A killed connection is replaced at once; only a server that does not answer is waited for.
        if fault == Fault::Lost && failing.tries == 1 {
            return Ok(());
        }
        let pause = failing.pauses.next().unwrap_or(limits.pauses.1);
        tokio::select! {
            () = tokio::time::sleep(pause.min(limits.time.saturating_sub(elapsed))) => Ok(()),
            cause = self.halt.stopped() => Err(cause),
        }
    }

    /// The same, and puts a new session in the place of a lost one.
    pub async fn again(&mut self, error: &Error, session: &mut Session) -> Result<()> {
        self.wait(error).await?;
        if Fault::of(error) == Fault::Lost {
            *session = self.replacement().await?;
        }
        Ok(())
    }

    /// A new session in place of a lost one. An error, too, when the server was restarted and may
    /// have lost something.
    pub async fn replacement(&mut self) -> Result<Session> {
        loop {
            let opened = async {
                let mut session = self.server.session().await?;
                self.server.has_kept_all(&mut session).await?;
                Ok::<_, Error>(session)
            };
            match opened.await {
                Ok(session) => return Ok(session),
                Err(error) => self.wait(&error).await?,
            }
        }
    }

    /// A session, however long the server does not answer or has no connection left.
    pub async fn session(&mut self) -> Result<Session> {
        loop {
            match self.server.session().await {
                Ok(session) => {
                    self.over();
                    return Ok(session);
                }
                Err(error) => self.wait(&error).await?,
            }
        }
    }

    fn begin(&self, fault: Fault, limits: &Limits, earlier: Option<(Instant, u32)>) -> Failing {
        let (since, tries) = earlier.unwrap_or_else(|| (Instant::now(), 0));
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(limits.pauses.0)
            .with_max_delay(limits.pauses.1)
            .without_max_times()
            .build();
        let wait = self.server.waits().enter(limits.what_for, &self.halt);
        Failing { fault, since, tries, pauses, wait }
    }

    /// What an error means for the run behind which nothing is tried again.
    fn ended(&self, error: &Error) -> Error {
        let error = error.clone();
        if Fault::is_denied(&error) {
            return right_missing(error.during(self.what));
        }
        error
    }
}

/// The end of a run whose account has lost a right.
pub(crate) fn right_missing(error: Error) -> Error {
    Error { code: "right_missing", ..error.of_kind(Kind::Resumable) }.hint(
        "grant the account what the message names, then run the same command again: it goes on \
         from where it stopped",
    )
}

fn limits(fault: Fault) -> Option<&'static Limits> {
    match fault {
        Fault::Contention => Some(&CONTENTION),
        Fault::Lost => Some(&LOST),
        Fault::Later => Some(&LATER),
        Fault::Duplicate | Fault::Definite => None,
    }
}

fn given_up(what: &str, elapsed: Duration, tries: u32, limits: &Limits, error: &Error) -> Error {
    let reason = Fault::reason(error).map(|reason| format!(", because {reason}"));
    let message = format!(
        "{what} did not work for {} s and {tries} tries{}: {error}",
        elapsed.as_secs(),
        reason.unwrap_or_default()
    );
    let mut end = Error::new(Kind::Resumable, GIVEN_UP, message).hint(limits.way_out);
    end.server.clone_from(&error.server);
    end
}
