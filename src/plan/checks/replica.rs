//! Whether the server applies what another one has changed.

use mysql_async::Row;

use crate::error::Result;
use crate::mysql::{Process, Session};

/// Each family and age of servers has its own words for it.
const STATEMENTS: [&str; 3] =
    ["SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS"];

/// Whether replication is set up here, running or not. Where the account may not ask, its threads are
/// looked for, so one that is stopped is not seen.
pub(super) async fn applies_changes(session: &mut Session) -> Result<bool> {
    for statement in STATEMENTS {
        match session.rows::<Row>(statement).await {
            Ok(channels) => return Ok(channels.iter().any(applies)),
            Err(error) => match error.errno() {
                Some(1064) => {}
                Some(1227) => break,
                _ => return Err(error),
            },
        }
    }
    // What replication does is done by the system's own user; the engine's helpers are daemons.
    let all = Process::all(session).await?;
    Ok(all.iter().any(|process| process.user == "system user" && process.command != "Daemon"))
}

/// A group's own channels apply changes only on its secondaries, which take no writes.
fn applies(channel: &Row) -> bool {
    let name: Option<String> = channel.get("Channel_Name");
    !name.is_some_and(|name| name.starts_with("group_replication_"))
}
