//! A command line that is not understood: told to people as clap tells it, and to programs that
//! asked for events as the events of a run that failed.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use zosc::error::Error;

use super::Arguments;
use crate::report::{self, Format};

/// Said instead of a password that was typed.
const TYPED_PASSWORD: &str = "\
a password on the command line can be read by everybody on this machine
hint: use `--password` alone (asks for it), `--password-file`, `ZOSC_PASSWORD`, `MYSQL_PWD`, or \
`password=` in an option file";

/// Ends the process when a password was typed. To be asked before clap, which would repeat it.
pub(super) fn refuse_passwords(words: &[OsString]) {
    if words.iter().any(|word| holds_password(&word.to_string_lossy())) {
        let error = Arguments::command().error(ErrorKind::TooManyValues, TYPED_PASSWORD);
        exit(&error, words);
    }
}

/// Ends the process as clap does; help and the version come this way, too.
pub(super) fn exit(error: &clap::Error, words: &[OsString]) -> ! {
    if error.use_stderr() && format(words, std::env::var_os("ZOSC_FORMAT")) == Format::Json {
        report::misused(&in_our_words(error), is_run(words));
    }
    error.exit()
}

/// Whether somebody writes the password as for MySQL's own client.
fn holds_password(word: &str) -> bool {
    word.starts_with("--password=") || (word.starts_with("-p") && word.len() > 2)
}

/// The format that is asked for, as far as it can be told of words that clap does not take.
fn format(words: &[OsString], variable: Option<OsString>) -> Format {
    let flags = words.iter().take_while(|word| *word != "--");
    let mut json = variable.is_some_and(|word| word == "json");
    let mut is_value = false;
    for word in flags {
        let word = word.to_string_lossy();
        match word.split_once('=') {
            _ if is_value => json = word == "json",
            Some(("--format" | "--log", value)) => json = value == "json",
            _ => {}
        }
        is_value = matches!(&*word, "--format" | "--log");
    }
    if json { Format::Json } else { Format::Text }
}

/// Whether the words, the first of which is the program, ask for a run, which ends with `finished`.
fn is_run(words: &[OsString]) -> bool {
    let first = words.get(1).map(|word| word.to_string_lossy());
    // Without a command it is a run, too.
    first.is_none_or(|word| matches!(&*word, "run" | "resume") || !super::is_command(&word))
}

/// The first paragraph is what is wrong; there are lines that say the way out.
fn in_our_words(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let is_hint = |line: &&str| line.starts_with("hint: ") || line.starts_with("tip: ");
    let lines = first.trim_start_matches("error: ").lines().map(str::trim);
    let (said, hints): (Vec<&str>, Vec<&str>) = lines.partition(|line| !is_hint(line));
    let tips = rest.lines().map(str::trim).filter(is_hint);
    let failure = Error::usage("arguments", said.join(" "));
    hints
        .into_iter()
        .chain(tips)
        .filter_map(|line| line.split_once(": "))
        .fold(failure, |failure, (_, hint)| failure.hint(hint))
        .hint("see `zosc --help`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
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
    fn the_format_is_found_among_words_that_mean_nothing() {
        for (line, variable, is_json) in [
            ("zosc --nonsense --format json", None, true),
            ("zosc --format=json --nonsense", None, true),
            ("zosc plan --log json --nonsense", None, true),
            ("zosc --nonsense", Some("json"), true),
            ("zosc --format text --nonsense", Some("json"), false),
            ("zosc --nonsense -- --format json", None, false),
            ("zosc --alter json --nonsense", None, false),
        ] {
            let format = format(&words(line), variable.map(OsString::from));
            assert_eq!(format == Format::Json, is_json, "{line}");
        }
    }

    #[test]
    fn runs_are_told_from_questions() {
        for (line, asks_for_a_run) in [
            ("zosc --nonsense", true),
            ("zosc run --nonsense", true),
            ("zosc resume --nonsense", true),
            ("zosc plan --nonsense", false),
            ("zosc status --nonsense", false),
            ("zosc", true),
        ] {
            assert_eq!(is_run(&words(line)), asks_for_a_run, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_a_sentence() {
        let parsed = Arguments::command().try_get_matches_from(["zosc", "--worker", "4"]);
        let error = in_our_words(&parsed.unwrap_err());
        assert_eq!(error.message, "unexpected argument '--worker' found");
        assert_eq!(error.hints, ["a similar argument exists: '--workers'", "see `zosc --help`"]);

        let parsed = Arguments::command().try_get_matches_from(["zosc", "resume"]);
        let error = in_our_words(&parsed.unwrap_err());
        assert_eq!(error.message, "the following required arguments were not provided: <RUN>");

        let typed = Arguments::command().error(ErrorKind::TooManyValues, TYPED_PASSWORD);
        let error = in_our_words(&typed);
        assert!(error.message.ends_with("on this machine"), "{}", error.message);
        assert!(error.hints[0].starts_with("use `--password` alone"), "{:?}", error.hints);
    }
}
