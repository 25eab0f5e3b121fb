//! Where the password comes from: never from the command line, which everybody can read.

use std::path::Path;

use secrecy::SecretString;
use zosc::error::{Error, Result};

/// The password that flags and our own variable give, the strongest source first.
pub(crate) fn given(
    ask_for_it: bool,
    file: Option<&Path>,
    prompt: impl FnOnce() -> String,
) -> Result<Option<SecretString>> {
    match file {
        _ if ask_for_it => ask(&prompt()).map(Some),
        Some(file) => read(file).map(Some),
        None => Ok(std::env::var("ZOSC_PASSWORD").ok().map(SecretString::from)),
    }
}

/// MySQL's own variable, the weakest source.
pub(crate) fn of_mysql() -> Option<SecretString> {
    std::env::var("MYSQL_PWD").ok().map(SecretString::from)
}

/// Asks on the terminal itself, so that a statement may come from stdin.
fn ask(prompt: &str) -> Result<SecretString> {
    rpassword::prompt_password(prompt).map(SecretString::from).map_err(|error| {
        Error::usage("no_terminal", format!("the password cannot be asked for: {error}"))
            .hint("use `--password-file`, `ZOSC_PASSWORD` or an option file")
    })
}

/// The first line of a file.
pub(super) fn read(file: &Path) -> Result<SecretString> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::usage("password_file", format!("cannot read {}: {error}", file.display()))
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned().into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn the_first_line_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "with space \r\nmore\n").unwrap();
        let password = given(false, Some(&file), String::new).unwrap().unwrap();
        assert_eq!(password.expose_secret(), "with space ");
    }
}
