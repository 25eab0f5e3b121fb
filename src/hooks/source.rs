//! Where hooks come from: a folder with a file for each moment, or one command for all of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Moment;
use crate::command::CommandLine;
use crate::error::{Error, Result};

/// What `--hook` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Executable files `zosc-on-<moment>…` in this folder, in the order of their names.
    Folder(PathBuf),
    /// A command that is run at every moment.
    Command(CommandLine),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = Path::new(text);
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        Ok(Self::Command(text.parse()?))
    }
}

impl Source {
    /// What is to be run at a moment. A folder is read anew each time, so that hooks may be changed
    /// while a run goes on.
    pub(super) fn commands(&self, moment: Moment) -> Result<Vec<CommandLine>> {
        let folder = match self {
            Self::Command(command) => return Ok(vec![command.clone()]),
            Self::Folder(folder) => folder,
        };
        let prefix = moment.file_prefix();
        let mut files = files(folder)?;
        files.retain(|file| name(file).starts_with(&prefix));
        files.sort();
        files.iter().map(|file| command(file)).collect()
    }

    /// Makes sure that every file that looks like a hook is one.
    pub(super) fn check(&self) -> Result<()> {
        let Self::Folder(folder) = self else { return Ok(()) };
        let known = Moment::ALL.map(Moment::file_prefix);
        for file in files(folder)? {
            let name = name(&file);
            if !name.starts_with("zosc-on-") {
                continue;
            }
            if !known.iter().any(|prefix| name.starts_with(prefix)) {
                let message = format!("`{}` is named for no moment of a run", file.display());
                let names = known.join(", ");
                return Err(Error::usage("hook_not_known", message)
                    .hint(format!("names begin with one of {names}")));
            }
            command(&file)?;
        }
        Ok(())
    }
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    read().map_err(|error| {
        let message = format!("the hooks in `{}` cannot be read: {error}", folder.display());
        Error::usage("hooks_not_readable", message)
    })
}

fn command(file: &Path) -> Result<CommandLine> {
    let may_run = std::fs::metadata(file)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    if may_run {
        return Ok(CommandLine::of_file(file));
    }
    let message = format!("the hook `{}` is not an executable file", file.display());
    Err(Error::usage("hook_not_executable", message)
        .hint("make it executable, or give it a name that does not begin with `zosc-on-`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_name_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let lay = |name: &str, mode: u32| {
            let file = folder.path().join(name);
            std::fs::write(&file, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        for name in ["zosc-on-copied-2", "zosc-on-copied-1", "zosc-on-failed", "README"] {
            lay(name, 0o755);
        }
        let source: Source = folder.path().to_str().unwrap().parse().unwrap();
        source.check().unwrap();
        let names: Vec<String> = source
            .commands(Moment::Copied)
            .unwrap()
            .iter()
            .map(|command| command.program().rsplit('/').next().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["zosc-on-copied-1", "zosc-on-copied-2"]);
        lay("zosc-on-failed", 0o644);
        assert_eq!(source.check().unwrap_err().code, "hook_not_executable");
        lay("zosc-on-failed", 0o755);
        lay("zosc-on-coppied", 0o755);
        assert_eq!(source.check().unwrap_err().code, "hook_not_known");
    }

    #[test]
    fn what_is_no_folder_is_a_command() {
        let source: Source = "notify --to 'the team'".parse().unwrap();
        let Source::Command(command) = &source else { panic!("{source:?}") };
        assert_eq!(source.commands(Moment::Failed).unwrap(), std::slice::from_ref(command));
    }
}
