//! How changes are to be made, whatever they are: the one place where a request is put together, for
//! programs and for the command line alike.

use std::collections::BTreeSet;

use crate::capture::Mode;
use crate::command::CommandLine;
use crate::control::{Doors, SocketDoor};
use crate::error::{Error, Result};
use crate::hooks::HookSettings;
use crate::mysql::{Connection, Login};
use crate::request::{Rehearse, Request};
use crate::schema::TableName;
use crate::settings::{Setting, Settings};
use crate::sql::Statement;
use crate::swap::Way;
use crate::traffic::{PAUSE_LIMIT, TrafficSettings, Valve};

/// The journal's schema unless told otherwise.
#[doc(hidden)]
pub const JOURNAL_SCHEMA: &str = "_zosc";

/// On which server, and how, tables are to be changed.
///
/// It says the same for one change and for many, is cheap enough to clone, and does nothing by
/// itself: see [`migrate`](crate::migrate).
///
/// ```
/// # fn main() -> zosc::Result<()> {
/// let options = zosc::Options::from_url("mysql://zosc:secret@db1/shop?ssl-mode=required")?
///     .set("max-lag", "2s")?
///     .set("discover-replicas", "on")?
///     .allow("lossy-conversion");
/// # Ok(())
/// # }
/// ```
///
/// Hints of errors and warnings speak of the command line's flags: `--max-lag 2s` is
/// `set("max-lag", "2s")`, and the other flags have methods of their names.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The server.
    #[doc(hidden)]
    pub connection: Connection,
    /// The schema of a table that is named without one.
    #[doc(hidden)]
    pub database: Option<String>,
    /// See [`Request::id`].
    #[doc(hidden)]
    pub id: Option<String>,
    /// See [`Request::undoes`].
    #[doc(hidden)]
    pub undoes: Option<String>,
    /// See [`Request::drop_kept`].
    #[doc(hidden)]
    pub drop_kept: bool,
    /// See [`Request::rehearse`].
    #[doc(hidden)]
    pub rehearse: Option<Rehearse>,
    /// See [`Request::copy`].
    #[doc(hidden)]
    pub copy: bool,
    /// See [`Request::allow`].
    #[doc(hidden)]
    pub allow: BTreeSet<String>,
    /// See [`Request::forbid`].
    #[doc(hidden)]
    pub forbid: BTreeSet<String>,
    /// See [`Request::capture`].
    #[doc(hidden)]
    pub capture: Option<Mode>,
    /// See [`Request::swap_way`].
    #[doc(hidden)]
    pub swap_way: Option<Way>,
    /// See [`Request::postpone`].
    #[doc(hidden)]
    pub postpone: bool,
    /// See [`Request::doors`].
    #[doc(hidden)]
    pub doors: Doors,
    /// See [`Request::settings`].
    #[doc(hidden)]
    pub settings: Settings,
    /// See [`Request::hooks`].
    #[doc(hidden)]
    pub hooks: HookSettings,
    /// See [`Request::traffic`].
    #[doc(hidden)]
    pub traffic: TrafficSettings,
    /// See [`Request::journal_schema`].
    #[doc(hidden)]
    pub journal_schema: String,
}

impl Options {
    /// The server and the account that a URL names, such as `mysql://user:password@host:3306/shop`.
    /// Its path is the schema of tables that are named without one. The spellings of Diesel, Rails
    /// and MySQL's own tools are understood, among them `?socket=/path`, `?ssl-mode=verify_ca` and
    /// `?ssl-ca=/file`.
    ///
    /// Neither option files nor environment variables are read.
    ///
    /// # Errors
    ///
    /// Of kind [`Usage`](crate::Kind::Usage), code `bad_url`; it never repeats the URL.
    pub fn from_url(url: &str) -> Result<Self> {
        let mut login = Login::from_url(url)?;
        if login.user.is_none() {
            return Err(Error::usage("bad_url", "the URL of the server names no user")
                .hint("write `mysql://user@host:3306/schema`"));
        }
        let database = login.database.take();
        Ok(Self::at(login.connection()?, database))
    }

    /// With this connection, and nothing said beside it.
    #[doc(hidden)]
    #[must_use]
    pub fn at(connection: Connection, database: Option<String>) -> Self {
        Self {
            connection,
            database,
            id: None,
            undoes: None,
            drop_kept: false,
            rehearse: None,
            copy: false,
            allow: BTreeSet::new(),
            forbid: BTreeSet::new(),
            capture: None,
            swap_way: None,
            postpone: false,
            doors: Doors { socket: SocketDoor::None, tcp: None },
            settings: Settings::default(),
            hooks: HookSettings::default(),
            traffic: TrafficSettings::default(),
            journal_schema: JOURNAL_SCHEMA.to_owned(),
        }
    }

    /// Your own name for the change: what has been done under this name, and stands, is not done
    /// again ([`Outcome::Already`](crate::Outcome::Already)). Each change needs a name of its own.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Copies the table even where the server could change it at once.
    #[must_use]
    pub fn copy(mut self) -> Self {
        self.copy = true;
        self
    }

    /// Drops the table that an earlier change of the same table has kept, before the copy begins.
    /// Without it such a table stands in the way.
    #[must_use]
    pub fn drop_kept(mut self) -> Self {
        self.drop_kept = true;
        self
    }

    /// This change takes back those whose [ids](Self::id) begin so: they may be made again.
    #[must_use]
    pub fn undoes(mut self, ids: impl Into<String>) -> Self {
        self.undoes = Some(ids.into());
        self
    }

    /// Does everything but the change itself, and removes what was made for it
    /// ([`Outcome::Rehearsed`](crate::Outcome::Rehearsed)).
    #[must_use]
    pub fn rehearse(mut self) -> Self {
        self.rehearse = Some(Rehearse::Here);
        self
    }

    /// Goes on in spite of findings of this rule.
    #[must_use]
    pub fn allow(mut self, rule: impl Into<String>) -> Self {
        self.allow.insert(rule.into());
        self
    }

    /// Does not go on with findings of this rule, although they only warn.
    #[must_use]
    pub fn forbid(mut self, rule: impl Into<String>) -> Self {
        self.forbid.insert(rule.into());
        self
    }

    /// Where changed rows are learnt from; otherwise the plan chooses.
    #[must_use]
    pub fn capture(mut self, capture: Mode) -> Self {
        self.capture = Some(capture);
        self
    }

    /// Has the swap wait for somebody's word, which comes over the control socket: see
    /// [`steerable`](Self::steerable). The change must be one that needs a copy.
    #[must_use]
    pub fn postpone(mut self) -> Self {
        self.postpone = true;
        self
    }

    /// Listens on a unix socket in the user's runtime folder while rows are copied, where `zosc ctl`,
    /// `zosc top` and scripts find it. Without it the run cannot be steered.
    #[must_use]
    pub fn steerable(mut self) -> Self {
        self.doors.socket = SocketDoor::Usual;
        self
    }

    /// Calls a command, or the executables of a folder, at moments of the run; may be said more than
    /// once.
    ///
    /// # Errors
    ///
    /// Of kind [`Usage`](crate::Kind::Usage) when it is neither.
    pub fn hook(mut self, folder_or_command: &str) -> Result<Self> {
        let source = folder_or_command.parse().map_err(|flaw: String| unclear("hook", &flaw))?;
        self.hooks.sources.push(source);
        Ok(self)
    }

    /// Pauses the application's traffic around the swap: `pause` is run before, `resume` after,
    /// whatever comes.
    ///
    /// # Errors
    ///
    /// Of kind [`Usage`](crate::Kind::Usage) when one is not a command line.
    pub fn pause_traffic(mut self, pause: &str, resume: &str) -> Result<Self> {
        let command = |name: &str, text: &str| {
            text.parse::<CommandLine>().map_err(|flaw| unclear(name, &flaw))
        };
        let pause = command("pause-traffic", pause)?;
        let resume = command("resume-traffic", resume)?;
        self.traffic.valve = Some(Valve { pause, resume, limit: PAUSE_LIMIT });
        Ok(self)
    }

    /// The schema in which zosc notes how far it is; `_zosc` unless told otherwise.
    #[must_use]
    pub fn journal_schema(mut self, schema: impl Into<String>) -> Self {
        self.journal_schema = schema.into();
        self
    }

    /// Any setting that may also change while a run goes on, by the name of its flag and as it is
    /// written there: `chunk-time`, `workers`, `nice`, `max-lag`, `replica`, `max-load`,
    /// `lock-timeout`, `cut-over-window` and so on. What is said last holds.
    ///
    /// # Errors
    ///
    /// Of kind [`Usage`](crate::Kind::Usage) when there is no such setting, or it cannot be so.
    pub fn set(mut self, name: &str, value: &str) -> Result<Self> {
        let Some(setting) = Setting::of_word(name) else {
            let names = Setting::ALL.map(Setting::word).join(", ");
            let message = format!("`{name}` is not a setting that can be set by its name");
            return Err(Error::usage("no_such_setting", message)
                .hint(format!("there are {names}"))
                .hint("others have methods of their own"));
        };
        setting
            .set(&mut self.settings, value, &self.connection)
            .map_err(|flaw| unclear(name, &flaw))?;
        Ok(self)
    }

    /// What is asked for: this change of this table.
    #[doc(hidden)]
    pub fn request(self, table: TableName, statement: Statement) -> Request {
        Request {
            table,
            statement,
            rehearse: self.rehearse,
            id: self.id,
            undoes: self.undoes,
            drop_kept: self.drop_kept,
            copy: self.copy,
            allow: self.allow,
            forbid: self.forbid,
            capture: self.capture,
            swap_way: self.swap_way,
            postpone: self.postpone,
            doors: self.doors,
            settings: self.settings,
            hooks: self.hooks,
            traffic: self.traffic,
            journal_schema: self.journal_schema,
        }
    }

    /// What a whole statement asks for.
    pub(crate) fn understand(self, sql: &str) -> Result<Request> {
        let statement = Statement::parse(sql)?;
        let Some((schema, table)) = statement.table() else {
            return Err(Error::usage("no_table", "the statement does not name its table")
                .hint("give a whole `ALTER TABLE`, `CREATE INDEX` or `DROP INDEX`"));
        };
        let table = TableName::said(schema, table, self.database.as_deref())?;
        Ok(self.request(table, statement))
    }
}

fn unclear(name: &str, flaw: &str) -> Error {
    Error::usage("bad_setting", format!("`{name}` is not understood: {flaw}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::from_url("mysql://zosc:s3cret@db1:3307/shop").unwrap()
    }

    #[test]
    fn a_statement_becomes_a_request() {
        let settled = options().id("a").copy().allow("views").set("workers", "3").unwrap();
        let request = settled.understand("ALTER TABLE orders ADD c INT").unwrap();
        assert_eq!(request.table, TableName::new("shop", "orders"));
        assert_eq!((request.id.as_deref(), request.copy), (Some("a"), true));
        assert!(request.allow.contains("views"));
        assert_eq!(request.settings.effort.workers, 3);
        assert_eq!(request.doors.socket, SocketDoor::None);
        let other = options().understand("CREATE INDEX i ON `a b`.t (c)").unwrap();
        assert_eq!(other.table, TableName::new("a b", "t"));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let code = |sql: &str, options: Options| options.understand(sql).unwrap_err().code;
        assert_eq!(code("ADD COLUMN c INT", options()), "no_table");
        let nowhere = Options::from_url("mysql://zosc@db1").unwrap();
        assert_eq!(code("ALTER TABLE t ADD c INT", nowhere), "no_schema");
        assert_eq!(options().set("wrokers", "3").unwrap_err().code, "no_such_setting");
        assert_eq!(options().set("workers", "0").unwrap_err().code, "bad_setting");
        assert_eq!(options().pause_traffic("'", "x").unwrap_err().code, "bad_setting");
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", options()).contains("s3cret"));
    }
}
