//! Throw-away servers: a copy of the prepared data directory, loopback only, own port and socket,
//! gone when the test process ends, however it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Holds the server on a leash: when our end of the pipe closes (drop, panic, kill -9), the server
/// is killed and its folder removed. Until then it is killed and started again on demand.
const LEASH: &str = r#"
dir=$1; shift
start() { "$@" >>"$dir/stdout" 2>>"$dir/stderr" & server=$!; }
crash() { kill -9 "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
start "$@"
while read -r word; do
    case $word in
        crash) crash; echo done ;;
        start) start "$@" ;;
    esac
done
crash
rm -rf "$dir"
"#;

/// A running server of our own.
pub struct Mysqld {
    leash: Option<Child>,
    dir: PathBuf,
    pub kind: Database,
    pub port: u16,
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Mysql,
    /// 10.11.
    Mariadb,
    /// 11.8.
    Mariadb118,
}

impl Database {
    /// The unpacked server, got by `docker/servers` (which `tests/run` has called before).
    pub fn home(self) -> PathBuf {
        let (variable, word) = match self {
            Self::Mysql => ("ZOSC_MYSQL_HOME", "mysql"),
            Self::Mariadb => ("ZOSC_MARIADB_HOME", "mariadb"),
            Self::Mariadb118 => ("ZOSC_MARIADB_118_HOME", "mariadb-11.8"),
        };
        fetched(variable, "servers", &[word])
    }
}

/// The folder that a script of docker/ makes and prints; a variable of `tests/run` names it at once.
pub fn fetched(variable: &str, script: &str, words: &[&str]) -> PathBuf {
    if let Some(home) = std::env::var_os(variable) {
        return home.into();
    }
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut scripts = above.map(|folder| folder.join("docker").join(script));
    let path = scripts.find(|path| path.exists()).unwrap();
    let output = Command::new(&path).args(words).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "docker/{script} {words:?} failed; tests need the real one");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

impl Mysqld {
    /// Starts a server with extra arguments; waits until it answers.
    pub fn start(kind: Database, extra: &[&str]) -> Self {
        let home = kind.home();
        let dir = TempDir::with_prefix("zosc-test-").unwrap().keep();
        let copied =
            Command::new("cp").arg("-a").arg(home.join("data")).arg(&dir).status().unwrap();
        assert!(copied.success(), "could not copy the data directory");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("sh");
        command.args(["-c", LEASH, "sh"]).arg(&dir).arg(home.join("bin/mysqld"));
        command.arg(format!("--datadir={}", dir.join("data").display()));
        command.arg(format!("--port={port}")).arg("--bind-address=127.0.0.1");
        command.arg(format!("--socket={}", dir.join("s").display()));
        command.arg(format!("--pid-file={}", dir.join("pid").display()));
        // A MariaDB that starts removes the temporary tables of all others in its folder.
        command.arg(format!("--tmpdir={}", dir.display()));
        command.args(["--server-id=1", "--log-bin=binlog", "--binlog-format=ROW"]);
        command.args([
            "--innodb-buffer-pool-size=256M",
            "--max-connections=200",
            "--local-infile=1",
        ]);
        if kind == Database::Mysql {
            command.args(["--gtid-mode=ON", "--enforce-gtid-consistency=ON"]);
            command.args(["--innodb-redo-log-capacity=128M"]);
        }
        let leash = command
            .args(extra)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { leash: Some(leash), dir, kind, port };
        server.wait_until_it_answers();
        server
    }

    /// Kills the server with -9; its folder stays.
    pub fn crash(&mut self) {
        self.tell("crash");
        let pipe = self.leash.as_mut().and_then(|leash| leash.stdout.as_mut()).unwrap();
        BufReader::new(pipe).read_line(&mut String::new()).unwrap();
    }

    /// Starts it again with the same folder, port and arguments; waits until it answers.
    pub fn restart(&mut self) {
        self.tell("start");
        self.wait_until_it_answers();
    }

    fn tell(&mut self, word: &str) {
        let pipe = self.leash.as_mut().and_then(|leash| leash.stdin.as_mut()).unwrap();
        writeln!(pipe, "{word}").unwrap();
    }

    /// `mysql://root@127.0.0.1:port/`.
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/", self.port)
    }

    /// The server's unix socket.
    #[allow(dead_code)]
    pub fn socket(&self) -> PathBuf {
        self.dir.join("s")
    }

    /// Whether it greets: the protocol's first packet comes from the server.
    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port))
            .and_then(|mut stream| stream.read_exact(&mut [0; 5]))
            .is_ok()
    }

    fn wait_until_it_answers(&self) {
        let patience = Instant::now() + Duration::from_mins(2);
        while !self.answers() {
            let log = std::fs::read_to_string(self.dir.join("stderr")).unwrap_or_default();
            assert!(Instant::now() < patience, "the server does not answer\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Mysqld {
    fn drop(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            drop(leash.stdin.take());
            leash.wait().unwrap();
        }
    }
}

/// The server of a kind that most tests share, each in a schema of its own. `ZOSC_TEST_MYSQL_URL`
/// names another MySQL.
pub fn shared_url(kind: Database) -> String {
    static MYSQL: OnceLock<Mysqld> = OnceLock::new();
    static MARIADB: OnceLock<Mysqld> = OnceLock::new();
    static MARIADB_118: OnceLock<Mysqld> = OnceLock::new();
    let shared = match kind {
        Database::Mysql => &MYSQL,
        Database::Mariadb => &MARIADB,
        Database::Mariadb118 => &MARIADB_118,
    };
    match std::env::var("ZOSC_TEST_MYSQL_URL") {
        Ok(url) if kind == Database::Mysql => url,
        _ => shared.get_or_init(|| Mysqld::start(kind, &[])).url(),
    }
}
