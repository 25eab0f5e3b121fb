//! What can be typed. The only place that knows clap; defaults and checks are elsewhere.
#![allow(clippy::doc_markdown)] // these comments are the help text

mod about;
mod connection;
mod control;
mod hooks;
mod misuse;
mod pace;
#[cfg(test)]
mod page;
mod text;
mod tuning;
mod watch;
mod wrapper;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser};

use super::{name, settings};
use crate::report::Format;

use text::{ABOUT, AFTER, CTL, TOP, USAGE};

pub(crate) use about::{CapabilitiesArguments, CompletionsArguments, ManArguments};
pub(crate) use connection::ConnectionArguments;
pub(crate) use hooks::ReliefArguments;
pub(crate) use tuning::Tuning;
pub(crate) use watch::WatchArguments;
pub(crate) use wrapper::{WrapperArguments, WrapperOf};

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
    /// Steer a run that goes on on this machine: look, slow down, postpone, swap, stop
    #[command(after_help = CTL)]
    Ctl(CtlArguments),
    /// Watch a run that goes on on this machine: curves of its rate, lag and latency, on a terminal
    #[command(after_help = TOP)]
    Top(TopArguments),
    /// Drop what ended runs have left: kept originals, shadows
    Clean(CleanArguments),
    /// Say what this zosc can do: commands, flags, exit codes, events, rules
    Capabilities(CapabilitiesArguments),
    /// Print what a shell needs to complete zosc's command line
    Completions(CompletionsArguments),
    /// Print the manual page, or write those of all commands into a folder
    Man(ManArguments),
    /// Print the file that lets another tool's migrations go through zosc
    Wrapper(WrapperArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    /// Only say what would be done, as `zosc plan`
    #[arg(long, help_heading = CHANGE)]
    pub(crate) dry_run: bool,
    /// Do everything but the change itself, on the real table: copy, follow its writes, compare; then
    /// remove all that was made, and say what it took
    #[arg(long, conflicts_with = "dry_run", help_heading = CHANGE)]
    pub(crate) rehearse: bool,
    /// The same on a replica of the server: host:port or mysql://user@host:port (the primary's account
    /// unless it names another)
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["dry_run", "rehearse"], help_heading = CHANGE)]
    pub(crate) rehearse_on: Option<String>,
    #[command(flatten)]
    pub(crate) tuning: Tuning,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// The run's number, as `zosc status` shows it
    pub(crate) run: u64,
    #[command(flatten)]
    pub(crate) tuning: Tuning,
    #[command(flatten)]
    pub(crate) common: Common,
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
    pub(crate) common: Common,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
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
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct CtlArguments {
    /// The table (shop.orders), the run's number, its --id or its socket's path; without it, the runs
    /// that listen are listed
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// What to say to it; `help` lists the words [default: status]
    #[arg(value_name = "WORD")]
    pub(crate) words: Vec<String>,
    /// With `cut-over`: only say what would be in the way now
    #[arg(long)]
    pub(crate) check: bool,
    /// Say it again and again until the run ends, so many seconds apart [default: 1]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) watch: Option<u64>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

#[derive(Debug, Args)]
pub(crate) struct TopArguments {
    /// The table (shop.orders), the run's number, its --id or its socket's path
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
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
    pub(crate) relief: ReliefArguments,
    #[command(flatten)]
    pub(crate) common: Common,
}

const CHANGE: &str = "What to change";
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
    /// This change takes back those whose --id begins so: they may be made again
    #[arg(long, value_name = "NAMES", requires = "id")]
    pub(crate) undoes: Option<String>,
    /// Do not go on with findings of this rule, although they only warn; may be given more than once
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) forbid: Vec<String>,
    /// Drop the table that an earlier change of this table has kept, before the copy begins
    #[arg(long)]
    pub(crate) drop_kept: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JournalArguments {
    /// The schema in which zosc notes how far it is [default: _zosc]
    #[arg(long, value_name = "SCHEMA", env = "ZOSC_JOURNAL_SCHEMA", value_parser = name::schema, help_heading = tuning::WORK)]
    pub(crate) journal_schema: Option<String>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = OUTPUT)]
pub(crate) struct OutputArguments {
    /// text for people (on stderr), or json: one event a line on stdout
    #[arg(long, visible_alias = "log", value_name = "FORMAT", env = "ZOSC_FORMAT", default_value = "text", value_parser = settings::format)]
    pub(crate) format: Format,
    /// Say more (-vv, -vvv: even more)
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only what went wrong and how it ended
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl Command {
    /// `None` where there is but one form.
    pub(crate) fn output(&self) -> Option<&OutputArguments> {
        Some(match self {
            Self::Run(arguments) => &arguments.common.output,
            Self::Plan(arguments) => &arguments.common.output,
            Self::Resume(arguments) => &arguments.common.output,
            Self::Status(arguments) => &arguments.common.output,
            Self::Ctl(arguments) => &arguments.output,
            Self::Top(arguments) => &arguments.output,
            Self::Clean(arguments) => &arguments.common.output,
            Self::Capabilities(arguments) => &arguments.output,
            Self::Completions(_) | Self::Man(_) | Self::Wrapper(_) => return None,
        })
    }

    /// `None` where no server is spoken to.
    fn parts(&mut self) -> Option<(&mut Common, Option<&mut Tuning>)> {
        Some(match self {
            Self::Ctl(_)
            | Self::Top(_)
            | Self::Capabilities(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Wrapper(_) => return None,
            Self::Run(arguments) => arguments.parts(),
            Self::Plan(arguments) => (&mut arguments.common, Some(&mut arguments.tuning)),
            Self::Resume(arguments) => (&mut arguments.common, Some(&mut arguments.tuning)),
            Self::Status(arguments) => (&mut arguments.common, None),
            Self::Clean(arguments) => (&mut arguments.common, None),
        })
    }
}

impl RunArguments {
    fn parts(&mut self) -> (&mut Common, Option<&mut Tuning>) {
        (&mut self.common, Some(&mut self.tuning))
    }
}

/// The command line; help, version and what cannot be understood end the process, as clap does.
pub(crate) fn parse() -> Arguments {
    let words: Vec<OsString> = std::env::args_os().collect();
    misuse::refuse_passwords(&words);
    let hide_env = |command: clap::Command| command.mut_args(|arg| arg.hide_env(true));
    let command = hide_env(definition()).mut_subcommands(hide_env);
    let matches =
        command.try_get_matches_from(&words).unwrap_or_else(|error| misuse::exit(&error, &words));
    let mut arguments =
        Arguments::from_arg_matches(&matches).unwrap_or_else(|error| misuse::exit(&error, &words));
    let (parts, matches) = match (&mut arguments.command, matches.subcommand()) {
        (Some(command), Some((_, matches))) => (command.parts(), matches),
        _ => (Some(arguments.run.parts()), &matches),
    };
    let Some((common, tuning)) = parts else { return arguments };
    common.connection.weigh(matches);
    if let Some(tuning) = tuning {
        tuning.remember(matches);
    }
    arguments
}

/// All that can be typed.
pub(crate) fn definition() -> clap::Command {
    Arguments::command()
}

/// Whether a word chooses what zosc does.
pub(crate) fn is_command(word: &str) -> bool {
    definition().find_subcommand(word).is_some()
}

#[cfg(test)]
mod tests {
    use zosc::hooks::HookSettings;
    use zosc::settings::{Effort, SwapBounds};
    use zosc::traffic::PAUSE_LIMIT;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
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
            ("--hook-timeout", time(HookSettings::default().limit)),
            ("--pause-limit", time(PAUSE_LIMIT)),
            ("--journal-schema", zosc::options::JOURNAL_SCHEMA.to_owned()),
        ] {
            let (_, rest) = help.split_once(flag).expect(flag);
            let (_, said) = rest.split_once("[default: ").expect(flag);
            assert!(said.starts_with(&format!("{default}]")), "{flag}");
        }
    }
}
