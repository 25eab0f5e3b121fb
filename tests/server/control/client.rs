//! Those who talk to a run: a script with `nc`, a program with JSON, `zosc ctl`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::bed::PATIENCE;
use crate::support::zosc::{Running, ZOSC};

/// Where a run listens.
pub struct Door {
    folder: TempDir,
}

impl Door {
    pub fn made() -> Self {
        Self { folder: TempDir::with_prefix("zc").unwrap() }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    pub fn flag(&self) -> String {
        format!("--control-socket={}", self.path().display())
    }

    /// `echo LINE | nc -U PATH`, as gh-ost's users write it: nc waits for the end of the connection.
    pub fn nc(&self, line: &str) -> String {
        let script = "printf '%s\\n' \"$1\" | timeout 60 nc -U \"$2\"";
        let mut shell = Command::new("sh");
        let said = shell.args(["-c", script, "sh", line]).arg(self.path()).output().unwrap();
        let code = said.status.code();
        assert_ne!(code, Some(127), "there is no nc; tests/run has one");
        String::from_utf8(said.stdout).unwrap()
    }

    pub fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.path()).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream
    }

    /// A question in JSON on a connection of its own.
    pub fn json(&self, question: &Value) -> Value {
        Client::of(self.connect()).ask(question)
    }

    pub fn status(&self) -> Value {
        self.json(&json!({ "do": "status" }))
    }

    /// Waits until another socket is there than that one.
    pub fn until_alive(&self, running: &mut Running, dead: u64) {
        while std::fs::metadata(self.path()).is_ok_and(|file| file.ino() == dead) {
            assert!(running.is_running(), "zosc ended: {}", running.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a condition holds of the status.
    pub fn until(
        &self,
        running: &mut Running,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            assert!(running.is_running(), "zosc ended before {what}: {}", running.said());
            if UnixStream::connect(self.path()).is_ok() {
                let status = self.status();
                if is_so(&status) {
                    return status;
                }
            }
            assert!(begun.elapsed() < PATIENCE, "it is never {what}: {}", running.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A program that stays.
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    pub fn of(stream: UnixStream) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.stream.get_mut(), "{question}").unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

/// What `zosc ctl` has done.
#[derive(Debug)]
pub struct Told {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// `zosc ctl` of a user whose runtime folder this is.
pub fn ctl(runtime: &Path, words: &[&str]) -> Told {
    told(Command::new(ZOSC).arg("ctl").args(words).env("XDG_RUNTIME_DIR", runtime))
}

pub fn told(command: &mut Command) -> Told {
    let output = command.env_remove("ZOSC_FORMAT").stdin(Stdio::null()).output().unwrap();
    Told {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
