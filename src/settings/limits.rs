//! What the server, its replicas and the operator allow.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use super::Window;
use crate::error::{Error, Result};
use crate::mysql::{Connection, Login};

/// What slows the work down or stops it. A limit that is `None` or empty is not looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// How far replicas may be behind, what their own `SOURCE_DELAY` asks for not counted.
    pub max_lag: Duration,
    /// Whose lag is looked at.
    pub replicas: Replicas,
    /// Status variables beyond which work rests; ours is subtracted where it counts.
    pub max_load: Vec<Threshold>,
    /// Status variables beyond which the run stops, to be gone on with later.
    pub critical_load: Vec<Threshold>,
    /// A query whose first value must be 0 (or no row) for work to go on.
    pub query: Option<String>,
    /// An address that must answer with a status of 200 to 299 for work to go on.
    pub http: Option<Url>,
    /// Files of which none may exist for work to go on.
    pub flag_files: Vec<PathBuf>,
    /// Times of the day outside of which work rests; none is always.
    pub windows: Vec<Window>,
    /// The mean time that the application's writing statements may take.
    pub max_write_latency: Option<Duration>,
    /// How many transactions InnoDB may have to keep old row versions for.
    pub max_history: Option<u64>,
    /// How far our own capture may be behind the server before the copy rests for its sake.
    pub max_capture_lag: Duration,
    /// The least bytes that must be free on the server's disk, where that can be read.
    pub min_disk_free: Option<u64>,
}

/// Replicas to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replicas {
    /// These.
    pub named: Vec<Replica>,
    /// Also those that the server knows, asked for as long as the run goes on.
    pub discover: bool,
    /// Also the server itself, because it is one.
    pub itself: bool,
}

/// A replica.
#[derive(Debug, Clone)]
pub struct Replica {
    /// `host:port` or the socket's path, for people.
    pub name: String,
    /// How to reach it.
    pub connection: Connection,
}

/// A status variable and what it must stay below.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As `SHOW GLOBAL STATUS` has it.
    pub variable: String,
    /// From here on it is too much.
    pub limit: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_lag: Duration::from_secs(1),
            replicas: Replicas::default(),
            max_load: Vec::new(),
            critical_load: Vec::new(),
            query: None,
            http: None,
            flag_files: Vec::new(),
            windows: Vec::new(),
            max_write_latency: None,
            max_history: None,
            max_capture_lag: Duration::from_secs(10),
            min_disk_free: None,
        }
    }
}

impl Replica {
    /// At `host`, `host:port` or a whole `mysql://` URL; with the primary's account and TLS settings
    /// where that does not name others.
    pub fn at(address: &str, primary: &Connection) -> Result<Self> {
        let address = address.trim();
        if address.is_empty() {
            return Err(Error::usage("no_replica", "a replica is named by nothing")
                .hint("write `host`, `host:port` or `mysql://user@host:port`"));
        }
        let has_scheme = address.contains("://");
        let url = if has_scheme { address.to_owned() } else { format!("mysql://{address}") };
        let mut login = Login::from_url(&url)?;
        login.database = None;
        let elsewhere = Login { socket: None, host: None, port: None, ..Login::of(primary) };
        // Another account has another password, or none.
        let elsewhere = match login.user {
            Some(_) => Login { password: None, ..elsewhere },
            None => elsewhere,
        };
        let connection = login.or(elsewhere).connection()?;
        Ok(Self { name: connection.place(), connection })
    }
}

impl PartialEq for Replica {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// `Threads_running=30`.
impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let unclear =
            || format!("`{text}` must be a status variable and a number: Threads_running=30");
        let (variable, limit) = text.split_once('=').ok_or_else(unclear)?;
        let (variable, limit) = (variable.trim(), limit.trim());
        let is_name = !variable.is_empty()
            && variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let limit: f64 = limit.parse().map_err(|_| unclear())?;
        if !is_name || !limit.is_finite() || limit <= 0.0 {
            return Err(unclear());
        }
        Ok(Self { variable: variable.to_owned(), limit })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.variable, self.limit)
    }
}

impl Threshold {
    /// Several, divided by commas; none in an empty text.
    pub fn list(text: &str) -> std::result::Result<Vec<Self>, String> {
        text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_replica_has_the_primarys_account_unless_it_names_another() {
        let primary = Login::from_url("mysql://admin:secret@db1:3307/shop?ssl-mode=required");
        let primary = primary.unwrap().connection().unwrap();
        let replica = |address| Replica::at(address, &primary).unwrap();
        let password = |replica: &Replica| {
            replica.connection.password.as_ref().map(|it| it.expose_secret().to_owned())
        };
        let same = replica("db2");
        assert_eq!((&*same.name, &*same.connection.user), ("db2:3306", "admin"));
        assert_eq!(password(&same).as_deref(), Some("secret"));
        assert_eq!(same.connection.tls, primary.tls);
        assert_eq!(replica("10.0.0.7:3310").name, "10.0.0.7:3310");
        let other = replica("mysql://watch@db3:3308/?ssl-mode=disabled");
        assert_eq!((&*other.name, &*other.connection.user), ("db3:3308", "watch"));
        assert_eq!(password(&other), None, "a password goes to its own account only");
        assert!(Replica::at("", &primary).is_err());
    }

    #[test]
    fn thresholds_are_read_and_written_alike() {
        let all =
            Threshold::list("Threads_running=30, Innodb_row_lock_current_waits=2.5,").unwrap();
        let words: Vec<String> = all.iter().map(Threshold::to_string).collect();
        assert_eq!(words, ["Threads_running=30", "Innodb_row_lock_current_waits=2.5"]);
        assert_eq!(Threshold::list("").unwrap(), []);
        for wrong in
            ["Threads_running", "=3", "Threads_running=x", "Threads_running=0", "a b=1", "a=inf"]
        {
            assert!(wrong.parse::<Threshold>().is_err(), "{wrong}");
        }
    }
}
