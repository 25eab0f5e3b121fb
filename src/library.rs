//! What a program calls: a change of a table as a future and a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::event::{Dated, Event, Events};
use crate::halt::Halt;
use crate::migration;
use crate::mysql::{Connection, Server};
use crate::options::Options;
use crate::outcome::Outcome;
use crate::request::Request;

/// Completes when somebody wants the migration to stop.
pub(crate) type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Changes a table while the application keeps reading and writing it: `statement` is a whole
/// `ALTER TABLE`, `CREATE INDEX` or `DROP INDEX`.
///
/// Nothing is done until the migration is awaited or its events are asked for. Then it works in a
/// task of its own on the Tokio runtime of whoever does so first, of any flavour, with time and I/O
/// enabled.
///
/// ```no_run
/// # async fn example() -> zosc::Result<()> {
/// let options = zosc::Options::from_url("mysql://zosc@db1/shop")?;
/// let outcome = zosc::migrate(&options, "ALTER TABLE orders ADD COLUMN status INT").await?;
/// println!("{}", outcome.word());
/// # Ok(())
/// # }
/// ```
///
/// A migration that stopped, however it stopped, is gone on with by the same call, in this process
/// or in another one.
///
/// # Errors
///
/// [`Error::kind`] says what class of trouble it is and [`Error::code`] what exactly, `hints` are the
/// ways out. Unless the kind [is resumable](crate::Kind::is_resumable), the table is as it was and
/// what was made is removed.
pub fn migrate(options: &Options, statement: &str) -> Migration {
    let connection = options.connection.clone();
    let asked = options.clone().understand(statement);
    let asked = asked.map(|request| Box::new(Asked { connection, request, stop: None }));
    let (events, heard) = Events::channel();
    Migration { state: State::of(asked), events: Some(events), heard, halt: Halt::new() }
}

/// A change of a table, as [`migrate`] makes it: a future of its [`Outcome`], and a stream of its
/// [`Event`]s that ends when the outcome is there.
///
/// ```no_run
/// # async fn example() -> zosc::Result<()> {
/// # let options = zosc::Options::from_url("mysql://zosc@db1/shop")?;
/// let mut migration = zosc::migrate(&options, "CREATE INDEX by_customer ON orders (customer_id)")
///     .until(tokio::signal::ctrl_c());
/// while let Some(event) = migration.next_event().await {
///     println!("{event}");
/// }
/// let outcome = migration.await?;
/// # Ok(())
/// # }
/// ```
///
/// Events that nobody asks for are dropped when the migration is awaited.
///
/// # Stopping
///
/// [`until`](Self::until) stops a migration as Ctrl-C stops the command: the transaction is finished,
/// locks are given back, and the error says that the same call goes on.
///
/// Dropping the migration asks for the same, only that nobody waits for it: its task goes on in the
/// background until it has come to that safe place. If the runtime ends before, it is as if the
/// process had died. That harms neither the table nor the application, and the same call goes on.
#[must_use = "nothing is done until it is awaited or its events are asked for"]
pub struct Migration {
    state: State,
    /// Until it begins.
    events: Option<Events>,
    heard: UnboundedReceiver<Dated>,
    halt: Halt,
}

enum State {
    Asked(Box<Asked>),
    Running(JoinHandle<Result<Outcome>>),
    Over(Result<Outcome>),
}

/// What is to be done.
struct Asked {
    connection: Connection,
    request: Request,
    stop: Option<Stop>,
}

impl State {
    fn of(asked: Result<Box<Asked>>) -> Self {
        match asked {
            Ok(asked) => Self::Asked(asked),
            Err(error) => Self::Over(Err(error)),
        }
    }
}

impl Migration {
    /// Stops the migration when `stop` completes, whatever it gives. To be said before it begins.
    pub fn until<F>(mut self, stop: F) -> Self
    where
        F: Future + Send + 'static,
    {
        if let State::Asked(asked) = &mut self.state {
            asked.stop = Some(Box::pin(async { drop(stop.await) }));
        }
        self
    }

    /// What happens next; `None` when the outcome is there. The same as the stream's `next`, for
    /// programs that use no streams elsewhere.
    pub async fn next_event(&mut self) -> Option<Event> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Begins if it has not; the outcome as soon as it is there.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<&Result<Outcome>> {
        if let (State::Asked(_), Some(events)) = (&self.state, self.events.take()) {
            let running = match tokio::runtime::Handle::try_current() {
                Ok(runtime) => {
                    let asked = std::mem::replace(&mut self.state, State::Over(Err(no_runtime())));
                    let State::Asked(asked) = asked else { unreachable!("it was looked at") };
                    State::Running(runtime.spawn(Box::pin(asked.work(events, self.halt.clone()))))
                }
                Err(_) => State::Over(Err(no_runtime())),
            };
            self.state = running;
        }
        if let State::Running(task) = &mut self.state {
            match Pin::new(task).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(outcome)) => self.state = State::Over(outcome),
                Poll::Ready(Err(bug)) => self.state = State::Over(Err(Error::bug(&bug))),
            }
        }
        match &self.state {
            State::Over(outcome) => Poll::Ready(outcome),
            State::Asked(_) | State::Running(_) => Poll::Pending,
        }
    }
}

impl Future for Migration {
    type Output = Result<Outcome>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = self.poll_end(context).map(Clone::clone);
        // Nobody else hears them, and they would pile up for hours.
        while let Poll::Ready(Some(_)) = self.heard.poll_recv(context) {}
        outcome
    }
}

impl Stream for Migration {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let is_over = self.poll_end(context).is_ready();
        match self.heard.poll_recv(context) {
            Poll::Ready(Some(dated)) => Poll::Ready(Some(dated.event)),
            // Whoever still has the mouth has nothing more to say.
            _ if is_over => Poll::Ready(None),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Migration {
    fn drop(&mut self) {
        self.halt.interrupt();
    }
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Asked(asked) => {
                return f.debug_tuple("Migration").field(&asked.request).finish();
            }
            State::Running(_) => "running".to_owned(),
            State::Over(outcome) => format!("{outcome:?}"),
        };
        f.debug_tuple("Migration").field(&state).finish()
    }
}

impl Asked {
    async fn work(self, events: Events, halt: Halt) -> Result<Outcome> {
        let Self { connection, request, stop } = self;
        let stopped = async {
            match stop {
                Some(stop) => stop.await,
                None => std::future::pending().await,
            }
            events.waiting("stop", "stopping: finishing the transaction first");
            halt.interrupt();
        };
        let done = async {
            let server = Server::connect_until(&connection, &halt).await?;
            migration::run(&server, &request, &events, &halt).await
        };
        let mut done = Box::pin(done);
        tokio::select! {
            done = &mut done => return done,
            () = stopped => {}
        }
        done.await
    }
}

fn no_runtime() -> Error {
    Error::usage("no_runtime", "there is no Tokio runtime here to work on")
        .hint("call it from `#[tokio::main]` or within `Runtime::block_on`")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn options() -> Options {
        Options::from_url("mysql://zosc@127.0.0.1:1/shop").unwrap()
    }

    #[test]
    fn without_a_runtime_it_is_an_error() {
        let migration = migrate(&options(), "ALTER TABLE t ADD c INT");
        assert_eq!(migration.now_or_never().unwrap().unwrap_err().code, "no_runtime");
    }

    #[tokio::test]
    async fn what_is_not_understood_is_its_outcome() {
        let mut migration = migrate(&options(), "SELECT 1; SELECT 2");
        assert_eq!(migration.next_event().await, None);
        assert_eq!((&mut migration).await.unwrap_err().code, "bad_statement");
        assert_eq!(migration.await.unwrap_err().code, "bad_statement");
    }

    #[tokio::test]
    async fn it_can_be_stopped_before_it_has_connected() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = Options::from_url(&format!("mysql://zosc@127.0.0.1:{port}/shop")).unwrap();
        let migration = migrate(&silent, "ALTER TABLE t ADD c INT").until(std::future::ready(()));
        let error = migration.await.unwrap_err();
        assert_eq!((error.kind, error.code), (crate::Kind::Interrupted, "interrupted"));
    }
}
