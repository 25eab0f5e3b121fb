//! Files that mean "not now" by being there.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::Pressure;
use crate::error::{Error, Result};
use crate::settings::Limits;

/// Rest while one of them is there.
pub(super) async fn look(limits: &Limits) -> Result<Pressure> {
    if limits.flag_files.is_empty() {
        return Ok(Pressure::Easy);
    }
    let files = limits.flag_files.clone();
    // A file system of the network may take its time.
    let found = tokio::task::spawn_blocking(move || first_that_exists(files)).await;
    let found = found.map_err(|panic| Error::failed("flag_file", panic.to_string()))??;
    Ok(match found {
        Some(file) => Pressure::Over(format!("the file {} is there", file.display())),
        None => Pressure::Easy,
    })
}

fn first_that_exists(files: Vec<PathBuf>) -> Result<Option<PathBuf>> {
    for file in files {
        match std::fs::metadata(&file) {
            Ok(_) => return Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let message = format!("cannot tell whether {} is there: {error}", file.display());
                return Err(Error::refused("flag_file", message)
                    .hint("name a file in a folder that zosc may look into"));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(file: PathBuf) -> Result<Pressure> {
        look(&Limits { flag_files: vec![file], ..Limits::default() }).await
    }

    #[tokio::test]
    async fn a_file_is_there_or_not_or_it_cannot_be_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("stop");
        assert_eq!(answer(file.clone()).await.unwrap(), Pressure::Easy);
        std::fs::write(&file, "").unwrap();
        let Pressure::Over(detail) = answer(file.clone()).await.unwrap() else { panic!() };
        assert!(detail.contains("stop is there"), "{detail}");
        let below_a_file = answer(file.join("x")).await.unwrap_err();
        assert_eq!(below_a_file.code, "flag_file");
    }
}
