//! The recipes of docs/recipes, with the real zosc on real servers. Skeema and Django are real, too;
//! the others are played by as much of them as a recipe meets.

mod action;
mod django;
mod migrate;
mod skeema;
mod statement;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::address::Address;
use crate::support::ground::Ground;
use crate::support::zosc::ZOSC;

/// A folder of programs that are found before all others; zosc is one of them.
struct Programs {
    folder: tempfile::TempDir,
}

impl Programs {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(ZOSC, folder.path().join("zosc")).unwrap();
        Self { folder }
    }

    fn add(&self, name: &str, script: &str) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    /// A command that finds them, with nothing of the machine's own settings of zosc.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ZOSC_")) {
            command.env_remove(name);
        }
        let others = std::env::var("PATH").unwrap();
        command
            .env("PATH", format!("{}:{others}", self.folder.path().display()))
            .env("HOME", "/nonexistent")
            .env_remove("MYSQL_PWD");
        command
    }
}

fn recipe(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes").join(name)
}

fn url(ground: &Ground) -> String {
    let address = &ground.address;
    format!("mysql://{}@{}:{}/{}", address.user, address.host, address.port, ground.schema)
}

/// The server's own client, in the schema, as a shell would split it.
fn client(ground: &Ground) -> String {
    let Address { host, port, user, database, .. } = &ground.address;
    let program = database.home().join("bin/mysql");
    format!("{} --host={host} --port={port} --user={user} {}", program.display(), ground.schema)
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{:?}\n{}\n{}", output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The names of a table's columns, in order.
async fn columns(ground: &Ground, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT column_name FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position"
    );
    ground.column(&sql).await
}
