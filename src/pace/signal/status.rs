//! Status variables, without what our own sessions add to them.

use super::Line;
use crate::error::{Error, Result};

/// The values of these variables, in their order; an error that names the one that there is not.
#[allow(clippy::cast_precision_loss)] // connections are few
pub(super) async fn of_others(line: &mut Line, names: &[&str]) -> Result<Vec<f64>> {
    let presence = line.server().presence().clone();
    let list: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    let sql = format!("SHOW GLOBAL STATUS WHERE Variable_name IN ({})", list.join(", "));
    let (rows, ours) = line
        .ask(async |session| {
            // This very statement runs, too.
            let ours = (presence.open() as f64, presence.running() as f64 + 1.0);
            Ok((session.rows::<(String, String)>(&sql).await?, ours))
        })
        .await?;
    names
        .iter()
        .map(|name| {
            let found = rows.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            let (known, text) = found.ok_or_else(|| unknown(name))?;
            let value: f64 = text.parse().map_err(|_| no_number(name, text))?;
            let ours = match &*known.to_ascii_lowercase() {
                "threads_connected" => ours.0,
                "threads_running" => ours.1,
                _ => 0.0,
            };
            Ok((value - ours).max(0.0))
        })
        .collect()
}

fn unknown(name: &str) -> Error {
    Error::refused(
        "unknown_status_variable",
        format!("the server has no status variable `{name}`, or the account may not read it"),
    )
    .hint("`SHOW GLOBAL STATUS` lists those that `--max-load` and `--critical-load` can name")
}

fn no_number(name: &str, text: &str) -> Error {
    Error::refused("unknown_status_variable", format!("`{name}` is no number but `{text}`"))
        .hint("name a status variable that counts, such as `Threads_running`")
}
