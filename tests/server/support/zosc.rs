//! The program under test, run as a person or a wrapper would run it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use zosc::event::Event;

use super::address::Address;

pub const ZOSC: &str = env!("CARGO_BIN_EXE_zosc");

/// A run that has been started.
pub struct Running {
    child: Child,
    stdout: Heard,
    stderr: Heard,
    started: Instant,
    peak_kib: u64,
}

/// What comes out of a pipe, and who listens until it is closed.
struct Heard {
    text: Arc<Mutex<String>>,
    listener: JoinHandle<()>,
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
    /// The most memory that it was seen to have.
    pub peak_kib: u64,
}

/// Starts `zosc` with JSON events against a server; `args` are all that follows the connection.
pub fn start(address: &Address, args: &[&str]) -> Running {
    command(address, &[], args)
}

/// The same, with a process that dies at a place of the code that `crash_point!` names.
pub fn start_doomed(address: &Address, place: &str, args: &[&str]) -> Running {
    let mut command = Command::new(ZOSC);
    command.env("FAILPOINTS", format!("{place}=return"));
    begin(command, address, args)
}

/// The same, with a process that panics there.
pub fn start_with_a_bug(address: &Address, place: &str, args: &[&str]) -> Running {
    let mut command = Command::new(ZOSC);
    command.env("FAILPOINTS", format!("{place}=panic"));
    begin(command, address, args)
}

/// Starts `zosc` as a user whose runtime folder this is.
pub fn start_at_home(address: &Address, runtime: &Path, args: &[&str]) -> Running {
    let mut command = Command::new(ZOSC);
    command.env("XDG_RUNTIME_DIR", runtime);
    begin(command, address, args)
}

/// Starts `zosc` with more in its environment.
pub fn start_among(address: &Address, variables: &[(&str, &str)], args: &[&str]) -> Running {
    let mut command = Command::new(ZOSC);
    command.envs(variables.iter().copied());
    begin(command, address, args)
}

/// Starts `zosc`, which dies when it takes more than so many KiB of memory for its data.
pub fn start_within(address: &Address, data_kib: u64, args: &[&str]) -> Running {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -d {data_kib} && exec \"$@\""), "sh", ZOSC]);
    begin(command, address, args)
}

/// Starts `zosc` with the words of a command, which come first.
pub fn command(address: &Address, words: &[&str], args: &[&str]) -> Running {
    let mut command = Command::new(ZOSC);
    command.args(words);
    begin(command, address, args)
}

fn begin(mut command: Command, address: &Address, args: &[&str]) -> Running {
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
    let stdout = Heard::from(child.stdout.take().unwrap());
    let stderr = Heard::from(child.stderr.take().unwrap());
    Running { child, stdout, stderr, started: Instant::now(), peak_kib: 0 }
}

impl Heard {
    fn from(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&text);
        let listener = std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let mut heard = heard.lock().unwrap();
                heard.push_str(&line.unwrap());
                heard.push('\n');
            }
        });
        Self { text, listener }
    }

    fn all(self) -> String {
        self.listener.join().unwrap();
        self.text.lock().unwrap().clone()
    }
}

impl Running {
    /// Waits for the end; a run that takes longer than `patience` is killed and fails the test.
    pub fn wait(mut self, patience: Duration) -> Ran {
        let status = loop {
            self.look_at_memory();
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
        let (stdout, stderr) = (self.stdout.all(), self.stderr.all());
        assert!(status.is_some(), "zosc did not end within {patience:?}\n{stdout}\n{stderr}");
        let code = status.and_then(|status| status.code()).unwrap_or(-1);
        let events = stdout
            .lines()
            .map(|line| {
                let event: Value = serde_json::from_str(line).unwrap_or_else(|error| {
                    panic!("a line on stdout is not an event ({error}): {line}\n{stderr}")
                });
                // A field of its own of that name would hide the time.
                assert_eq!(line.matches("\"at\":\"2").count(), 1, "{line}");
                assert!(event["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{line}");
                event
            })
            .collect();
        let ran = Ran { code, events, stderr, peak_kib: self.peak_kib };
        ran.says_what_is_known();
        ran
    }

    /// The system remembers the most that it ever had, until it has ended.
    fn look_at_memory(&mut self) {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
        self.peak_kib = self.peak_kib.max(peak.unwrap_or(0));
    }

    /// Whether some words are in its events so far.
    pub fn has_said(&self, words: &str) -> bool {
        self.stdout.text.lock().unwrap().contains(words)
    }

    /// All that it has said so far.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout.text.lock().unwrap(), self.stderr.text.lock().unwrap())
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Sends a signal by its flag, such as `-STOP`.
    pub fn signal(&self, flag: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([flag, &id]).status().unwrap().success());
    }

    /// Kills it without warning.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it without warning if it has not ended by then.
    pub fn kill_after(mut self, patience: Duration) -> Option<Ran> {
        while self.started.elapsed() < patience {
            if self.child.try_wait().unwrap().is_some() {
                return Some(self.wait(patience));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.kill();
        None
    }

    /// Whether it is still at work.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Ran {
    /// Wrappers are told beforehand which events there are.
    fn says_what_is_known(&self) {
        let others = ["alive", "error", "finished", "status", "clean"];
        for event in &self.events {
            let word = event["event"].as_str();
            let is_known = |word| Event::WORDS.contains(&word) || others.contains(&word);
            assert!(word.is_none_or(is_known), "{event} is not in `zosc capabilities`");
        }
    }

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
