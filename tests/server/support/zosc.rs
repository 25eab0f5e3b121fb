//! The program under test, run as a person or a wrapper would run it.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::address::Address;

/// A run that has been started.
pub struct Running {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    started: Instant,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; -1 after a signal.
    pub code: i32,
    /// The JSON events in order.
    pub events: Vec<Value>,
    /// What people read.
    pub stderr: String,
}

/// Starts `zosc` with JSON events against a server; `args` are all that follows the connection.
pub fn start(address: &Address, args: &[&str]) -> Running {
    command(address, &[], args)
}

/// Starts `zosc` with the words of a command, which come first.
pub fn command(address: &Address, words: &[&str], args: &[&str]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zosc"));
    command.args(words);
    command.args(["--host", &address.host, "--port", &address.port.to_string()]);
    command.args(["--user", &address.user, "--format", "json"]).args(args);
    // Nothing of the machine's own settings may leak in.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ZOSC_")) {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent").env_remove("MYSQL_PWD");
    if let Some(password) = &address.password {
        command.env("MYSQL_PWD", password);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    Running { child, stdout, stderr, started: Instant::now() }
}

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

impl Running {
    /// Waits for the end; a run that takes longer than `patience` is killed and fails the test.
    pub fn wait(mut self, patience: Duration) -> Ran {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break Some(status);
            }
            if self.started.elapsed() > patience {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let (stdout, stderr) = (self.stdout.join().unwrap(), self.stderr.join().unwrap());
        assert!(status.is_some(), "zosc did not end within {patience:?}\n{stdout}\n{stderr}");
        let code = status.and_then(|status| status.code()).unwrap_or(-1);
        let events = stdout
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| {
                    panic!("a line on stdout is not an event ({error}): {line}\n{stderr}")
                })
            })
            .collect();
        Ran { code, events, stderr }
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    /// Kills it without warning.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it is still at work.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Ran {
    /// The events of one kind.
    pub fn events_of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(move |event| event["event"] == kind)
    }

    /// The event that ends every run.
    pub fn finished(&self) -> &Value {
        let last = self.events.last().unwrap_or(&Value::Null);
        assert_eq!(last["event"], "finished", "the last event is not `finished`: {self:#?}");
        assert_eq!(last["exit_code"], self.code, "`finished` tells another exit code: {self:#?}");
        last
    }

    /// The one error event of a run that failed.
    pub fn error(&self) -> &Value {
        let errors: Vec<&Value> = self.events_of("error").collect();
        assert_eq!(errors.len(), 1, "expected one error event: {self:#?}");
        errors[0]
    }
}
