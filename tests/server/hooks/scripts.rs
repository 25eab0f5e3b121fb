//! Commands for tests: shell scripts in a folder of the test's own, which write down what they did.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A folder with scripts and what they have written to `log`.
pub struct Scripts {
    folder: TempDir,
}

impl Scripts {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a script that stands in the folder, and knows it as `$HERE`; gives its path.
    pub fn script(&self, name: &str, body: &str) -> String {
        let file = self.path(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let here = self.folder.path().display();
        std::fs::write(&file, format!("#!/bin/bash\nHERE={here}\n{body}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// The lines of the log.
    pub fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn touch(&self, name: &str) {
        std::fs::write(self.path(name), "").unwrap();
    }

    /// Waits until a script has made a file.
    pub fn wait_for(&self, name: &str) {
        let began = Instant::now();
        while !self.path(name).exists() {
            assert!(began.elapsed() < Duration::from_mins(2), "there is no `{name}`");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
