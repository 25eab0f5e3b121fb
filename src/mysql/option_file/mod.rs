//! MySQL's option files: `[client]` and our own `[zosc]`.

mod line;

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use self::line::{Line, parse};
use super::Login;
use crate::error::{Error, Result};

/// Where option files are looked for, the later the stronger; then `~/.my.cnf`.
const GLOBAL: [&str; 2] = ["/etc/my.cnf", "/etc/mysql/my.cnf"];

/// How deep files may include each other.
const MAX_DEPTH: u8 = 10;

/// Which option files to read.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// None at all.
    pub none: bool,
    /// This one instead of the usual ones.
    pub file: Option<PathBuf>,
    /// This one, too, after the others.
    pub extra: Option<PathBuf>,
}

/// One line of a group. `Debug` never shows the value: it may be a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The option's name, with `-` for `_` and without `loose-`.
    pub name: String,
    /// What follows `=`; `None` without one.
    pub value: Option<String>,
    /// Whether it may be passed over where it is not known (`loose-`).
    pub loose: bool,
    /// `file:line`, for messages.
    pub origin: String,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}={} ({})",
            self.name,
            if self.value.is_some() { "***" } else { "" },
            self.origin
        )
    }
}

impl Entry {
    /// The value, or an error that names the line.
    pub fn value(&self) -> Result<&str> {
        self.value.as_deref().ok_or_else(|| self.flaw("it needs a value"))
    }

    /// A usage error about this line.
    pub fn flaw(&self, reason: &str) -> Error {
        flaw(&self.origin, &format!("`{}`: {reason}", self.name))
    }
}

/// The lines of the groups that concern us, in the order of reading: a later one is stronger.
#[derive(Debug, Clone, Default)]
pub struct OptionFiles {
    client: Vec<Entry>,
    zosc: Vec<Entry>,
}

impl OptionFiles {
    /// Reads the files. The usual ones need not exist; one that was named must.
    pub fn read(defaults: &Defaults) -> Result<Self> {
        let mut read = Self::default();
        if defaults.none {
            return Ok(read);
        }
        if let Some(file) = &defaults.file {
            read.file(file, MAX_DEPTH)?;
        } else {
            let home = std::env::home_dir().map(|home| home.join(".my.cnf"));
            for file in GLOBAL.iter().map(PathBuf::from).chain(home) {
                if file.exists() {
                    read.file(&file, MAX_DEPTH)?;
                }
            }
        }
        if let Some(file) = &defaults.extra {
            read.file(file, MAX_DEPTH)?;
        }
        Ok(read)
    }

    /// What `[client]` says about the connection; it is shared with other programs, so the rest of
    /// it is not ours to judge.
    pub fn client(&self) -> Result<Login> {
        login(&self.client).map(|(login, _)| login)
    }

    /// What `[zosc]` says about the connection, and its other lines.
    pub fn zosc(&self) -> Result<(Login, Vec<&Entry>)> {
        login(&self.zosc)
    }

    fn file(&mut self, path: &Path, depth: u8) -> Result<()> {
        if depth == 0 {
            return Err(flaw(&path.display().to_string(), "too many files include each other"));
        }
        check_permissions(path)?;
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        let text = String::from_utf8_lossy(&bytes);
        let mut group = String::new();
        for (index, line) in text.lines().enumerate() {
            let origin = format!("{}:{}", path.display(), index + 1);
            match parse(line).map_err(|reason| flaw(&origin, reason))? {
                Line::Nothing => {}
                Line::Group(name) => name.clone_into(&mut group),
                Line::Include(file) => self.file(&beside(path, file), depth - 1)?,
                Line::IncludeDir(folder) => {
                    for file in option_files_in(&beside(path, folder))? {
                        self.file(&file, depth - 1)?;
                    }
                }
                Line::Option { name, value } => {
                    let name = name.replace('_', "-");
                    let entry = match name.strip_prefix("loose-") {
                        Some(bare) => Entry { name: bare.to_owned(), value, loose: true, origin },
                        None => Entry { name, value, loose: false, origin },
                    };
                    match group.as_str() {
                        "client" => self.client.push(entry),
                        "zosc" => self.zosc.push(entry),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}

fn login(entries: &[Entry]) -> Result<(Login, Vec<&Entry>)> {
    let mut login = Login::default();
    let mut rest = Vec::new();
    for entry in entries {
        let value = entry.value.as_deref().unwrap_or_default();
        if !login.set(&entry.name, value).map_err(|reason| entry.flaw(&reason))? {
            rest.push(entry);
        } else if entry.value.is_none() {
            return Err(entry.flaw("it needs a value"));
        }
    }
    Ok((login, rest))
}

/// A relative path is meant beside the file that includes it.
fn beside(file: &Path, included: &str) -> PathBuf {
    file.parent().map_or_else(|| included.into(), |folder| folder.join(included))
}

fn option_files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "cnf") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file that anybody may write could send us, and the password, to any server.
fn check_permissions(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.is_file() && metadata.permissions().mode() & 0o002 != 0 {
        return Err(flaw(&path.display().to_string(), "everybody may write this file")
            .hint("run `chmod o-w` on it, or pass over option files with `--no-defaults`"));
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let reason =
        if error.kind() == ErrorKind::NotFound { "no such file" } else { "cannot be read" };
    flaw(&path.display().to_string(), &format!("{reason}: {error}"))
        .hint("`--no-defaults` passes over all option files")
}

fn flaw(place: &str, reason: &str) -> Error {
    Error::usage("option_file", format!("option file {place}: {reason}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn only(file: PathBuf) -> Defaults {
        Defaults { file: Some(file), ..Defaults::default() }
    }

    #[test]
    fn groups_includes_and_the_last_line_wins() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name, text| write(folder.path(), name, text);
        std::fs::create_dir(folder.path().join("more.d")).unwrap();
        write("more.d/b.cnf", "[client]\nhost=b\n");
        write("more.d/a.cnf", "[client]\nhost=a\n");
        write("more.d/ignored.txt", "[client]\nhost=ignored\n");
        write("one.cnf", "[zosc]\nworkers=4\nloose-later=1\n[client]\nport=3307\n");
        let main = write(
            "my.cnf",
            "# ours\n[mysqld]\nport=1\n[client]\nuser=u\nssl_mode=required\nno-beep\n\
             password=\"a#b\"\n!include one.cnf\n!includedir more.d\nloose_x=1\n",
        );
        let files = OptionFiles::read(&only(main)).unwrap();

        let client = files.client().unwrap();
        assert_eq!(client.host.as_deref(), Some("b"));
        assert_eq!(client.port, Some(3307));
        assert_eq!(client.password.unwrap().expose_secret(), "a#b");
        assert!(client.ssl_mode.is_some());

        let (login, rest) = files.zosc().unwrap();
        assert_eq!(login.port, None);
        let names: Vec<(&str, bool)> =
            rest.iter().map(|entry| (entry.name.as_str(), entry.loose)).collect();
        assert_eq!(names, [("workers", false), ("later", true)]);
        assert!(!format!("{files:?}").contains("a#b"));
    }

    #[test]
    fn errors_name_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text| {
            let files = OptionFiles::read(&only(write(folder.path(), "my.cnf", text)))?;
            files.client()
        };
        for (text, place) in [
            ("[client]\nport=many\n", "my.cnf:2: `port`: `many` is not a port number"),
            ("[client]\nuser\n", "my.cnf:2: `user`: it needs a value"),
            ("[client\n", "my.cnf:1: a group's name lacks"),
            ("!exec x\n", "my.cnf:1: only `!include`"),
            ("!include gone.cnf\n", "gone.cnf: no such file"),
            ("!include my.cnf\n", "too many files"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.message.contains(place), "{}", error.message);
        }
    }

    #[test]
    fn a_file_that_everybody_may_write_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(folder.path(), "my.cnf", "[client]\nhost=evil\n");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
        let error = OptionFiles::read(&only(file)).unwrap_err();
        assert!(error.message.contains("everybody may write"), "{}", error.message);
    }
}
