//! The command line: what was typed becomes what the library is asked. One thin file a command.

mod args;
mod capabilities;
mod change;
mod clean;
mod completions;
mod connection;
mod ctl;
mod file;
mod living;
mod man;
mod name;
mod password;
mod plan;
mod resume;
mod run;
mod settings;
mod signals;
mod status;
mod top;
mod verbosity;
mod wrapper;

use args::{Arguments, Command, OutputArguments};

use crate::report::Verbosity;

/// Does what the command line says; gives the process's exit code.
pub(crate) async fn main() -> u8 {
    let Arguments { command, run } = args::parse();
    let command = command.unwrap_or_else(|| Command::Run(Box::new(run)));
    let output = command.output();
    verbosity::start_log(output.map_or(Verbosity::Normal, OutputArguments::verbosity));
    match command {
        Command::Run(arguments) if arguments.dry_run => {
            plan::execute(&plan::Arguments::from(*arguments)).await
        }
        Command::Run(arguments) => run::execute(&arguments).await,
        Command::Plan(arguments) => plan::execute(&arguments).await,
        Command::Resume(arguments) => resume::execute(*arguments).await,
        Command::Status(arguments) => status::execute(&arguments).await,
        Command::Ctl(arguments) => ctl::execute(&arguments).await,
        Command::Top(arguments) => top::execute(&arguments).await,
        Command::Clean(arguments) => clean::execute(&arguments).await,
        Command::Capabilities(arguments) => capabilities::execute(&arguments),
        Command::Completions(arguments) => completions::execute(&arguments),
        Command::Man(arguments) => man::execute(&arguments),
        Command::Wrapper(arguments) => wrapper::execute(&arguments),
    }
}
