//! The library's surface, pinned: what a program may use compiles here, and nothing else is shown.
#![allow(clippy::unwrap_used)] // panicking is how a test fails

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use futures_util::Stream;
use zosc::{
    Blocker, Capture, Error, Event, Kind, Measured, Migration, Options, Outcome, Progress,
    Rehearsed, Result, ServerCode, Stage, Swapped, TableName,
};

fn options() -> Result<Options> {
    Ok(Options::from_url("mysql://zosc:secret@127.0.0.1:1/shop?ssl-mode=required")?
        .id("add-status")
        .copy()
        .rehearse()
        .undoes("drop-status")
        .drop_kept()
        .allow("lossy-conversion")
        .forbid("duplicates")
        .capture(Capture::Triggers)
        .postpone()
        .steerable()
        .hook("notify --all")?
        .pause_traffic("pause", "resume")?
        .journal_schema("_zosc")
        .set("max-lag", "2s")?
        .clone())
}

#[tokio::test]
async fn a_migration_is_a_future_and_a_stream_that_may_wander() {
    fn wanders<T: Send + Unpin + 'static>(it: T) -> T {
        it
    }
    fn both<T: Future<Output = Result<Outcome>> + Stream<Item = Event>>(_: &T) {}
    let options = wanders(options().unwrap());
    let mut migration: Migration =
        zosc::migrate(&options, "ALTER TABLE t ADD c INT").until(std::future::pending::<()>());
    both(&migration);
    assert!(format!("{migration:?}").contains("ADD c INT"));
    // Nothing listens there.
    assert_eq!(migration.next_event().await, None);
    let error = tokio::spawn(wanders(migration)).await.unwrap().unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::NotReady, "cannot_connect"));
    assert!(!error.hints.is_empty() && error.source().is_none());
}

#[test]
fn errors_tell_what_can_be_done() {
    let is_error = |error: &(dyn std::error::Error + Send + Sync + 'static)| error.to_string();
    let error: Error = Options::from_url("nonsense").unwrap_err();
    assert_eq!(is_error(&error), error.message);
    let code: Option<&ServerCode> = error.server.as_ref();
    assert!(code.map(|ServerCode { errno, sqlstate, .. }| (errno, sqlstate)).is_none());
    assert_eq!((error.kind.exit_code(), error.kind.is_resumable()), (2, false));
    let kinds = [
        Kind::Failed,
        Kind::Usage,
        Kind::Refused,
        Kind::NotReady,
        Kind::Busy,
        Kind::Resumable,
        Kind::Differs,
        Kind::Postponed,
        Kind::Unknown,
        Kind::Interrupted,
        Kind::Terminated,
    ];
    assert_eq!(kinds.into_iter().filter(|kind| kind.is_resumable()).count(), 4);
}

/// All that can come, and what is known of it.
#[test]
fn outcomes_and_events() {
    fn facts(outcome: &Outcome) -> Option<(u64, Duration)> {
        match outcome {
            Outcome::Copied(Swapped { kept, verified_rows, locked, attempts, .. }) => {
                let _: (&TableName, &u32) = (kept, attempts);
                Some((*verified_rows, *locked))
            }
            Outcome::Rehearsed(Rehearsed::Copied(Measured {
                verified_rows, settled_in, ..
            })) => Some((*verified_rows, *settled_in)),
            // There may be more.
            _ => None,
        }
    }
    fn of_the_copy(event: &Event) -> Option<f64> {
        match event {
            Event::Progress(Progress { stage: Stage::Copy, fraction, .. }) => *fraction,
            Event::Swap { blockers, .. } => blockers
                .first()
                .map(|Blocker { seconds, .. }| f64::from(u32::try_from(*seconds).unwrap())),
            _ => None,
        }
    }
    for outcome in [Outcome::Nothing, Outcome::Already, Outcome::Instant, Outcome::InPlace] {
        assert_eq!(facts(&outcome), None, "{}", outcome.word());
    }
    assert_eq!(of_the_copy(&Event::Unthrottled { seconds: 1.0 }), None);
    let said = Event::Unthrottled { seconds: 1.0 }.to_string();
    assert_eq!(said, "going on after a pause of 1.0 s");
    assert_eq!(TableName::new("shop", "a`b").to_string(), "`shop`.`a``b`");
}

#[test]
fn rooms_are_not_shown() {
    let lines: Vec<&str> = include_str!("../src/lib.rs").lines().collect();
    let shown = lines.windows(2).filter(|pair| pair[1].starts_with("pub mod "));
    let shown: Vec<&str> =
        shown.filter(|pair| pair[0] != "#[doc(hidden)]").map(|pair| pair[1]).collect();
    assert_eq!(shown, ["pub mod diesel;"]);
    let options = include_str!("../src/options.rs");
    let lines: Vec<&str> = options.lines().collect();
    let field = |line: &str| line.starts_with("    pub ") && line.ends_with(',');
    let shown =
        lines.windows(2).filter(|pair| field(pair[1]) && pair[0].trim() != "#[doc(hidden)]");
    assert_eq!(shown.count(), 0);
}

#[test]
fn what_the_command_needs_is_not_needed_by_the_library() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, list) = manifest.split_once("\ncli = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let crates: Vec<String> = list
        .split('"')
        .filter_map(|word| word.strip_prefix("dep:"))
        .map(|it| it.replace('-', "_"))
        .collect();
    assert!(crates.iter().any(|name| name == "clap"), "{crates:?}");
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let of_the_command = ["src/cli", "src/report", "src/main.rs"].map(|it| root.join(it));
            if of_the_command.contains(&path) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let code = std::fs::read_to_string(&path).unwrap();
            for name in &crates {
                assert!(!code.contains(&format!("{name}::")), "{name} in {}", path.display());
            }
        }
    }
}
