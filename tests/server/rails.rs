//! Migrations of a Rails application: the file that `zosc wrapper rails` prints, in a real Ruby with
//! real `ActiveRecord` and mysql2. What is checked is in `tests/rails/`.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::ground::PATIENCE;
use crate::support::mysqld::fetched;
use crate::support::place::{Place, played};
use crate::support::zosc::ZOSC;

/// The versions of Rails that are tried.
#[derive(Debug, Clone, Copy)]
enum Rails {
    SixOne,
    SevenTwo,
}

/// Each story with one version of Rails.
macro_rules! with_rails {
    ($name:ident $rails:ident: $($story:ident),+) => {
        mod $name {
            use super::{Place, Rails, played};

            played! { on_both_servers: $($story),+; }

            $(async fn $story(place: Place) {
                super::$story(place, Rails::$rails).await;
            })+
        }
    };
}

with_rails!(rails_61 SixOne: up_down_and_up_again, stopped_and_gone_on_with, a_silent_connection);
with_rails!(rails_72 SevenTwo: up_down_and_up_again, stopped_and_gone_on_with, a_silent_connection);

impl Rails {
    /// As `docker/ruby` knows it.
    fn version(self) -> &'static str {
        match self {
            Self::SixOne => "6.1",
            Self::SevenTwo => "7.2",
        }
    }

    fn digits(self) -> String {
        self.version().replace('.', "")
    }

    /// Where its Ruby is.
    fn home(self) -> PathBuf {
        let variable = format!("ZOSC_RAILS_{}_HOME", self.digits());
        fetched(&variable, "ruby", &[self.version()])
    }

    /// Its Ruby with warnings, without the settings of whoever runs the tests.
    fn ruby(self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.home().join("bin/ruby"));
        command.arg("-w").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ZOSC_")) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }
}

/// What a careless shell or a careless quote would trip over.
const PASSWORD: &str = "p'w\"$x `\\";

/// A team's `lib/`, with Ruby and a database.
struct Team {
    place: Place,
    rails: Rails,
    schema: String,
    account: String,
    folder: TempDir,
}

impl Team {
    async fn made(name: &str, place: Place, rails: Rails) -> Self {
        let (schema, folder) = (place.schema(&format!("{name}{}", rails.digits())), lib());
        let team = Self { place, rails, account: format!("r_{schema}"), schema, folder };
        let Self { schema, account, .. } = &team;
        let password = PASSWORD.replace('\\', "\\\\").replace('\'', "''");
        let mut statements: Vec<String> = Vec::new();
        for name in team.schemas() {
            statements.push(format!("DROP DATABASE IF EXISTS {name}"));
        }
        statements.extend([
            format!("CREATE DATABASE {schema} CHARACTER SET utf8mb4"),
            format!("CREATE DATABASE {schema}_plain CHARACTER SET utf8mb4"),
            format!("DROP USER IF EXISTS {account}"),
            format!("CREATE USER {account} IDENTIFIED BY '{password}'"),
            format!("GRANT ALL ON *.* TO {account}"),
        ]);
        team.run(&statements.iter().map(String::as_str).collect::<Vec<_>>()).await;
        team
    }

    fn schemas(&self) -> [String; 3] {
        ["", "_plain", "_zosc"].map(|suffix| format!("{}{suffix}", self.schema))
    }

    async fn run(&self, statements: &[&str]) {
        self.place.address().run(statements).await;
    }

    fn script(&self, name: &str) -> Command {
        let mut command = self.rails.ruby(&[&format!("tests/rails/{name}.rb")]);
        command
            .env("RAILS_WRAPPER", self.folder.path().join("zosc.rb"))
            .env("RAILS_ZOSC", ZOSC)
            .env("RAILS_PORT", self.place.address().port.to_string())
            .env("RAILS_SCHEMA", &self.schema)
            .env("RAILS_USER", &self.account)
            .env("RAILS_PASSWORD", PASSWORD)
            // Of whoever runs the tests; the wrapper must not let it through.
            .env("ZOSC_SOCKET", "/nonexistent")
            .env("MYSQL_PWD", "another");
        command
    }

    async fn gone(self) {
        for name in self.schemas() {
            self.run(&[&format!("DROP DATABASE IF EXISTS {name}")]).await;
        }
        self.run(&[&format!("DROP USER {}", self.account)]).await;
    }
}

/// A folder with the file, as the README tells to make it.
fn lib() -> TempDir {
    let folder = TempDir::with_prefix("zosc-lib-").unwrap();
    let printed = Command::new(ZOSC).args(["wrapper", "rails"]).output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    std::fs::write(folder.path().join("zosc.rb"), printed.stdout).unwrap();
    folder
}

/// Runs a script that checks everything itself.
fn tells(command: &mut Command, last_words: &str) {
    let output = command.output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.ends_with(&format!("{last_words}\n")), "{out}\n{err}");
    let ours = err.lines().find(|line| line.contains("zosc.rb") || line.contains("tests/rails"));
    assert_eq!(ours, None, "Ruby warns of our own code");
}

async fn up_down_and_up_again(place: Place, rails: Rails) {
    let team = Team::made("rails_story", place, rails).await;
    tells(&mut team.script("story"), "the story is told");
    team.gone().await;
}

#[test]
fn the_pieces_fit() {
    let lib = lib();
    let wrapper = lib.path().join("zosc.rb");
    for rails in [Rails::SixOne, Rails::SevenTwo] {
        tells(rails.ruby(&["-c"]).arg(&wrapper), "Syntax OK");
        let mut pieces = rails.ruby(&["tests/rails/pieces.rb"]);
        tells(pieces.env("RAILS_WRAPPER", &wrapper).env("RAILS_ZOSC", ZOSC), "the pieces fit");
    }
}

async fn a_silent_connection(place: Place, rails: Rails) {
    let team = Team::made("rails_idle", place, rails).await;
    team.run(&[&format!("CREATE TABLE {}.t (id INT PRIMARY KEY)", team.schema)]).await;
    let slow = team.folder.path().join("zosc");
    std::fs::write(&slow, format!("#!/bin/sh\nsleep 1.5\nexec '{ZOSC}' \"$@\"\n")).unwrap();
    std::fs::set_permissions(&slow, Permissions::from_mode(0o755)).unwrap();
    tells(team.script("idle").env("RAILS_SLOW_ZOSC", slow), "nothing was lost");
    team.gone().await;
}

/// A migration that is under way, in a process group of its own.
struct Migrating {
    ruby: Child,
    lines: Receiver<String>,
    heard: String,
}

impl Migrating {
    fn start(team: &Team, flags: &str) -> Self {
        let mut command = team.script("stop");
        command.env("RAILS_FLAGS", flags).process_group(0).stdout(Stdio::piped());
        let mut ruby = command.stderr(Stdio::null()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(ruby.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().try_for_each(|line| sender.send(line.unwrap())));
        Self { ruby, lines, heard: String::new() }
    }

    fn until_it_says(&mut self, words: &str) {
        while !self.heard.contains(words) {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("no `{words}`: {error}\n{}", self.heard));
            self.heard.push_str(&line);
            self.heard.push('\n');
        }
    }

    fn signal(flag: &str, process: &str) {
        assert!(Command::new("kill").args([flag, "--", process]).status().unwrap().success());
    }

    fn terminate_the_group(&self) {
        Self::signal("-TERM", &format!("-{}", self.ruby.id()));
    }

    fn kill_zosc(&self) {
        let id = self.ruby.id();
        let mut children = String::new();
        std::fs::File::open(format!("/proc/{id}/task/{id}/children"))
            .and_then(|mut file| file.read_to_string(&mut children))
            .unwrap();
        let children: Vec<&str> = children.split_whitespace().collect();
        assert_eq!(children.len(), 1, "Ruby has one child");
        Self::signal("-KILL", children[0]);
    }

    /// All that it said.
    fn end(mut self) -> String {
        let begun = Instant::now();
        while self.ruby.try_wait().unwrap().is_none() {
            if begun.elapsed() > PATIENCE {
                self.terminate_the_group();
                panic!("it does not end\n{}", self.heard);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.heard.extend(self.lines.iter().map(|line| line + "\n"));
        self.heard
    }
}

async fn stopped_and_gone_on_with(place: Place, rails: Rails) {
    const SLOWLY: &str = "--max-chunk-rows=20 --workers=1 --nice=5";
    let team = Team::made("rails_stop", place, rails).await;
    let table = format!("{}.big", team.schema);
    team.run(&[
        &format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))"),
        &place.database.words("SET cte_max_recursion_depth = 100000"),
        &format!(
            "INSERT INTO {table} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
             WHERE i < 6000) SELECT i, CONCAT('v', i) FROM n"
        ),
        &format!("ANALYZE TABLE {table}"),
    ])
    .await;

    let mut migrating = Migrating::start(&team, SLOWLY);
    migrating.until_it_says("zosc: copying");
    migrating.terminate_the_group();
    let said = migrating.end();
    assert!(said.contains("Zosc::Terminated terminated 143 true, versions []"), "{said}");
    assert!(said.contains("hint: run the same command again, or `zosc resume 1`"), "{said}");

    let mut migrating = Migrating::start(&team, SLOWLY);
    migrating.until_it_says("zosc: going on where the run has stopped");
    migrating.until_it_says("copying");
    migrating.kill_zosc();
    let said = migrating.end();
    assert!(said.contains("Zosc::Silent no_end nil true, versions []"), "{said}");
    assert!(said.contains("hint: run the same migration again"), "{said}");

    let said = Migrating::start(&team, "").end();
    assert!(said.contains("zosc: going on where the run has stopped"), "{said}");
    assert!(said.contains("ended well, versions [\"1\"]"), "{said}");
    team.gone().await;
}
