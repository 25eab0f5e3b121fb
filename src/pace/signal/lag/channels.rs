//! What a replica says of where its changes come from.

use std::time::Duration;

use mysql_async::Row;

use crate::error::{Error, Result};
use crate::mysql::{Facts, Fault, Flavour, Session};

/// A server reckons a delay that is asked for in whole seconds, at both ends.
const COARSE: Duration = Duration::from_secs(1);

/// How late it is meant to be: the channel that comes from our server tells, or the only one. An
/// account that may not ask takes it for nothing.
pub(super) async fn delay(session: &mut Session, source: &Facts) -> Result<Duration> {
    let channels = match all(session).await {
        Err(error) if Fault::is_denied(&error) => Vec::new(),
        channels => channels?,
    };
    let is_ours = |row: &&Row| {
        ["Source_UUID", "Master_UUID"].iter().any(|name| text(row, name) == source.uuid)
            || text(row, "Master_Server_Id") == source.server_id.to_string()
    };
    let ours = channels.iter().find(is_ours).or(match &channels[..] {
        [only] => Some(only),
        _ => None,
    });
    Ok(ours.map_or(Duration::ZERO, meant))
}

/// How far the server itself is behind what it replicates, by its own reckoning; the channel that is
/// behind most counts.
pub(in crate::pace::signal) async fn behind(session: &mut Session) -> Result<Duration> {
    let channels = all(session).await?;
    let each = channels.iter().map(|row| {
        let seconds = ["Seconds_Behind_Source", "Seconds_Behind_Master"];
        let seconds = seconds.iter().find_map(|name| text(row, name).parse().ok());
        let seconds = seconds.ok_or_else(|| {
            Error::not_ready("replication_stopped", "the replica does not say how far it is behind")
        })?;
        Ok(Duration::from_secs(seconds).saturating_sub(meant(row)))
    });
    each.collect::<Result<Vec<_>>>()?
        .into_iter()
        .max()
        .ok_or_else(|| Error::not_ready("not_a_replica", "the server does not replicate any more"))
}

fn meant(row: &Row) -> Duration {
    match text(row, "SQL_Delay").parse() {
        Ok(0) | Err(_) => Duration::ZERO,
        Ok(seconds) => Duration::from_secs(seconds) + COARSE,
    }
}

async fn all(session: &mut Session) -> Result<Vec<Row>> {
    match session.flavour() {
        Flavour::Mariadb => session.rows("SHOW ALL SLAVES STATUS").await,
        Flavour::Mysql => match session.rows("SHOW REPLICA STATUS").await {
            // Servers that do not know these words.
            Err(error) if error.errno() == Some(1064) => session.rows("SHOW SLAVE STATUS").await,
            channels => channels,
        },
    }
}

/// Empty when there is no such column.
fn text(row: &Row, name: &str) -> String {
    let value: Option<Option<Vec<u8>>> = row.get_opt(name).and_then(std::result::Result::ok);
    String::from_utf8_lossy(&value.flatten().unwrap_or_default()).into_owned()
}
