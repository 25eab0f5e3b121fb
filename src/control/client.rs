//! The other side: finding the runs that listen on this machine, and asking them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::socket::{folders, is_dead, own_uid, remove_dead};
use crate::error::{Error, Result};

/// A run answers at once, but for what it must ask its server.
const PATIENCE: Duration = Duration::from_mins(2);

/// A run that answers.
#[derive(Debug, Clone)]
pub struct Living {
    /// Its socket.
    pub path: PathBuf,
    /// The answer to `status`, as the socket gives it.
    pub status: Value,
}

/// Sends a line of JSON to the run behind a socket; its answer, whether it is `ok` or not.
pub async fn ask(path: &Path, question: &Value) -> Result<Value> {
    let asked = timeout(PATIENCE, exchange(path, question)).await;
    asked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(|error| {
        Error::failed("no_answer", format!("{} does not answer: {error}", path.display()))
            .hint("`zosc ctl` lists the runs that listen on this machine")
    })
}

async fn exchange(path: &Path, question: &Value) -> io::Result<Value> {
    let mut stream = BufReader::new(UnixStream::connect(path).await?);
    stream.write_all(format!("{question}\n").as_bytes()).await?;
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // Whom it does not know it tells in plain words.
    serde_json::from_str(&line).map_err(|_| io::Error::other(line.trim().to_owned()))
}

/// The runs of this user that listen in the usual places. What dead ones have left is removed.
pub async fn living() -> Result<Vec<Living>> {
    let unreadable = |error: io::Error| {
        Error::failed("no_folder", format!("the folder of the sockets cannot be read: {error}"))
    };
    let mut all = Vec::new();
    for folder in folders(own_uid().map_err(unreadable)?) {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.sort();
        for path in paths.into_iter().filter(|path| path.extension().is_some_and(|it| it == "sock"))
        {
            match ask(&path, &json!({ "do": "status" })).await {
                Ok(status) => all.push(Living { path, status }),
                Err(error) if is_dead(&path).await => {
                    tracing::debug!(%error, "the process of a socket is dead");
                    if let Err(error) = remove_dead(&folder, &path).await {
                        tracing::debug!(%error, "a dead socket could not be removed");
                    }
                }
                Err(error) => tracing::warn!("{error}"),
            }
        }
    }
    Ok(all)
}
