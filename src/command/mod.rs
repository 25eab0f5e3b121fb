//! Commands of the operator: hooks, and what pauses traffic. Each is run without a shell, in a
//! process group of its own, told facts on stdin and in its environment, and ended with all that it
//! has started when it takes too long.

mod facts;
mod group;
mod output;

use std::process::{ExitStatus, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};

pub use facts::Facts;

use group::Group;
use output::Output;

/// Between being asked to end and being ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Never passed on: whoever needs them has them from elsewhere.
const SECRETS: [&str; 6] = [
    "ZOSC_PASSWORD",
    "MYSQL_PWD",
    "ZOSC_URL",
    "ZOSC_REPLICA",
    "ZOSC_THROTTLE_HTTP",
    "ZOSC_CONTROL_TOKEN",
];

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    program: String,
    arguments: Vec<String>,
}

/// What became of a command that was started.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// How long it took.
    pub took: Duration,
    /// What it has printed, on stdout and on stderr, as far as there was room for it.
    pub printed: String,
}

/// How a command ended.
#[derive(Debug)]
pub enum End {
    /// By itself.
    Exited(ExitStatus),
    /// It was ended after this time.
    TooLong(Duration),
    /// It could not be started, or the system lost it.
    Not(std::io::Error),
}

impl Ran {
    /// Whether it did what it was to do.
    pub fn is_good(&self) -> bool {
        matches!(&self.end, End::Exited(status) if status.success())
    }

    /// Why it is not good, with the last line that it printed.
    pub fn trouble(&self, command: &CommandLine) -> String {
        let command = command.program();
        let what = match &self.end {
            End::Exited(status) => format!("`{command}` ended with {status}"),
            End::TooLong(limit) => format!("`{command}` took longer than {limit:?} and was ended"),
            End::Not(error) => format!("`{command}` cannot be run: {error}"),
        };
        match self.printed.lines().rfind(|line| !line.trim().is_empty()) {
            Some(line) => format!("{what}: {}", line.trim()),
            None => what,
        }
    }
}

impl FromStr for CommandLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = shlex::split(text).ok_or("its quotes or backslashes do not end")?;
        let mut words = words.into_iter();
        match words.next().filter(|program| !program.is_empty()) {
            Some(program) => Ok(Self { program, arguments: words.collect() }),
            None => Err("it names no program".to_owned()),
        }
    }
}

impl CommandLine {
    /// A program without arguments.
    pub fn of_file(path: &std::path::Path) -> Self {
        Self { program: path.to_string_lossy().into_owned(), arguments: Vec::new() }
    }

    /// The program alone: arguments may hold what is nobody's business.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Runs it, no longer than `limit`. When the future is dropped, the command is killed.
    pub async fn run(&self, facts: &Facts, limit: Duration) -> Ran {
        let began = Instant::now();
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(facts.environment());
        for secret in SECRETS {
            command.env_remove(secret);
        }
        let mut output = Output::default();
        let end = match command.spawn() {
            Ok(child) => watch(child, facts, limit, &mut output).await,
            Err(error) => End::Not(error),
        };
        Ran { end, took: began.elapsed(), printed: output.end().await }
    }
}

async fn watch(mut child: Child, facts: &Facts, limit: Duration, output: &mut Output) -> End {
    let group = Group::of(&child);
    output.read(child.stdout.take());
    output.read(child.stderr.take());
    // It may well not listen; what it does not read must not keep us.
    let telling = child.stdin.take().map(|stdin| tokio::spawn(tell(stdin, facts.json())));
    let end = match tokio::time::timeout(limit, child.wait()).await {
        Ok(Ok(status)) => {
            group.forget();
            End::Exited(status)
        }
        Ok(Err(error)) => End::Not(error),
        Err(_) => {
            group.ask_to_end();
            if tokio::time::timeout(LAST_WORDS, child.wait()).await.is_err() {
                tracing::debug!("a command does not listen to SIGTERM");
            }
            // Also those of it that outlive its leader.
            drop(group);
            if let Err(error) = child.wait().await {
                tracing::warn!(%error, "a command that was killed cannot be waited for");
            }
            End::TooLong(limit)
        }
    };
    if let Some(telling) = telling {
        telling.abort();
    }
    end
}

async fn tell(mut stdin: ChildStdin, json: String) {
    if let Err(error) = stdin.write_all(json.as_bytes()).await {
        tracing::debug!(%error, "a command does not read its stdin");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> CommandLine {
        CommandLine { program: "sh".into(), arguments: vec!["-c".into(), script.into()] }
    }

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.put("stage", "copied");
        facts.put("statement", "ADD c INT");
        facts.put("rows", 7);
        facts.put_known("error", None::<String>);
        facts
    }

    #[test]
    fn lines_are_words_without_a_shell() {
        let line: CommandLine = "notify 'a b' $HOME ';'".parse().unwrap();
        assert_eq!(line.program(), "notify");
        assert_eq!(line.arguments, ["a b", "$HOME", ";"]);
        for wrong in ["", "  ", "a 'b", "''"] {
            assert!(wrong.parse::<CommandLine>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn facts_come_on_stdin_and_in_the_environment() {
        let ran = shell("cat; echo; echo $ZOSC_STAGE $ZOSC_ROWS ${ZOSC_ERROR-none} >&2");
        let ran = ran.run(&facts(), LONG).await;
        assert!(ran.is_good(), "{ran:?}");
        let json = r#"{"v":1,"stage":"copied","statement":"ADD c INT","rows":7,"error":null}"#;
        assert!(ran.printed.contains(json) && ran.printed.contains("copied 7 none"), "{ran:?}");
    }

    #[tokio::test]
    async fn who_hangs_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let script = format!("trap '' TERM; sleep 600 & echo $! > {}; wait; wait", pid.display());
        let ran = shell(&script).run(&facts(), Duration::from_millis(300)).await;
        assert!(matches!(ran.end, End::TooLong(_)), "{ran:?}");
        assert!(ran.trouble(&shell("")).contains("took longer than 300ms"), "{ran:?}");
        let child = std::fs::read_to_string(pid).unwrap();
        let proc = std::path::Path::new("/proc").join(child.trim());
        let is_alive =
            || std::fs::read_to_string(proc.join("stat")).is_ok_and(|stat| !stat.contains(") Z"));
        while is_alive() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn a_flood_is_bounded_and_need_not_be_text() {
        let script =
            "exec 0<&-; head -c 3000000 /dev/zero | tr '\\0' '\\377'; echo; echo last; exit 3";
        let ran = shell(script).run(&facts(), LONG).await;
        assert!(ran.printed.len() < 400_000, "{}", ran.printed.len());
        assert!(matches!(ran.end, End::Exited(status) if status.code() == Some(3)));
        assert!(ran.trouble(&shell("")).contains("exit status: 3"));
    }

    #[tokio::test]
    async fn a_daemon_that_holds_stdout_keeps_nobody() {
        let ran =
            shell("echo begun; sleep 30 & disown 2>/dev/null; exit 0").run(&facts(), LONG).await;
        assert!(ran.is_good() && ran.took < LONG, "{ran:?}");
        assert!(ran.printed.contains("begun"), "{ran:?}");
    }

    #[tokio::test]
    async fn what_cannot_be_started_says_why() {
        let missing: CommandLine = "/nonexistent/hook now".parse().unwrap();
        let ran = missing.run(&facts(), LONG).await;
        let trouble = ran.trouble(&missing);
        assert!(trouble.contains("`/nonexistent/hook` cannot be run: No such file"), "{trouble}");
        let killed = shell("kill -9 $$").run(&facts(), LONG).await;
        assert!(killed.trouble(&shell("")).contains("signal: 9"), "{killed:?}");
    }

    #[tokio::test]
    async fn facts_too_long_for_an_environment_come_on_stdin_alone() {
        let mut facts = facts();
        facts.put("statement", "x".repeat(300_000));
        let ran = shell("wc -c; echo ${ZOSC_STATEMENT-none}").run(&facts, LONG).await;
        assert!(ran.is_good() && ran.printed.contains("none"), "{ran:?}");
    }
}
