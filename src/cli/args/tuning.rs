//! Settings of the work, which option files know, too: each has its name, its check and its help
//! here, and nowhere else.
#![allow(clippy::doc_markdown)] // these comments are the help text

use std::time::Duration;

use clap::{ArgMatches, Args, FromArgMatches as _};
use zosc::capture::Mode;
use zosc::command::CommandLine;
use zosc::control::Doors;
use zosc::error::{Error, Result};
use zosc::hooks::HookSettings;
use zosc::mysql::Connection;
use zosc::settings::{Effort, Settings, SwapBounds};
use zosc::swap::Way;
use zosc::traffic::TrafficSettings;

use super::super::settings::{self, Choice};
use super::CHANGE;
use super::control::ControlArguments;
use super::hooks::HookArguments;
use super::pace::PaceArguments;
use super::watch::WatchArguments;

pub(super) const WORK: &str = "How hard to work";
pub(super) const SWAP: &str = "The swap";

/// `None` (or empty) where nothing is said.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Tuning {
    /// Go on in spite of findings of this rule; may be given more than once
    #[arg(long, value_name = "RULE", env = "ZOSC_ALLOW", value_delimiter = ',', help_heading = CHANGE)]
    pub(crate) allow: Vec<String>,
    /// Where changed rows are learnt from: auto, binlog or triggers [default: auto]
    #[arg(long, value_name = "MODE", env = "ZOSC_CAPTURE", value_parser = settings::capture, help_heading = WORK)]
    capture: Option<Choice<Mode>>,
    /// The most connections that copy at once [default: one a core of this machine, 8 at most]
    #[arg(long, value_name = "N", env = "ZOSC_WORKERS", value_parser = settings::workers, help_heading = WORK)]
    workers: Option<usize>,
    /// How long one statement of the copy should take [default: 100ms]
    #[arg(long, value_name = "TIME", env = "ZOSC_CHUNK_TIME", value_parser = settings::duration, help_heading = WORK)]
    chunk_time: Option<Duration>,
    /// The most rows of one statement of the copy [default: 50000]
    #[arg(long, value_name = "N", env = "ZOSC_MAX_CHUNK_ROWS", value_parser = settings::rows, help_heading = WORK)]
    max_chunk_rows: Option<u64>,
    /// After each transaction of the copy, rest for so many times the time that it took [default: 0]
    #[arg(long, value_name = "RATIO", env = "ZOSC_NICE", value_parser = settings::nice, help_heading = WORK)]
    nice: Option<f64>,
    #[command(flatten)]
    pace: PaceArguments,
    /// How the tables are exchanged: auto, locked (the rename is made under the lock) or queued (it
    /// waits behind the lock) [default: auto]
    #[arg(long, value_name = "WAY", env = "ZOSC_SWAP", value_parser = settings::swap, help_heading = SWAP)]
    swap: Option<Choice<Way>>,
    /// The longest wait for the swap's lock; writers queue meanwhile [default: 1s]
    #[arg(long, value_name = "TIME", env = "ZOSC_LOCK_TIMEOUT", value_parser = settings::duration, help_heading = SWAP)]
    lock_timeout: Option<Duration>,
    /// The longest time under the swap's lock [default: 3s]
    #[arg(long, value_name = "TIME", env = "ZOSC_MAX_LOCK_HOLD", value_parser = settings::duration, help_heading = SWAP)]
    max_lock_hold: Option<Duration>,
    /// How often to try the swap [default: 30]
    #[arg(long, value_name = "N", env = "ZOSC_SWAP_ATTEMPTS", value_parser = settings::attempts, help_heading = SWAP)]
    swap_attempts: Option<u32>,
    #[command(flatten)]
    control: ControlArguments,
    #[command(flatten)]
    hooks: HookArguments,
    #[command(flatten)]
    pub(crate) watch: WatchArguments,
    /// What was said in which words, to be weighed against an option file.
    #[arg(skip)]
    said: Option<Box<ArgMatches>>,
}

impl Tuning {
    /// To be told before [`Tuning::over`].
    pub(super) fn remember(&mut self, said: &ArgMatches) {
        self.said = Some(Box::new(said.clone()));
    }

    /// This where flags or environment say something, `weaker` elsewhere.
    pub(crate) fn over(&self, weaker: Self) -> Result<Self> {
        let mut merged = weaker;
        if let Some(said) = &self.said {
            // They were read once before.
            merged
                .update_from_arg_matches(said)
                .map_err(|error| Error::usage("settings", error.to_string()))?;
        }
        Ok(merged)
    }

    /// What the run obeys as it begins.
    pub(crate) fn settings(&self, primary: &Connection) -> Result<Settings> {
        let (effort, swap) = (Effort::default(), SwapBounds::default());
        Ok(Settings {
            effort: Effort {
                workers: self.workers.unwrap_or(effort.workers),
                chunk_time: self.chunk_time.unwrap_or(effort.chunk_time),
                max_chunk_rows: self.max_chunk_rows.unwrap_or(effort.max_chunk_rows),
                nice: self.nice.unwrap_or(effort.nice),
            },
            limits: self.pace.limits(primary)?,
            cut_over: self.control.cut_over(),
            swap: SwapBounds {
                lock_timeout: self.lock_timeout.unwrap_or(swap.lock_timeout),
                max_hold: self.max_lock_hold.unwrap_or(swap.max_hold),
                attempts: self.swap_attempts.unwrap_or(swap.attempts),
            },
        })
    }

    /// Whether the swap waits for a word.
    pub(crate) fn postpone(&self) -> bool {
        self.control.postpone()
    }

    /// Where the run listens.
    pub(crate) fn doors(&self) -> Result<Doors> {
        self.control.doors()
    }

    /// The operator's commands; a usage error if they do not go together.
    pub(crate) fn commands(&self) -> Result<(HookSettings, TrafficSettings)> {
        Ok((self.hooks.hooks(), self.hooks.traffic()?))
    }

    /// What lets traffic go on.
    pub(crate) fn resume_traffic(&self) -> Option<CommandLine> {
        self.hooks.relief.relief().resume
    }

    /// `None` leaves the choice to the plan.
    pub(crate) fn capture(&self) -> Option<Mode> {
        self.capture.and_then(Choice::only)
    }

    /// `None` leaves the choice to the plan.
    pub(crate) fn swap_way(&self) -> Option<Way> {
        self.swap.and_then(Choice::only)
    }
}
