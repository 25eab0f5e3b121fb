//! What can be typed. The only place that knows clap; defaults and checks are elsewhere.
#![allow(clippy::doc_markdown)] // these comments are the help text

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser};

use super::{name, settings};
use crate::report::Format;

const ABOUT: &str = "\
Change the shape of a large MySQL table while the application keeps reading and writing it.

zosc fills a new table beside the original, carries every change over, compares all rows, and swaps
the two in one atomic rename. The original is kept until `zosc clean`.";

const USAGE: &str = "\
zosc [OPTIONS] --alter <CLAUSES> <TABLE>
       zosc [OPTIONS] <STATEMENT>
       zosc <COMMAND> [OPTIONS] ...";

const AFTER: &str = "\
Every setting can also be given in the environment (--chunk-time as ZOSC_CHUNK_TIME), in a URL,
or in the groups [zosc] and [client] of MySQL's option files; the first that says something wins.

Examples:
  See what would be done, without touching the table:
      zosc plan --alter \"ADD COLUMN status INT\" shop.orders
  Do it, asking for the password:
      zosc --host db1 --user admin --password --alter \"ADD COLUMN status INT\" shop.orders
  A whole statement, the server from the environment:
      export ZOSC_URL=mysql://admin@db1/shop ZOSC_PASSWORD=...
      zosc \"CREATE INDEX by_customer ON orders (customer_id)\"
      zosc - < change.sql
  Go on after Ctrl-C, a crash or a lost connection: the same command again, or
      zosc resume 7
  See what runs have left, remove it (the kept originals, too):
      zosc status
      zosc clean --yes

Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not ready, 5 busy, 6 stopped by a fault
(the same command goes on), 7 rows differ, 8 swap postponed, 9 outcome unknown (look before you do anything),
130 and 143 interrupted.";

/// Said instead of a password that was typed.
const TYPED_PASSWORD: &str = "\
a password on the command line can be read by everybody on this machine
hint: use `--password` alone (asks for it), `--password-file`, `ZOSC_PASSWORD`, `MYSQL_PWD`, or \
`password=` in an option file";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "zosc",
    version,
    about = ABOUT,
    after_help = AFTER,
    args_conflicts_with_subcommands = true,
    override_usage = USAGE,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Change a table; what zosc does when no command is given
    #[command(after_help = AFTER)]
    Run(Box<RunArguments>),
    /// Say what would be done and why, and what speaks against it
    Plan(Box<PlanArguments>),
    /// Go on with a run that stopped; the command that started it does the same
    Resume(Box<ResumeArguments>),
    /// List the runs, whether they are going on, and what they have left behind
    Status(StatusArguments),
    /// Drop what ended runs have left: kept originals, shadows
    Clean(CleanArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    /// Only say what would be done, as `zosc plan`
    #[arg(long, help_heading = CHANGE)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) tuning: Tuning,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// The run's number, as `zosc status` shows it
    pub(crate) run: u64,
    #[command(flatten)]
    pub(crate) tuning: Tuning,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    /// Exit with 3 when a finding would stop the run
    #[arg(long, help_heading = CHANGE)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) tuning: Tuning,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArguments {
    /// Only what these runs have left; a run that can be gone on with is given up only so
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<u64>,
    /// Really drop; without it, zosc only lists what it would drop
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

const CHANGE: &str = "What to change";
const WORK: &str = "How hard to work";
const SWAP: &str = "The swap";
const CONNECTION: &str = "Connection";
const OUTPUT: &str = "Output";

#[derive(Debug, Args)]
#[command(next_help_heading = CHANGE)]
pub(crate) struct ChangeArguments {
    /// With --alter or --file: the table, as `db.table` or as in SQL.
    /// Otherwise: a whole ALTER TABLE, CREATE INDEX or DROP INDEX, or `-` to read it from stdin
    #[arg(value_name = "TABLE|STATEMENT")]
    pub(crate) target: Vec<String>,
    /// What would follow ALTER TABLE and the name, such as "ADD COLUMN status INT"
    #[arg(long, value_name = "CLAUSES", allow_hyphen_values = true)]
    pub(crate) alter: Option<String>,
    /// Read the clauses or the statement from a file (`-` is stdin)
    #[arg(long, value_name = "FILE", conflicts_with = "alter")]
    pub(crate) file: Option<PathBuf>,
    /// Copy the table even where the server could change it at once
    #[arg(long)]
    pub(crate) copy: bool,
    /// Your own name for this change; one that has finished under this name is not done again
    #[arg(long, value_name = "NAME", env = "ZOSC_ID")]
    pub(crate) id: Option<String>,
}

/// Settings that option files know, too; `None` (or empty) where nothing is said.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Tuning {
    /// Go on in spite of findings of this rule; may be given more than once
    #[arg(long, value_name = "RULE", env = "ZOSC_ALLOW", value_delimiter = ',', help_heading = CHANGE)]
    pub(crate) allow: Vec<String>,
    /// Where changed rows are learnt from: auto, binlog or triggers [default: auto]
    #[arg(long, value_name = "MODE", env = "ZOSC_CAPTURE", value_parser = settings::capture, help_heading = WORK)]
    pub(crate) capture: Option<settings::Choice<zosc::capture::Mode>>,
    /// The most connections that copy at once [default: one a core of this machine, 8 at most]
    #[arg(long, value_name = "N", env = "ZOSC_WORKERS", value_parser = settings::workers, help_heading = WORK)]
    pub(crate) workers: Option<usize>,
    /// How long one statement of the copy should take [default: 100ms]
    #[arg(long, value_name = "TIME", env = "ZOSC_CHUNK_TIME", value_parser = settings::duration, help_heading = WORK)]
    pub(crate) chunk_time: Option<Duration>,
    /// The most rows of one statement of the copy [default: 50000]
    #[arg(long, value_name = "N", env = "ZOSC_MAX_CHUNK_ROWS", value_parser = settings::rows, help_heading = WORK)]
    pub(crate) max_chunk_rows: Option<u64>,
    /// How the tables are exchanged: auto, locked (the rename is made under the lock) or queued (it
    /// waits behind the lock) [default: auto]
    #[arg(long, value_name = "WAY", env = "ZOSC_SWAP", value_parser = settings::swap, help_heading = SWAP)]
    pub(crate) swap: Option<settings::Choice<zosc::swap::Way>>,
    /// The longest wait for the swap's lock; writers queue meanwhile [default: 1s]
    #[arg(long, value_name = "TIME", env = "ZOSC_LOCK_TIMEOUT", value_parser = settings::duration, help_heading = SWAP)]
    pub(crate) lock_timeout: Option<Duration>,
    /// The longest time under the swap's lock [default: 3s]
    #[arg(long, value_name = "TIME", env = "ZOSC_MAX_LOCK_HOLD", value_parser = settings::duration, help_heading = SWAP)]
    pub(crate) max_lock_hold: Option<Duration>,
    /// How often to try the swap [default: 30]
    #[arg(long, value_name = "N", env = "ZOSC_SWAP_ATTEMPTS", value_parser = settings::attempts, help_heading = SWAP)]
    pub(crate) swap_attempts: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct JournalArguments {
    /// The schema in which zosc notes how far it is [default: _zosc]
    #[arg(long, value_name = "SCHEMA", env = "ZOSC_JOURNAL_SCHEMA", value_parser = name::schema, help_heading = WORK)]
    pub(crate) journal_schema: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = CONNECTION)]
pub(crate) struct ConnectionArguments {
    /// mysql://user@host:3306/schema?ssl-mode=required (better in ZOSC_URL if it has a password)
    #[arg(long, value_name = "URL", env = "ZOSC_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// Whether the URL was typed, so that everybody on the machine can see it.
    #[arg(skip)]
    pub(crate) url_is_visible: bool,
    /// The server's name or address; TCP, for `localhost` too [default: 127.0.0.1]
    #[arg(long, value_name = "HOST", env = "ZOSC_HOST")]
    pub(crate) host: Option<String>,
    /// The server's port [default: 3306]
    #[arg(short = 'P', long, value_name = "PORT", env = "ZOSC_PORT")]
    pub(crate) port: Option<u16>,
    /// The server's Unix socket, instead of TCP
    #[arg(short = 'S', long, value_name = "PATH", env = "ZOSC_SOCKET")]
    pub(crate) socket: Option<PathBuf>,
    /// The account [default: your own name]
    #[arg(short = 'u', long, value_name = "USER", env = "ZOSC_USER")]
    pub(crate) user: Option<String>,
    /// Ask for the password on the terminal; never write it here (ZOSC_PASSWORD, an option file and
    /// MYSQL_PWD work, too)
    #[arg(short, long)]
    pub(crate) password: bool,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE", env = "ZOSC_PASSWORD_FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// The schema of a table that is named without one
    #[arg(short = 'D', long, value_name = "SCHEMA", env = "ZOSC_DATABASE")]
    pub(crate) database: Option<String>,
    /// disabled, preferred, required, verify_ca or verify_identity [default: preferred; verify_ca
    /// with --ssl-ca]
    #[arg(long, value_name = "MODE", env = "ZOSC_SSL_MODE", value_parser = settings::ssl_mode)]
    pub(crate) ssl_mode: Option<zosc::mysql::TlsMode>,
    /// The authority's certificate, PEM
    #[arg(long, value_name = "FILE", env = "ZOSC_SSL_CA")]
    pub(crate) ssl_ca: Option<PathBuf>,
    /// The client's certificate, PEM
    #[arg(long, value_name = "FILE", env = "ZOSC_SSL_CERT")]
    pub(crate) ssl_cert: Option<PathBuf>,
    /// The client's key, PEM
    #[arg(long, value_name = "FILE", env = "ZOSC_SSL_KEY")]
    pub(crate) ssl_key: Option<PathBuf>,
    /// Read this option file instead of /etc/my.cnf, /etc/mysql/my.cnf and ~/.my.cnf
    #[arg(long, value_name = "FILE", env = "ZOSC_DEFAULTS_FILE")]
    pub(crate) defaults_file: Option<PathBuf>,
    /// Read this option file, too
    #[arg(long, value_name = "FILE", env = "ZOSC_DEFAULTS_EXTRA_FILE")]
    pub(crate) defaults_extra_file: Option<PathBuf>,
    /// Read no option file
    #[arg(long)]
    pub(crate) no_defaults: bool,
    /// Not supported; typed by those who are used to it.
    #[arg(long, value_name = "NAME", hide = true)]
    pub(crate) login_path: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = OUTPUT)]
pub(crate) struct OutputArguments {
    /// text for people (on stderr), or json: one event a line on stdout
    #[arg(long, value_name = "FORMAT", env = "ZOSC_FORMAT", default_value = "text", value_parser = settings::format)]
    pub(crate) format: Format,
    /// Say more (-vv, -vvv: even more)
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only what went wrong and how it ended
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl Command {
    pub(crate) fn output(&self) -> &OutputArguments {
        match self {
            Self::Run(arguments) => &arguments.output,
            Self::Plan(arguments) => &arguments.output,
            Self::Status(arguments) => &arguments.output,
            Self::Resume(arguments) => &arguments.output,
            Self::Clean(arguments) => &arguments.output,
        }
    }

    fn connection_mut(&mut self) -> &mut ConnectionArguments {
        match self {
            Self::Run(arguments) => &mut arguments.connection,
            Self::Plan(arguments) => &mut arguments.connection,
            Self::Status(arguments) => &mut arguments.connection,
            Self::Resume(arguments) => &mut arguments.connection,
            Self::Clean(arguments) => &mut arguments.connection,
        }
    }
}

/// The command line; help, version and what cannot be understood end the process, as clap does.
pub(crate) fn parse() -> Arguments {
    if std::env::args_os().any(|word| holds_password(&word.to_string_lossy())) {
        Arguments::command().error(ErrorKind::TooManyValues, TYPED_PASSWORD).exit();
    }
    let hide_env = |command: clap::Command| command.mut_args(|arg| arg.hide_env(true));
    let matches = hide_env(Arguments::command()).mut_subcommands(hide_env).get_matches();
    let mut arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match (&mut arguments.command, matches.subcommand()) {
        (Some(command), Some((_, matches))) => command.connection_mut().weigh(matches),
        _ => arguments.run.connection.weigh(&matches),
    }
    arguments
}

/// Whether somebody writes the password as for MySQL's own client. To be asked before clap, which
/// would repeat it.
fn holds_password(word: &str) -> bool {
    word.starts_with("--password=") || (word.starts_with("-p") && word.len() > 2)
}

impl ConnectionArguments {
    /// A flag is stronger than the environment, also where it is not the very same setting: a typed
    /// host must not be turned aside by a socket that some profile exports.
    fn weigh(&mut self, matches: &ArgMatches) {
        let typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        if (typed("host") || typed("port")) && !typed("socket") {
            self.socket = None;
        }
        self.url_is_visible = typed("url");
    }
}

#[cfg(test)]
mod tests {
    use zosc::settings::{Effort, SwapBounds};

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn typed_passwords_are_noticed() {
        for word in ["--password=s3cret", "--password=", "-ps3cret"] {
            assert!(holds_password(word), "{word}");
        }
        for word in ["-p", "--password", "--password-file=x", "--port=1", "-P1"] {
            assert!(!holds_password(word), "{word}");
        }
    }

    #[test]
    fn help_tells_the_true_defaults() {
        let help = Arguments::command().render_help().to_string();
        let (effort, swap) = (Effort::default(), SwapBounds::default());
        let time = |duration| humantime::format_duration(duration).to_string();
        for (flag, default) in [
            ("--chunk-time", time(effort.chunk_time)),
            ("--max-chunk-rows", effort.max_chunk_rows.to_string()),
            ("--lock-timeout", time(swap.lock_timeout)),
            ("--max-lock-hold", time(swap.max_hold)),
            ("--swap-attempts", swap.attempts.to_string()),
            ("--journal-schema", settings::JOURNAL_SCHEMA.to_owned()),
        ] {
            let (_, rest) = help.split_once(flag).expect(flag);
            let (_, said) = rest.split_once("[default: ").expect(flag);
            assert!(said.starts_with(&format!("{default}]")), "{flag}");
        }
    }
}
