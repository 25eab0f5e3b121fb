//! What `[zosc]` of an option file says beside the connection: the same words as flags, read by the
//! same rules.

use std::error::Error as _;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use zosc::error::{Error, Result};
use zosc::mysql::Entry;

use super::args::{JournalArguments, Tuning};

/// Said of one moment: for ever it would be a lie.
const ONCE: [&str; 1] = ["traffic-is-resumed"];

/// What may be said there.
#[derive(Debug, Parser)]
#[command(args_override_self = true, disable_help_flag = true)]
pub(crate) struct FromFile {
    #[command(flatten)]
    pub(crate) tuning: Tuning,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
}

impl FromFile {
    /// Takes the lines; one that is not known is an error, because a misspelt safety setting must
    /// not look like one that works.
    pub(crate) fn read(entries: &[&Entry]) -> Result<Self> {
        let mut words = vec![String::new()];
        for entry in entries {
            let is_it = |known: &clap::Arg| known.get_long() == Some(&entry.name);
            if ONCE.contains(&&*entry.name) || !Self::command().get_arguments().any(is_it) {
                if entry.loose {
                    continue;
                }
                return Err(entry
                    .flaw("zosc knows no such setting")
                    .hint("correct it, or write `loose-` before it to have it passed over"));
            }
            let word = match &entry.value {
                Some(value) => format!("--{}={value}", entry.name),
                None => format!("--{}", entry.name),
            };
            // Alone, so that an error is this line's.
            Self::understand(&[String::new(), word.clone()])
                .map_err(|error| entry.flaw(&reason(&error)))?;
            words.push(word);
        }
        Self::understand(&words).map_err(|error| Error::usage("option_file", error.to_string()))
    }

    fn understand(words: &[String]) -> std::result::Result<Self, clap::Error> {
        // The environment is weighed where flags are.
        let bare = Self::command().mut_args(|arg| arg.env(clap::builder::Resettable::Reset));
        let matches = bare.try_get_matches_from(words)?;
        clap::FromArgMatches::from_arg_matches(&matches)
    }
}

/// What is wrong with a value, without the flag's name.
fn reason(error: &clap::Error) -> String {
    match (error.kind(), error.source()) {
        (_, Some(reason)) => reason.to_string(),
        (ErrorKind::TooManyValues, _) => "it takes no value".to_owned(),
        _ => "a value is missing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value: Option<&str>, loose: bool) -> Entry {
        let value = value.map(str::to_owned);
        Entry { name: name.into(), value, loose, origin: "my.cnf:7".into() }
    }

    fn read(entries: &[Entry]) -> Result<FromFile> {
        FromFile::read(&entries.iter().collect::<Vec<_>>())
    }

    #[test]
    fn lines_are_read_as_flags_are() {
        let file = read(&[
            entry("workers", Some("4"), false),
            entry("max-load", Some("Threads_running=30,Threads_connected=100"), false),
            entry("discover-replicas", None, false),
            entry("workers", Some("3"), false),
            entry("journal-schema", Some("notes"), false),
        ])
        .unwrap();
        assert_eq!(file.journal.journal_schema.as_deref(), Some("notes"));
        let primary = zosc::mysql::Login::from_url("mysql://a@b").unwrap().connection().unwrap();
        let settings = file.tuning.settings(&primary).unwrap();
        assert_eq!(settings.effort.workers, 3, "the later line wins");
        assert_eq!(settings.limits.max_load.len(), 2);
        assert!(settings.limits.replicas.discover);
    }

    #[test]
    fn a_line_that_is_not_understood_is_an_error_unless_loose() {
        let flaw = |entry| read(&[entry]).unwrap_err().message;
        let unknown = flaw(entry("wrokers", Some("4"), false));
        assert!(unknown.contains("my.cnf:7: `wrokers`"), "{unknown}");
        read(&[entry("wrokers", Some("4"), true)]).unwrap();
        flaw(entry("traffic-is-resumed", None, false));
        let none = flaw(entry("workers", Some("0"), false));
        assert!(none.contains("my.cnf:7") && none.contains("from 1 to 64"), "{none}");
        let missing = flaw(entry("workers", None, false));
        assert!(missing.contains("a value is missing"), "{missing}");
        let too_many = flaw(entry("discover-replicas", Some("yes"), false));
        assert!(too_many.contains("it takes no value"), "{too_many}");
    }
}
