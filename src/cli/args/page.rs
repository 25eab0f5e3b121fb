//! The page of flags has every flag of every command, with its variable and its default, and no other.

use std::collections::BTreeSet;

use clap::{Arg, CommandFactory as _};

use super::Arguments;

const PAGE: &str = include_str!("../../../docs/reference/flags.md");

/// A flag of a command: as it is written, its variable, its default.
type Row = (String, String, String, String);

#[test]
fn the_page_of_flags_is_whole() {
    let (told, listed) = (of_the_program(), of_the_page());
    let missing: Vec<&Row> = told.difference(&listed).collect();
    let unknown: Vec<&Row> = listed.difference(&told).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:#?}, unknown {unknown:#?}");
}

/// What can be typed without a command is what `run` takes.
#[test]
fn no_command_is_run() {
    let all = Arguments::command();
    let run = all.find_subcommand("run").expect("a command");
    let names = |command: &clap::Command| -> BTreeSet<String> {
        command.get_arguments().filter_map(Arg::get_long).map(str::to_owned).collect()
    };
    assert_eq!(names(&all), names(run));
}

fn of_the_program() -> BTreeSet<Row> {
    let all = Arguments::command();
    all.get_subcommands()
        .flat_map(|command| {
            let flags = command.get_arguments().filter(|arg| !arg.is_hide_set());
            flags.filter_map(|arg| row(command.get_name(), arg))
        })
        .collect()
}

fn row(command: &str, arg: &Arg) -> Option<Row> {
    let long = arg.get_long()?;
    let flag = if arg.get_action().takes_values() {
        format!("--{long} {}", arg.get_value_names()?.first()?)
    } else {
        format!("--{long}")
    };
    let short = arg.get_short().map(|short| format!("`, `-{short}")).unwrap_or_default();
    let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
    Some((command.to_owned(), flag + &short, variable.unwrap_or_default(), default(arg)))
}

/// What clap knows, or what the help says, because most defaults lie elsewhere.
fn default(arg: &Arg) -> String {
    let known = arg.get_default_values().first().filter(|_| arg.get_action().takes_values());
    if let Some(known) = known {
        return known.to_string_lossy().into_owned();
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let said = help.split_once("[default: ").map(|(_, said)| said.trim_end_matches(']'));
    said.unwrap_or_default().to_owned()
}

/// Each table stands below the line that names its commands.
fn of_the_page() -> BTreeSet<Row> {
    let (mut rows, mut commands) = (BTreeSet::new(), Vec::new());
    for line in PAGE.lines() {
        if let Some(names) = line.strip_prefix("Commands: ") {
            commands = names.trim_end_matches('.').split(", ").map(bare).collect();
        }
        if !line.starts_with("| `--") {
            continue;
        }
        let cells = line.replace("\\|", "\u{1}");
        let cells: Vec<String> =
            cells.split('|').skip(1).map(|cell| bare(&cell.replace('\u{1}', "|"))).collect();
        for command in &commands {
            let [flag, variable, default] = [0, 1, 2].map(|index| cells[index].clone());
            assert!(rows.insert((command.clone(), flag, variable, default)), "twice: {line}");
        }
    }
    rows
}

/// Without the backticks around it.
fn bare(cell: &str) -> String {
    cell.trim().trim_matches('`').to_owned()
}
