//! The commands of one page, in their order.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::asked::Asked;
use super::book::{Block, Page};
use super::ground::Place;
use super::shown::is_like;

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a run says of itself when it has nothing to do but to wait for the swap.
const READY: &str = "postponing cut-over";

/// A page that is being played.
pub struct Played<'p> {
    page: &'p Page,
    place: Place,
    background: Vec<Background>,
    /// What the last block that ended has printed; `None` if it was not run.
    said: Option<String>,
    /// What went otherwise than the page says.
    pub flaws: Vec<String>,
}

/// A block that goes on, or is waited for.
struct Background {
    child: Child,
    file: PathBuf,
    line: usize,
    code: i32,
}

impl Background {
    /// Ends it with all that it has started.
    fn end(&mut self) {
        let group = format!("-{}", self.child.id());
        Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
        self.child.wait().unwrap();
    }
}

impl<'p> Played<'p> {
    pub fn new(page: &'p Page, place: Place) -> Self {
        Self { page, place, background: Vec::new(), said: None, flaws: Vec::new() }
    }

    /// Runs all; stops at the first command that does not do what the page says.
    pub fn play(mut self) -> Vec<String> {
        for block in &self.page.blocks {
            match block.language() {
                "sh" => self.run(block),
                "text" if block.follows => self.compare(block),
                "ini" => self.read_options(block),
                _ => self.said = None,
            }
            if !self.flaws.is_empty() {
                break;
            }
        }
        if self.flaws.is_empty() {
            self.await_background();
        }
        for mut left in std::mem::take(&mut self.background) {
            if left.child.try_wait().unwrap().is_none() {
                left.end();
            }
        }
        self.flaws
    }

    fn flaw(&mut self, line: usize, what: &str) {
        self.flaws.push(format!("{}:{line}: {what}", self.page.name));
    }

    fn run(&mut self, block: &Block) {
        self.said = None;
        let asked = Asked::of(block);
        if asked.not_run.is_some() {
            return;
        }
        if asked.ended || asked.anew {
            self.await_background();
        }
        if asked.anew {
            self.place.lay_anew();
        }
        let file = self.place.beside(&format!("said-{}", block.line));
        let child = self.start(block, &asked, &file);
        let going = Background { child, file, line: block.line, code: asked.code };
        if asked.background {
            self.background.push(going);
            self.await_readiness();
        } else {
            self.await_end(going);
        }
    }

    /// Blocks share what they export, as the lines of one terminal do.
    fn start(&self, block: &Block, asked: &Asked, file: &Path) -> Child {
        let environment = self.place.beside("environment").display().to_string();
        let keep = if asked.background {
            String::new()
        } else {
            format!("trap 'export -p > {environment}' EXIT\n")
        };
        let text = self.place.with_free_ports(&block.text);
        let script = format!("[ ! -e {environment} ] || . {environment}\n{keep}{text}");
        let said = File::create(file).unwrap();
        self.place
            .command("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .process_group(0)
            .spawn()
            .unwrap()
    }

    fn await_end(&mut self, mut going: Background) {
        let begun = Instant::now();
        let code = loop {
            if let Some(status) = going.child.try_wait().unwrap() {
                break status.code().unwrap_or(-1);
            }
            if begun.elapsed() > PATIENCE {
                going.end();
                break -1;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let said = std::fs::read_to_string(&going.file).unwrap();
        if code != going.code {
            let promised = going.code;
            self.flaw(going.line, &format!("exit code {code} instead of {promised}\n{said}"));
        }
        self.said = Some(said);
    }

    fn await_background(&mut self) {
        for going in std::mem::take(&mut self.background) {
            self.await_end(going);
        }
    }

    /// Until a run waits with its swap, or what was started last has ended.
    fn await_readiness(&mut self) {
        let begun = Instant::now();
        while !self.a_run_is_ready() {
            let last = self.background.last_mut().unwrap();
            if last.child.try_wait().unwrap().is_some() {
                return;
            }
            if begun.elapsed() > PATIENCE {
                let (line, file) = (last.line, last.file.clone());
                let said = std::fs::read_to_string(file).unwrap();
                return self.flaw(line, &format!("it is not ready\n{said}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn a_run_is_ready(&self) -> bool {
        let listed = self.place.command("zosc").arg("ctl").output().unwrap();
        String::from_utf8_lossy(&listed.stdout).contains(READY)
    }

    /// Each line that the page shows was printed by the block before; `…` stands for anything.
    fn compare(&mut self, block: &Block) {
        let Some(said) = self.said.take() else { return };
        for shown in block.text.lines() {
            if !said.lines().any(|line| is_like(shown, line)) {
                self.flaw(block.line, &format!("`{shown}` was not printed\n{said}"));
            }
        }
    }

    /// `zosc` reads it as an option file.
    fn read_options(&mut self, block: &Block) {
        let file = self.place.beside("options.cnf");
        std::fs::write(&file, &block.text).unwrap();
        let done = self
            .place
            .command("zosc")
            .args(["plan", "--alter", "MODIFY note TEXT", "shop.orders", "--defaults-file"])
            .arg(&file)
            .output()
            .unwrap();
        if !done.status.success() {
            self.flaw(block.line, &String::from_utf8_lossy(&done.stderr));
        }
    }
}
