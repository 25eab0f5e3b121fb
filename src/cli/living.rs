//! The run that somebody means, and whether it still goes on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use zosc::control::{self, Living};
use zosc::error::{Error, Result};

/// Asks a run; `None` when it has ended.
pub(super) async fn ask(path: &Path, question: &Value) -> Result<Option<Value>> {
    match control::ask(path, question).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => {
            // A run that ends stops talking a moment before its socket goes.
            tokio::time::sleep(Duration::from_secs(1)).await;
            if path.exists() { Err(error) } else { Ok(None) }
        }
    }
}

/// Its socket: by path, by the run's number, or by the table's name.
pub(super) async fn find(run: &str) -> Result<PathBuf> {
    if run.contains('/') || Path::new(run).exists() {
        return Ok(run.into());
    }
    let is_bare = |(_, table): (&str, &str)| table == run;
    let is_meant = |living: &&Living| {
        let status = &living.status;
        let number = run.parse::<u64>().ok();
        number.is_some_and(|number| status["run"] == number)
            || status["table"] == run
            || status["id"] == run
            || status["table"].as_str().and_then(|table| table.split_once('.')).is_some_and(is_bare)
    };
    let living = control::living().await?;
    let found: Vec<&Living> = living.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok(one.path.clone()),
        [] => Err(Error::refused(
            "no_such_run",
            format!("no run `{run}` of yours listens on this machine"),
        )
        .hint("`zosc ctl` lists those that do; `zosc status` all that the server knows")
        .hint("one that was started with `--control-socket` is found by that path")),
        several => {
            let paths: Vec<String> =
                several.iter().map(|living| living.path.display().to_string()).collect();
            Err(Error::refused("many_runs", format!("`{run}` may be any of several runs"))
                .hint(format!("name it by its path: {}", paths.join(", "))))
        }
    }
}
