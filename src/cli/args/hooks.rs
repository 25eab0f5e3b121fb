//! The operator's own commands.
#![allow(clippy::doc_markdown)] // these comments are the help text

use std::time::Duration;

use clap::Args;
use zosc::command::CommandLine;
use zosc::error::{Error, Result};
use zosc::hooks::{HookSettings, OnFailure, Source};
use zosc::traffic::{PAUSE_LIMIT, Relief, TrafficSettings, Valve};

use super::super::settings;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Commands of your own")]
pub(super) struct HookArguments {
    /// A folder with executables named zosc-on-startup, zosc-on-before-copy, ..., or a command that is
    /// run (without a shell) at all these moments; may be given more than once
    #[arg(long, value_name = "DIR|CMD", env = "ZOSC_HOOK")]
    hook: Vec<Source>,
    /// How long a hook may take [default: 30s]
    #[arg(long, value_name = "TIME", env = "ZOSC_HOOK_TIMEOUT", value_parser = settings::duration)]
    hook_timeout: Option<Duration>,
    /// When a hook fails: stop or warn [default: stop before something that cannot be taken back, else
    /// warn]
    #[arg(long, value_name = "WHAT", env = "ZOSC_HOOK_FAILURE", value_parser = settings::on_failure)]
    hook_failure: Option<OnFailure>,
    /// Pauses the application's traffic for the swap; needs --resume-traffic
    #[arg(long, value_name = "CMD", env = "ZOSC_PAUSE_TRAFFIC")]
    pause_traffic: Option<CommandLine>,
    /// The longest wait for --pause-traffic; then the swap is put off [default: 5s]
    #[arg(long, value_name = "TIME", env = "ZOSC_PAUSE_LIMIT", value_parser = settings::duration)]
    pause_limit: Option<Duration>,
    #[command(flatten)]
    pub(super) relief: ReliefArguments,
}

/// How traffic gets going again.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Commands of your own")]
pub(crate) struct ReliefArguments {
    /// Lets the application's traffic go on: run after each --pause-traffic, whatever came of it, and
    /// after a crash by the next start
    #[arg(long, value_name = "CMD", env = "ZOSC_RESUME_TRAFFIC")]
    resume_traffic: Option<CommandLine>,
    /// Traffic that a run has paused before it died goes on already
    #[arg(long)]
    traffic_is_resumed: bool,
}

impl HookArguments {
    pub(super) fn hooks(&self) -> HookSettings {
        let defaults = HookSettings::default();
        HookSettings {
            sources: self.hook.clone(),
            limit: self.hook_timeout.unwrap_or(defaults.limit),
            on_failure: self.hook_failure,
        }
    }

    /// A pause without a way back is an error.
    pub(super) fn traffic(&self) -> Result<TrafficSettings> {
        let ReliefArguments { resume_traffic, traffic_is_resumed } = self.relief.clone();
        let valve = match (self.pause_traffic.clone(), resume_traffic) {
            (Some(pause), Some(resume)) => {
                let limit = self.pause_limit.unwrap_or(PAUSE_LIMIT);
                Some(Valve { pause, resume, limit })
            }
            (None, None) => None,
            (Some(_), None) => {
                return Err(unpaired("`--pause-traffic` is given without `--resume-traffic`"));
            }
            (None, Some(_)) => {
                return Err(unpaired("`--resume-traffic` is given without `--pause-traffic`"));
            }
        };
        Ok(TrafficSettings { valve, is_resumed: traffic_is_resumed })
    }
}

impl ReliefArguments {
    pub(crate) fn relief(&self) -> Relief {
        Relief { resume: self.resume_traffic.clone(), is_resumed: self.traffic_is_resumed }
    }
}

fn unpaired(message: &str) -> Error {
    Error::usage("traffic_not_paired", message).hint("give both, or neither")
}
