//! The file of a report: tried at the start, written whole or not at all at the end.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zosc::error::{Error, Result};

use super::contents::Record;
use super::html;

/// Where to, and in which form.
#[derive(Debug)]
pub(super) struct Target {
    file: PathBuf,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Json,
}

impl Target {
    /// An error if the file could not be written.
    pub(super) fn open(file: &Path) -> Result<Self> {
        let form = match file.extension().and_then(|extension| extension.to_str()) {
            Some("html" | "htm") => Form::Html,
            Some("json") => Form::Json,
            _ => {
                let message = format!("`{}` is no name for a report", file.display());
                return Err(Error::usage("report_form", message)
                    .hint("let it end in .html for people or in .json for programs"));
            }
        };
        // Relative to where the run began, wherever the process may be then.
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let target = Self { file, form };
        let tried = if target.file.is_dir() {
            Err(std::io::Error::from(std::io::ErrorKind::IsADirectory))
        } else {
            target.draft().map(drop)
        };
        tried.map_err(|error| {
            let message = format!("the report cannot be written to {}: {error}", file_of(&target));
            Error::usage("report_file", message)
                .hint("name a file in a folder that you may write to")
        })?;
        Ok(target)
    }

    /// A file beside it, which goes when it is not given its name.
    fn draft(&self) -> std::io::Result<NamedTempFile> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        tempfile::Builder::new()
            .prefix(".zosc-report-")
            .permissions(Permissions::from_mode(0o666)) // less the umask
            .tempfile_in(folder)
    }

    /// Writes the whole of it, then gives it its name.
    pub(super) fn write(&self, record: &Record) -> std::io::Result<()> {
        let text = match self.form {
            Form::Json => serde_json::to_string_pretty(record)? + "\n",
            Form::Html => html::page(record),
        };
        let mut draft = self.draft()?;
        draft.write_all(text.as_bytes())?;
        draft.as_file().sync_all()?;
        draft.persist(&self.file)?;
        Ok(())
    }
}

fn file_of(target: &Target) -> std::path::Display<'_> {
    target.file.display()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_cannot_be_written_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let code = |file: &Path| Target::open(file).unwrap_err().code;
        assert_eq!(code(&path("report.pdf")), "report_form");
        assert_eq!(code(&path("missing/report.html")), "report_file");
        std::fs::create_dir(path("folder.json")).unwrap();
        assert_eq!(code(&path("folder.json")), "report_file");
        std::fs::write(path("old.html"), "old").unwrap();
        Target::open(&path("old.html")).unwrap();
        assert_eq!(std::fs::read(path("old.html")).unwrap(), b"old", "only tried");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left");
    }
}
