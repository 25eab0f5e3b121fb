//! How a run ended, and how that is told to people.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use tokio::task::JoinError;
use zosc::error::{Error, Kind, Result};
use zosc::event::Blocker;
use zosc::outcome::{Measured, Outcome, Rehearsed, Swapped};

use super::colours;
use super::numbers::{self, thousands};

/// The exit code of a panic, Rust's own.
const PANICKED: u8 = 101;

/// What the process says, and its stable name.
pub(crate) struct ExitCode {
    pub(crate) code: u8,
    pub(crate) name: &'static str,
}

/// All of them, in order.
pub(crate) fn exit_codes() -> Vec<ExitCode> {
    let kinds = Kind::ALL.map(|kind| ExitCode { code: kind.exit_code(), name: kind.word() });
    let own = [ExitCode { code: 0, name: "done" }, ExitCode { code: PANICKED, name: "bug" }];
    let mut all: Vec<ExitCode> = own.into_iter().chain(kinds).collect();
    all.sort_by_key(|it| it.code);
    all
}

/// The end of a run.
#[derive(Debug)]
pub(crate) struct Ending {
    /// What came of it.
    pub(crate) result: Result<Outcome>,
    /// What the process says.
    pub(crate) exit_code: u8,
}

impl From<Result<Outcome>> for Ending {
    fn from(result: Result<Outcome>) -> Self {
        let exit_code = result.as_ref().err().map_or(0, |error| error.kind.exit_code());
        Self { result, exit_code }
    }
}

impl Ending {
    /// The end of a run's task.
    pub(crate) fn of(joined: Result<Result<Outcome>, JoinError>) -> Self {
        match joined {
            Ok(result) => result.into(),
            Err(bug) => Self { result: Err(Error::bug(&bug)), exit_code: PANICKED },
        }
    }
}

/// The last lines for people.
pub(super) fn text(ending: &Ending, table: Option<&str>) -> String {
    match &ending.result {
        Ok(outcome) => success(outcome, table.unwrap_or("the table")),
        Err(error) => failure(error),
    }
}

fn success(outcome: &Outcome, table: &str) -> String {
    match outcome {
        Outcome::Nothing => format!("done: {table} already is as asked; nothing was changed\n"),
        Outcome::Already => {
            format!("done: this change of {table} has finished before; nothing was changed\n")
        }
        Outcome::Instant => format!("done: the server changed {table} at once, without a copy\n"),
        Outcome::InPlace => {
            format!("done: the server changed {table} in place; only metadata changed\n")
        }
        Outcome::Copied(swapped) => copied(swapped, table),
        Outcome::Rehearsed(rehearsed) => self::rehearsed(rehearsed, table),
        other => format!("done: {table}: {}\n", other.word()),
    }
}

fn rehearsed(rehearsed: &Rehearsed, table: &str) -> String {
    let Rehearsed::Copied(measured) = rehearsed else {
        return format!(
            "rehearsed: the server would change {table} itself, without a copy; nothing was changed\n"
        );
    };
    let Measured { verified_rows, bytes, took, settled_in, blockers } = measured;
    let mut text = format!(
        "rehearsed: {table} is as it was; what was made for the rehearsal is removed\n  \
         {} rows were copied, compared and are equal, in {:.1} s\n  \
         the new table took {} of disk\n  \
         the table would have been locked for about {} ms\n",
        thousands(*verified_rows),
        took.as_secs_f64(),
        numbers::bytes(*bytes),
        settled_in.as_millis(),
    );
    for blocker in blockers {
        let Blocker { thread, user, host, seconds, .. } = blocker;
        writeln!(
            text,
            "  in the way: connection {thread} of {user}@{host}, for {seconds} s by now"
        )
        .expect("writing to a String cannot fail");
    }
    text
}

fn copied(swapped: &Swapped, table: &str) -> String {
    let Swapped { kept, verified_rows, locked, attempts } = swapped;
    let tries = if *attempts == 1 { String::new() } else { format!(" (attempt {attempts})") };
    format!(
        "done: {table} has its new shape\n  \
         {} rows were compared and are equal\n  \
         the application was locked out for {} ms{tries}\n  \
         the original is kept as {}; when it is no longer needed, drop it:\n      \
         DROP TABLE {kept};\n",
        thousands(*verified_rows),
        locked.as_millis(),
        kept.plain(),
    )
}

/// An error as people read it: what happened, then the ways out.
pub(super) fn failure(error: &Error) -> String {
    let coloured = colours() && std::io::stderr().is_terminal();
    let (red, blue, plain) =
        if coloured { ("\x1b[1;31m", "\x1b[1;34m", "\x1b[0m") } else { ("", "", "") };
    let mut text = format!("{red}error:{plain} {}\n", error.message);
    for hint in &error.hints {
        writeln!(text, "{blue}hint:{plain} {hint}").expect("writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use zosc::schema::TableName;

    use super::*;

    #[test]
    fn a_copy_tells_what_matters() {
        let ending = Ending::from(Ok(Outcome::Copied(Swapped {
            kept: TableName::new("shop", "orders__zosc_kept"),
            verified_rows: 1_200_013,
            locked: Duration::from_millis(41),
            attempts: 2,
        })));
        let text = text(&ending, Some("shop.orders"));
        for part in [
            "shop.orders has its new shape",
            "1,200,013 rows",
            "41 ms (attempt 2)",
            "DROP TABLE `shop`.`orders__zosc_kept`;",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(ending.exit_code, 0);
    }

    #[test]
    fn an_error_and_its_ways_out() {
        let error = Error::refused("no_key", "no key").hint("add one").hint("or else");
        let ending = Ending::from(Err(error));
        assert_eq!(text(&ending, None), "error: no key\nhint: add one\nhint: or else\n");
        assert_eq!(ending.exit_code, 3);
    }

    #[test]
    fn every_kind_of_error_is_told_by_its_code() {
        for kind in Kind::ALL {
            let ending = Ending::from(Err(Error::new(kind, "code", "message")));
            assert_eq!(ending.exit_code, kind.exit_code());
        }
        assert!(exit_codes().iter().map(|it| it.code).is_sorted());
    }

    #[tokio::test]
    async fn a_bug_has_its_own_code() {
        let task: tokio::task::JoinHandle<Result<Outcome>> = tokio::spawn(async { panic!("boom") });
        let ending = Ending::of(task.await);
        assert_eq!(ending.exit_code, 101);
        assert!(ending.result.unwrap_err().message.contains("boom"));
    }
}
