//! One migration: what of it goes online, and what runs on its own connection.

use ::diesel::connection::BoxableConnection;
use ::diesel::migration::{Migration, MigrationMetadata, MigrationName, Result as Done};
use ::diesel::mysql::Mysql;

use super::place::Place;
use super::recorder::Recorder;
use super::{Manner, aside};
use crate::error::{Error, Kind, Result};
use crate::event::Event;
use crate::options::Options;
use crate::sql::script::{self, Step};

type Connection = dyn BoxableConnection<Mysql>;

/// A migration whose changes of tables are made by zosc.
pub(super) struct OnlineMigration {
    inner: Box<dyn Migration<Mysql>>,
    manner: Manner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Direction {
    fn opposite(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// An open transaction would hold up the change for ever.
struct NoTransaction;

impl MigrationMetadata for NoTransaction {
    fn run_in_transaction(&self) -> bool {
        false
    }
}

impl Migration<Mysql> for OnlineMigration {
    fn run(&self, conn: &mut Connection) -> Done<()> {
        self.go(Direction::Up, conn)
    }

    fn revert(&self, conn: &mut Connection) -> Done<()> {
        self.go(Direction::Down, conn)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        if self.manner.is_plain { self.inner.metadata() } else { &NoTransaction }
    }

    fn name(&self) -> &dyn MigrationName {
        self.inner.name()
    }
}

impl OnlineMigration {
    pub(super) fn new(inner: Box<dyn Migration<Mysql>>, manner: Manner) -> Self {
        Self { inner, manner }
    }

    fn go(&self, direction: Direction, conn: &mut Connection) -> Done<()> {
        if self.manner.is_plain {
            return self.plainly(direction, conn);
        }
        let mut recorder = Recorder::default();
        let is_sql = self.plainly(direction, &mut recorder).is_ok();
        if !is_sql || recorder.heard.is_empty() {
            self.warn(
                "not_sql",
                format!("migration {} is not SQL alone: all of it runs plainly", self.name()),
                "have tables that are in use changed by migrations of SQL",
            );
            return self.plainly(direction, conn);
        }
        let steps = self.steps(&recorder.heard)?;
        if steps.iter().all(|step| matches!(step, Step::Plain(_))) {
            return self.plainly(direction, conn);
        }
        let mut number = 0;
        for step in steps {
            match step {
                Step::Plain(sql) => conn.batch_execute(sql).map_err(|error| {
                    let message = format!("migration {}: {error}", self.name());
                    Error::failed("statement_failed", message)
                })?,
                Step::Online { sql, allow } => {
                    number += 1;
                    let options = self.manner.options.clone();
                    let id = format!("{}{number}", self.ids(direction));
                    let mut options = options.id(id).undoes(self.ids(direction.opposite()));
                    options.allow.extend(allow);
                    self.change(&options, sql, conn).map_err(|error| {
                        error.during(format!("migration {}, change {number}", self.name()))
                    })?;
                }
            }
        }
        Ok(())
    }

    /// As it would be without us.
    fn plainly(&self, direction: Direction, conn: &mut Connection) -> Done<()> {
        match direction {
            Direction::Up => self.inner.run(conn),
            Direction::Down => self.inner.revert(conn),
        }
    }

    fn steps<'s>(&self, scripts: &'s [String]) -> Result<Vec<Step<'s>>> {
        let database = self.manner.options.database.as_deref();
        let mut steps = Vec::new();
        for script in scripts {
            let read = script::steps(script, database)
                .map_err(|error| way_out(error).during(format!("migration {}", self.name())))?;
            steps.extend(read);
        }
        Ok(steps)
    }

    /// How the ids of changes begin. Schemas of one server may have the same migrations, and share a
    /// journal.
    fn ids(&self, direction: Direction) -> String {
        let schema = self.manner.options.database.as_deref().unwrap_or_default();
        let version = self.inner.name().version();
        let direction = direction.word();
        format!("diesel:{schema}:{version}:{direction}:")
    }

    fn change(&self, options: &Options, sql: &str, conn: &mut Connection) -> Result<()> {
        let Manner { on_event, stop, ping_every, .. } = &self.manner;
        // As a plain one would: what this connection has locked would be waited for, for ever.
        execute(conn, "COMMIT")?;
        let place = Place::take(options, sql, conn)?;
        let mut is_lost = false;
        let done = aside::change(options, sql, &place, stop(), *ping_every, |told| match told {
            aside::Told::Event(event) => on_event(&event),
            aside::Told::Silence if is_lost => {}
            aside::Told::Silence => {
                if let Err(error) = conn.batch_execute("DO 0") {
                    is_lost = true;
                    self.warn(
                        "connection_lost",
                        format!("the connection of the migrations is lost: {error}"),
                        "the change goes on; then run the migrations again, to have it recorded",
                    );
                }
            }
        });
        place.leave(conn);
        done.map(drop).map_err(way_out)
    }

    fn warn(&self, code: &str, message: String, hint: &str) {
        let (code, hint) = (code.to_owned(), Some(hint.to_owned()));
        (self.manner.on_event)(&Event::Warning { code, message, hint });
    }
}

/// Runs it on the migrations' connection.
pub(super) fn execute(conn: &mut Connection, sql: &str) -> Result<()> {
    conn.batch_execute(sql).map_err(|error| {
        Error::failed("connection_failed", format!("the connection of the migrations: {error}"))
    })
}

fn way_out(error: Error) -> Error {
    if matches!(error.kind, Kind::Refused | Kind::Usage) {
        return error.hint(
            "a line `-- zosc: off` above a statement has it run plainly, which may block the \
             application",
        );
    }
    error
}
