//! What the pages assume: a server of their own, `mysql` as its administrator, `zosc` on the path, and
//! what the quick start has made.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::book::{Block, page};
use crate::support::mysqld::{Database, Mysqld};
use crate::support::zosc::ZOSC;

/// The page that makes the table and the account which the others use.
pub const QUICK_START: &str = "docs/guides/quick-start.md";

/// A server for page after page.
pub struct Ground {
    server: Mysqld,
}

/// Ports of the pages that somebody may have: each place has others instead.
const PORTS: [&str; 2] = ["9104", "7070"];

/// The folder in which a page's commands run, and what they see.
pub struct Place {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
    ports: [u16; 2],
}

impl Ground {
    pub fn new() -> Self {
        Self { server: Mysqld::start(Database::Mysql, &[]) }
    }

    /// As the last page has left it.
    pub fn seen(&self) -> Place {
        Place::new(&self.server.socket())
    }

    /// As a newcomer finds it: an empty server.
    pub fn bare(&self) -> Place {
        let place = self.seen();
        place.clear();
        place
    }

    /// With the table and the account of the quick start.
    pub fn laid(&self) -> Place {
        let mut place = self.bare();
        place.lay();
        place.set("ZOSC_USER", "zosc");
        place.set("ZOSC_PASSWORD", "secret");
        place
    }
}

impl Place {
    fn new(socket: &Path) -> Self {
        let folder = TempDir::with_prefix("zosc-docs-").unwrap();
        let socket = socket.display().to_string();
        for name in ["bin", "home", "run", "work"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let below = |name: &str| folder.path().join(name).display().to_string();
        std::os::unix::fs::symlink(ZOSC, folder.path().join("bin/zosc")).unwrap();
        let client = Database::Mysql.home().join("bin/mysql");
        let client = format!(
            "#!/bin/sh\nexec '{}' --user=root --socket='{socket}' \"$@\"\n",
            client.display()
        );
        make_program(&folder.path().join("bin/mysql"), &client);
        // No name such as `db1` leads anywhere here; a socket is stronger than a host of the same source.
        let programs = std::env::var("PATH").unwrap();
        let environment = vec![
            ("PATH", format!("{}:{programs}", below("bin"))),
            ("HOME", below("home")),
            ("XDG_RUNTIME_DIR", below("run")),
            ("TMPDIR", below("work")),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("ZOSC_SOCKET", socket),
        ];
        Self { folder, environment, ports: PORTS.map(|_| free_port()) }
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.environment.push((name, value.to_owned()));
    }

    /// Where the commands run.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A page's commands with ports that nobody has.
    pub fn with_free_ports(&self, commands: &str) -> String {
        PORTS.iter().zip(self.ports).fold(commands.to_owned(), |commands, (named, free)| {
            commands.replace(&format!(":{named}"), &format!(":{free}"))
        })
    }

    /// What is beside that folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program in the page's environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.work());
        command
    }

    /// What a page before has made goes, and is made again where it is the quick start's.
    pub fn lay_anew(&self) {
        self.clear();
        self.lay();
    }

    fn clear(&self) {
        self.ask(
            "DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS _zosc; DROP USER IF EXISTS zosc",
        );
    }

    fn lay(&self) {
        for block in makers() {
            let done = self.command("bash").args(["-euo", "pipefail", "-c", &block.text]).output();
            let done = done.unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    }

    /// The answer of the server to its administrator, as text without headings.
    pub fn ask(&self, sql: &str) -> String {
        let mysql = self.beside("bin/mysql").display().to_string();
        let words = ["--batch", "--raw", "--skip-column-names", "--execute", sql];
        let done = self.command(&mysql).args(words).output().unwrap();
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }
}

/// The quick start's blocks that speak to the server itself.
fn makers() -> Vec<Block> {
    let blocks = page(QUICK_START).blocks;
    let makers: Vec<Block> =
        blocks.into_iter().filter(|block| block.text.starts_with("mysql <<'SQL'")).collect();
    assert_eq!(makers.len(), 2, "a table and an account");
    makers
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn make_program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}
