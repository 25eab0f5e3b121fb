//! `zosc capabilities`: what this binary can do, each fact from whoever owns it.

use clap::{Arg, Command, ValueEnum as _};
use serde_json::{Map, Value, json};
use zosc::capture::Mode;
use zosc::event::Stage;
use zosc::hooks::Moment;
use zosc::mysql::Flavour;
use zosc::plan::{Rule, oldest_server};
use zosc::settings::Setting;
use zosc::swap::Way;

use super::args::{self, CapabilitiesArguments, WrapperOf};
use crate::report::{self, Answer, Format};

/// What may be built in, and whether it is.
const FEATURES: [(&str, bool); 1] = [("failpoints", cfg!(feature = "failpoints"))];

/// Prints them; gives the exit code.
pub(crate) fn execute(arguments: &CapabilitiesArguments) -> u8 {
    report::answer(arguments.output.format, Ok(Answer::capabilities(all())))
}

fn all() -> Value {
    let definition = args::definition();
    let built_in = FEATURES.into_iter().filter(|(_, is_built_in)| *is_built_in);
    let exit_codes = report::exit_codes();
    json!({
        "zosc": env!("CARGO_PKG_VERSION"),
        "features": built_in.map(|(name, _)| name).collect::<Vec<_>>(),
        "commands": by_name(definition.get_subcommands(), Command::get_name, command),
        "formats": Format::ALL.map(Format::word),
        "exit_codes": by_name(exit_codes.iter(), |it| it.name, |it| it.code.into()),
        "events": report::words_of_events(),
        "stages": Stage::ALL,
        "moments": Moment::ALL.map(Moment::word),
        "rules": by_name(Rule::ALL.iter(), |it| it.word(), |it| json!({ "allowable": it.is_allowable() })),
        "settings": Setting::ALL.map(Setting::word),
        "captures": Mode::ALL.map(Mode::word),
        "swaps": Way::ALL.map(Way::word),
        "servers": by_name(Flavour::ALL.iter(), |it| it.family(), |it| json!({ "oldest": oldest(*it) })),
        "wrappers": wrappers(),
    })
}

fn by_name<'a, T: 'a>(
    all: impl Iterator<Item = &'a T>,
    name: impl Fn(&'a T) -> &'a str,
    value: impl Fn(&'a T) -> Value,
) -> Map<String, Value> {
    all.map(|one| (name(one).to_owned(), value(one))).collect()
}

/// Its long flags, and what it takes beside them.
fn command(command: &Command) -> Value {
    let shown = || command.get_arguments().filter(|arg| !arg.is_hide_set());
    let mut flags = Map::new();
    for arg in shown().filter(|arg| !arg.is_positional()) {
        let environment = arg.get_env().map(|name| name.to_string_lossy());
        let value = arg.get_action().takes_values().then(|| value_name(arg));
        let aliases = arg.get_visible_aliases().unwrap_or_default();
        for name in arg.get_long().into_iter().chain(aliases) {
            let flag = json!({ "value": value, "environment": environment });
            flags.insert(format!("--{name}"), flag);
        }
    }
    let arguments: Vec<String> =
        shown().filter(|arg| arg.is_positional()).map(value_name).collect();
    json!({ "arguments": arguments, "flags": flags })
}

fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    names.first().map_or_else(|| arg.get_id().to_string(), ToString::to_string)
}

fn oldest(flavour: Flavour) -> String {
    let (major, minor, patch) = oldest_server(flavour);
    format!("{major}.{minor}.{patch}")
}

/// What `zosc wrapper` can print.
fn wrappers() -> Vec<String> {
    let tools = WrapperOf::value_variants().iter().filter_map(WrapperOf::to_possible_value);
    tools.map(|tool| tool.get_name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of every flag, as a wrapper would write them.
    #[test]
    fn what_is_told_is_understood() {
        let told = all();
        let commands = told["commands"].as_object().unwrap();
        assert!(commands.contains_key("run") && commands.contains_key("capabilities"));
        for (command, described) in commands {
            for (flag, facts) in described["flags"].as_object().unwrap() {
                let value = facts["value"].as_str().map(|_| "1");
                let words = ["zosc", command, flag].into_iter().chain(value);
                let Err(error) = args::definition().try_get_matches_from(words) else { continue };
                let kinds = [
                    clap::error::ErrorKind::UnknownArgument,
                    clap::error::ErrorKind::TooManyValues,
                ];
                assert!(!kinds.contains(&error.kind()), "{command} {flag}: {error}");
            }
        }
        let unknown = args::definition().try_get_matches_from(["zosc", "run", "--unknown"]);
        assert_eq!(unknown.unwrap_err().kind(), clap::error::ErrorKind::UnknownArgument);
    }

    #[test]
    fn hidden_flags_are_not_told() {
        assert!(all()["commands"]["run"]["flags"].get("--login-path").is_none());
        assert_eq!(all()["commands"]["run"]["flags"]["--id"]["environment"], "ZOSC_ID");
        assert_eq!(all()["commands"]["plan"]["flags"]["--check"]["value"], Value::Null);
    }
}
