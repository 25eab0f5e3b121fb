//! The replicas that the server knows.

use std::collections::BTreeSet;

use mysql_async::Row;

use crate::error::{Error, Result};
use crate::mysql::{Fault, Server, Session};
use crate::settings::Replica;

/// A replica as the server's register has it.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// As it reports itself (`report_host`); empty when it does not.
    host: String,
    /// 0 for a program that only reads the log.
    port: u16,
}

/// Those that are connected now, with the account that we have on the server.
pub(super) async fn replicas(server: &Server, session: &mut Session) -> Result<Vec<Replica>> {
    let entries = registered(session).await?;
    let readers = if entries.iter().any(Entry::is_nameless) {
        readers(session, &server.presence().ids()).await?
    } else {
        BTreeSet::new()
    };
    let primary = server.connection();
    addresses(&entries, &readers, primary.port)
        .into_iter()
        .map(|(host, port)| {
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            Replica::at(&format!("{host}:{port}"), primary)
        })
        .collect()
}

impl Entry {
    fn is_nameless(&self) -> bool {
        self.host.is_empty() && self.port != 0
    }
}

/// By the names that they report; for those that report none, by where the log is sent to.
fn addresses(entries: &[Entry], readers: &BTreeSet<String>, port: u16) -> BTreeSet<(String, u16)> {
    let named = entries.iter().filter(|entry| !entry.host.is_empty() && entry.port != 0);
    let mut found: BTreeSet<_> = named.map(|entry| (entry.host.clone(), entry.port)).collect();
    if entries.iter().any(Entry::is_nameless) {
        let is_new = |host: &&String| !found.iter().any(|(known, _)| known == *host);
        let new: Vec<_> = readers.iter().filter(is_new).map(|host| (host.clone(), port)).collect();
        found.extend(new);
    }
    found
}

async fn registered(session: &mut Session) -> Result<Vec<Entry>> {
    let rows: Result<Vec<Row>> = match session.rows("SHOW REPLICAS").await {
        // Servers that do not know these words.
        Err(error) if error.errno() == Some(1064) => session.rows("SHOW SLAVE HOSTS").await,
        rows => rows,
    };
    let rows =
        rows.map_err(|error| if Fault::is_denied(&error) { denied(&error) } else { error })?;
    let entry = |row: Row| {
        let host: Option<Option<String>> = row.get_opt("Host").and_then(Result::ok);
        let port: Option<Option<u32>> = row.get_opt("Port").and_then(Result::ok);
        let port = port.flatten().and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        Entry { host: host.flatten().unwrap_or_default(), port }
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn denied(error: &Error) -> Error {
    let message = format!("the account may not ask for the server's replicas: {error}");
    Error::refused("discovery_denied", message)
        .hint("GRANT REPLICATION SLAVE ON *.* to it (MariaDB: also REPLICATION MASTER ADMIN)")
        .hint("or name the replicas by `--replica` instead of `--discover-replicas`")
}

/// The hosts that the server sends its log to, but for our own connections.
async fn readers(
    session: &mut Session,
    ours: &std::collections::HashSet<u32>,
) -> Result<BTreeSet<String>> {
    let rows: Vec<Row> = session.rows("SHOW PROCESSLIST").await?;
    let host = |row: &Row| {
        let id: u32 = row.get_opt("Id")?.ok()?;
        let command: String = row.get_opt("Command")?.ok()?;
        let host: String = row.get_opt("Host")?.ok()?;
        let is_reader = command.starts_with("Binlog Dump") && !ours.contains(&id);
        is_reader.then(|| host.rsplit_once(':').map_or(host.clone(), |(host, _)| host.to_owned()))
    };
    Ok(rows.iter().filter_map(host).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(host: &str, port: u16) -> Entry {
        Entry { host: host.to_owned(), port }
    }

    #[test]
    fn names_are_better_than_places() {
        let readers = BTreeSet::from(["10.0.0.7".to_owned(), "db2".to_owned()]);
        let program = entry("", 0);
        let found = addresses(&[entry("db2", 3307), program], &readers, 3306);
        assert_eq!(found, BTreeSet::from([("db2".to_owned(), 3307)]));
        let found = addresses(&[entry("db2", 3307), entry("", 3306)], &readers, 3306);
        let expected = [("10.0.0.7".to_owned(), 3306), ("db2".to_owned(), 3307)];
        assert_eq!(found, BTreeSet::from(expected));
        assert_eq!(addresses(&[], &readers, 3306), BTreeSet::new());
    }
}
