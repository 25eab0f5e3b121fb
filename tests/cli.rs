//! The command line as a person or a wrapper meets it; no server needed.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "cli/about.rs"]
mod about;

use std::net::TcpListener;
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use serde_json::Value;

const PASSWORD: &str = "s3cret-of-the-test";

/// The command in an empty environment: no settings of whoever runs the tests.
fn zosc(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("zosc"));
    command.env_clear().env("HOME", "/nonexistent").args(arguments);
    command
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn say(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let said = Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!said.out.contains(PASSWORD), "the password is on stdout: {}", said.out);
    assert!(!said.err.contains(PASSWORD), "the password is on stderr: {}", said.err);
    said
}

/// A URL at which nobody listens.
fn nowhere(credentials: &str) -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("mysql://{credentials}@127.0.0.1:{port}/shop")
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn help_says_what_a_newcomer_needs() {
    let said = say(&mut zosc(&["--help"]));
    assert_eq!(said.code, 0);
    for needed in [
        "--alter <CLAUSES> <TABLE>",
        "zosc plan --alter",
        "--dry-run",
        "status",
        "clean",
        "What to change:",
        "Connection:",
        "ZOSC_URL",
        "--password-file",
        "Examples:",
        "Exit codes:",
    ] {
        assert!(said.out.contains(needed), "{needed} is missing in:\n{}", said.out);
    }
    assert_eq!(say(&mut zosc(&["--version"])).code, 0);
}

#[test]
fn usage_errors_say_the_way_out() {
    let url = nowhere("root");
    for (arguments, part) in [
        (&[][..], "hint: write `zosc --alter"),
        (&["shop.orders"], "hint: write `zosc --alter \"ADD COLUMN status INT\" shop.orders`"),
        (&["--alter", "ADD", "a", "INT", "shop.orders"], "in quotes"),
        (&["--alter", "ADD a INT", "--url", "mysql://root@h/", "orders"], "schema.orders"),
        (&["--alter", "ADD a INT", "--url", &url], "which table"),
        (&["--alter", "ADD a INT", "--url", &url, "my-db.t"], "in backticks"),
        (&["--alter", "ADD a INT", "--file", "f", "shop.orders"], "cannot be used with"),
        (&["--alter", "ADD a INT", "--url", &url, "s.t", "--pause-traffic", "true"], "give both"),
        (&["--alter", "ADD a INT", "--url", &url, "s.t", "--resume-traffic", "true"], "give both"),
        (&["--alter", "ADD a INT", "--url", &url, "s.t", "--hook", "say 'hi"], "do not end"),
        (&["--alter", "ADD a INT", "--url", &url, "s.t", "--report", "r.pdf"], ".html for people"),
        (&["--url", &url, "status"], "command must be the first word"),
        (&["--url", &url, "plan", "ALTER TABLE t ADD a INT"], "command must be the first word"),
        (&["--chunk-time", "100", "--alter", "ADD a INT", "shop.orders"], "time unit needed"),
        (&["--url", "postgres://h/", "--alter", "ADD a INT", "shop.orders"], "`mysql://`"),
        (&["--login-path", "x", "--alter", "ADD a INT", "shop.orders"], ".mylogin.cnf"),
        (&["--no-such-flag"], "--no-such-flag"),
    ] {
        let said = say(&mut zosc(arguments));
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        assert!(said.err.contains("error: "), "{arguments:?}: {}", said.err);
        assert!(said.err.contains(part), "{arguments:?}: {}", said.err);
        assert!(!said.err.contains('\x1b'), "colours without a terminal");
    }
}

#[test]
fn a_typed_password_is_refused() {
    for typed in [format!("--password={PASSWORD}"), format!("-p{PASSWORD}")] {
        let said = say(&mut zosc(&[&typed, "--alter", "ADD a INT", "shop.orders"]));
        assert_eq!(said.code, 2);
        for other in ["--password-file", "ZOSC_PASSWORD", "MYSQL_PWD", "option file"] {
            assert!(said.err.contains(other), "{}", said.err);
        }
    }
    let spaced = ["--password", PASSWORD, "--alter", "ADD a INT", "shop.orders"];
    assert_eq!(say(&mut zosc(&spaced)).code, 2);
}

#[test]
fn a_server_that_cannot_be_reached() {
    let url = nowhere("root");
    let place = url.trim_start_matches("mysql://root@").trim_end_matches("/shop");
    let secret_url = nowhere(&format!("root:{PASSWORD}"));
    let change = ["--alter", "ADD a INT", "orders"];
    let commands: [&[&str]; 5] = [
        &change,
        &["run", "--alter", "ADD a INT", "orders"],
        &["plan", "--alter", "ADD a INT", "orders"],
        &["status"],
        &["clean"],
    ];
    for arguments in commands {
        let said = say(zosc(arguments).env("ZOSC_URL", &url).env("ZOSC_PASSWORD", PASSWORD));
        assert_eq!(said.code, 4, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(place), "{arguments:?}: {}", said.err);
        assert!(said.err.contains("hint: "), "{arguments:?}: {}", said.err);
    }
    let said = say(zosc(&["-vvv", "--url", &secret_url]).args(change));
    assert_eq!(said.code, 4);
    assert!(said.err.contains("everybody on this machine can read"), "{}", said.err);
}

#[test]
fn json_ends_with_finished_and_the_exit_code() {
    let change = ["--format", "json", "--id", "mine", "--alter", "ADD a INT", "orders"];
    let said = say(zosc(&change).env("ZOSC_URL", nowhere("root")));
    let events = lines(&said.out);
    let [.., error, finished] = events.as_slice() else { panic!("{}", said.out) };
    assert_eq!(error["event"], "error");
    assert_eq!(error["code"], "cannot_connect");
    assert_eq!(error["kind"], "not_ready");
    assert_eq!(error["resumable"], false);
    assert_eq!(finished["event"], "finished");
    assert_eq!(finished["outcome"], "failed");
    assert_eq!(finished["exit_code"], said.code);
    for event in &events {
        assert_eq!((&event["v"], &event["id"]), (&1.into(), &"mine".into()));
        assert_eq!(event["table"], "shop.orders");
        assert!(event["at"].as_str().unwrap().ends_with('Z'));
    }
    assert!(said.err.starts_with("error: "), "people read stderr: {}", said.err);

    let said =
        say(zosc(&["--format", "json", "--alter", "ADD a INT"]).env("ZOSC_URL", nowhere("root")));
    assert_eq!(lines(&said.out).last().unwrap()["exit_code"], 2);
}

/// A wrapper that hands over a flag that this zosc does not know must not lose the error.
#[test]
fn json_ends_so_when_the_command_line_is_not_understood() {
    let typed = format!("--password={PASSWORD}");
    for arguments in [
        &["--format", "json", "--no-such-flag"][..],
        &["run", "--format=json", "--workers", "many"],
        &["--log", "json", "--alter", "ADD a INT", "--file", "f", "t"],
        &["resume", "--format", "json"],
        &["--format", "json", &typed],
    ] {
        let said = say(&mut zosc(arguments));
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        let events = lines(&said.out);
        let [error, finished] = events.as_slice() else { panic!("{arguments:?}: {}", said.out) };
        assert_eq!((&error["event"], &error["kind"]), (&"error".into(), &"usage".into()));
        assert_eq!(error["code"], "arguments");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
        assert_eq!((&finished["event"], &finished["exit_code"]), (&"finished".into(), &2.into()));
        assert!(said.err.starts_with("error: "), "people read stderr: {}", said.err);
    }
    let said = say(zosc(&["plan", "--no-such-flag"]).env("ZOSC_FORMAT", "json"));
    let events = lines(&said.out);
    assert_eq!((events.len(), &events[0]["code"]), (1, &"arguments".into()), "{}", said.out);
    assert_eq!(say(&mut zosc(&["--no-such-flag"])).out, "");
}

/// One argument may not be longer than 128 KiB on Linux; stdin may.
#[test]
fn a_statement_on_stdin_may_be_long() {
    let members: Vec<String> = (0..30_000).map(|i| format!("'member {i}'")).collect();
    let statement = format!("ALTER TABLE orders ADD e ENUM({})", members.join(","));
    assert!(statement.len() > 400_000);
    let change = ["--format", "json", "-"];
    let said = say(zosc(&change).env("ZOSC_URL", nowhere("root")).write_stdin(&*statement));
    assert_eq!(said.code, 4, "{}", said.err);
    assert_eq!(lines(&said.out).last().unwrap()["table"], "shop.orders");
    // It is read to its end.
    let said = say(zosc(&change)
        .env("ZOSC_URL", nowhere("root"))
        .write_stdin(format!("{statement}; DROP TABLE orders")));
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("exactly one statement"), "{}", said.err);
}

#[test]
fn the_first_source_that_says_something_wins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.cnf");
    std::fs::write(
        &file,
        format!("[client]\nhost=127.0.0.1\nport=1\nsocket=/no/such/s\nuser=u\npassword={PASSWORD}\n[zosc]\nport=2\n"),
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let place = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = zosc(&["status", "--defaults-file", file]);
        let said = say(command.envs(variables.iter().copied()).args(arguments));
        assert_eq!(said.code, 4, "{}", said.err);
        said.err.split_whitespace().nth(4).unwrap().trim_end_matches(':').to_owned()
    };
    let url = ("ZOSC_URL", "mysql://127.0.0.1:3/");
    let (port, socket) = (("ZOSC_PORT", "4"), ("ZOSC_SOCKET", "/no/s"));
    assert_eq!(place(&[], &[]), "127.0.0.1:2");
    assert_eq!(place(&[url], &[]), "127.0.0.1:3");
    assert_eq!(place(&[url, port], &[]), "127.0.0.1:4");
    assert_eq!(place(&[url, port], &["--port", "5"]), "127.0.0.1:5");
    assert_eq!(place(&[socket], &[]), "/no/s");
    assert_eq!(place(&[socket], &["--host", "127.0.0.1"]), "127.0.0.1:2");
}

#[test]
fn a_misspelt_setting_of_ours_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.cnf");
    std::fs::write(&file, "[client]\nno-beep\n[zosc]\nwrokers=2\n").unwrap();
    let said =
        say(&mut zosc(&["status", "--user", "u", "--defaults-file", file.to_str().unwrap()]));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("my.cnf:4: `wrokers`"), "{}", said.err);

    let said = say(&mut zosc(&["status", "--user", "u", "--defaults-file", "/no/such/my.cnf"]));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("/no/such/my.cnf"), "{}", said.err);
}

#[test]
fn a_password_that_cannot_be_asked_for() {
    let said =
        say(zosc(&["status", "--user", "u", "--password-file", "/no/such/file"]).write_stdin(""));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("/no/such/file"), "{}", said.err);
}

#[test]
fn signals_end_with_their_own_codes() {
    for (signal, code, word) in [("INT", 130, "interrupted"), ("TERM", 143, "terminated")] {
        // Somebody listens, but never says a word.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("mysql://root@{}/shop", silent.local_addr().unwrap());
        let child = Process::new(assert_cmd::cargo::cargo_bin!("zosc"))
            .args(["--no-defaults", "--format", "json", "--url", &url, "--alter", "ADD a INT", "t"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let _greeted_by_none = silent.accept().unwrap();
        let killed =
            Process::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let events = lines(&String::from_utf8(output.stdout).unwrap());
        let [.., error, finished] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((&error["kind"], &finished["exit_code"]), (&word.into(), &code.into()));
    }
}

#[test]
fn the_view_needs_a_terminal() {
    let said = say(&mut zosc(&["top", "shop.orders"]));
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("zosc ctl shop.orders status --watch"), "{}", said.err);
    assert_eq!(said.out, "");
}
