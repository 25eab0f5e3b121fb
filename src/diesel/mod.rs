//! Migrations of Diesel that change tables in use.
//!
//! [`Online`] wraps any source of migrations for MySQL: every `ALTER TABLE`, `CREATE INDEX` and
//! `DROP INDEX` in them is made by zosc, everything else runs on the migrations' own connection, in
//! the order of the script. It works under Diesel's own harness and under that of `diesel_async`, to
//! run and to revert, and needs no C library itself.
//!
//! ```no_run
//! # use diesel::migration::{Migration, MigrationSource, Result};
//! # use diesel::mysql::Mysql;
//! # struct EmbeddedMigrations;
//! # impl MigrationSource<Mysql> for EmbeddedMigrations {
//! #     fn migrations(&self) -> Result<Vec<Box<dyn Migration<Mysql>>>> { Ok(Vec::new()) }
//! # }
//! # const MIGRATIONS: EmbeddedMigrations = EmbeddedMigrations;
//! # struct Harness;
//! # impl Harness {
//! #     fn run_pending_migrations(&mut self, _: impl MigrationSource<Mysql>) -> Result<()> { Ok(()) }
//! # }
//! # fn example(conn: &mut Harness, url: &str) -> Result<()> {
//! // const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
//! let options = zosc::Options::from_url(url)?;
//! let online = zosc::diesel::Online::new(MIGRATIONS, options)
//!     .on_event(|event| println!("{event}"));
//! conn.run_pending_migrations(online)?;
//! # Ok(())
//! # }
//! ```

mod aside;
mod migration;
mod place;
mod recorder;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::diesel::migration::{Migration, MigrationSource, Result};
use ::diesel::mysql::Mysql;

use self::migration::OnlineMigration;
use crate::event::Event;
use crate::library::Stop;
use crate::options::Options;

/// Middle boxes forget connections that are silent for some minutes.
const PING_EVERY: Duration = Duration::from_secs(30);

/// A source of migrations whose changes of tables are made by zosc.
///
/// * Migrations run outside of a transaction: one that is open would hold up the change for ever. An
///   `ALTER TABLE` commits on MySQL anyway, and so does `Online` before it hands one over.
/// * Tables that a script makes itself are altered plainly: nobody uses them yet.
/// * A line `-- zosc: off` in a script has the statements below it run plainly, up to a line
///   `-- zosc: on`; `-- zosc: allow RULE` goes on in spite of findings of that rule for the next
///   statement.
/// * Each change has the [id](Options::id) `diesel:SCHEMA:VERSION:up:NUMBER` (or `down`). When a migration is run
///   again because its process died, changes that are made already are not made again.
/// * Migrations that are not SQL, but speak to a connection of a certain type, run plainly, with a
///   warning.
/// * A migration is first asked for its SQL, with a connection that executes nothing: the code of one
///   that is written in Rust is called twice.
/// * The migrations' connection must be one to the server and the schema of the options; that is
///   proven before anything is changed.
///
/// Errors of migrations are [`zosc::Error`](crate::Error): `error.downcast_ref::<zosc::Error>()`.
#[derive(Clone)]
pub struct Online<S> {
    source: S,
    manner: Manner,
}

/// How changes are made.
#[derive(Clone)]
struct Manner {
    options: Options,
    on_event: Arc<dyn Fn(&Event) + Send + Sync>,
    stop: Arc<dyn Fn() -> Stop + Send + Sync>,
    ping_every: Duration,
    is_plain: bool,
}

impl<S> Online<S> {
    /// Wraps `source`; `options` name the server and the schema that its migrations are run on.
    pub fn new(source: S, options: Options) -> Self {
        let manner = Manner {
            options,
            on_event: Arc::new(|_| {}),
            stop: Arc::new(|| Box::pin(std::future::pending())),
            ping_every: PING_EVERY,
            is_plain: false,
        };
        Self { source, manner }
    }

    /// Is told what happens, on the thread that runs the migrations.
    #[must_use]
    pub fn on_event(mut self, heard: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.manner.on_event = Arc::new(heard);
        self
    }

    /// Stops a change when the future that `stop` makes for it completes, as
    /// [`Migration::until`](crate::Migration::until) does: `.until(tokio::signal::ctrl_c)`. Without
    /// it, Ctrl-C ends the process; the next run of the migrations goes on in both cases.
    #[must_use]
    pub fn until<F>(mut self, stop: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future + Send + 'static,
    {
        self.manner.stop = Arc::new(move || {
            let stopped = stop();
            Box::pin(async { drop(stopped.await) })
        });
        self
    }

    /// How often the migrations' connection is used while zosc works, so that it lives for as long
    /// as the change takes; every 30 seconds unless told otherwise.
    #[must_use]
    pub fn ping_every(mut self, interval: Duration) -> Self {
        self.manner.ping_every = interval;
        self
    }

    /// Whether all migrations run plainly, as without zosc: for tests and for empty databases.
    #[must_use]
    pub fn plain(mut self, is_plain: bool) -> Self {
        self.manner.is_plain = is_plain;
        self
    }
}

impl<S: MigrationSource<Mysql>> MigrationSource<Mysql> for Online<S> {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Mysql>>>> {
        let wrapped = |inner| -> Box<dyn Migration<Mysql>> {
            Box::new(OnlineMigration::new(inner, self.manner.clone()))
        };
        Ok(self.source.migrations()?.into_iter().map(wrapped).collect())
    }
}

impl<S: MigrationSource<Mysql>> MigrationSource<Mysql> for &Online<S> {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Mysql>>>> {
        (**self).migrations()
    }
}

impl<S: fmt::Debug> fmt::Debug for Online<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Manner { options, ping_every, is_plain, .. } = &self.manner;
        f.debug_struct("Online")
            .field("source", &self.source)
            .field("options", options)
            .field("ping_every", ping_every)
            .field("is_plain", is_plain)
            .finish_non_exhaustive()
    }
}
