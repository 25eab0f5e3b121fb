//! The two families of servers, and the words in which they differ.

/// Which family the server is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// MySQL and its builds.
    Mysql,
    /// MariaDB.
    Mariadb,
}

impl Flavour {
    /// Both families.
    pub const ALL: [Self; 2] = [Self::Mysql, Self::Mariadb];

    /// As it is written.
    pub fn family(self) -> &'static str {
        match self {
            Self::Mysql => "MySQL",
            Self::Mariadb => "MariaDB",
        }
    }

    /// From `@@version`.
    pub(super) fn of_version(text: &str) -> Self {
        if text.to_ascii_lowercase().contains("mariadb") { Self::Mariadb } else { Self::Mysql }
    }

    /// The clause by which a read takes a shared lock on its rows. MySQL knows MariaDB's too, but has
    /// deprecated it, and asks for more rights with it.
    pub fn shared_lock(self) -> &'static str {
        match self {
            Self::Mysql => "FOR SHARE",
            Self::Mariadb => "LOCK IN SHARE MODE",
        }
    }

    /// `SELECT list` that the server ends after so many seconds; the error is then
    /// [`Self::is_too_slow`].
    pub fn select_within(self, seconds: u32, list: &str) -> String {
        match self {
            Self::Mysql => format!("SELECT /*+ MAX_EXECUTION_TIME({}) */ {list}", seconds * 1000),
            Self::Mariadb => {
                format!("SET STATEMENT max_statement_time = {seconds} FOR SELECT {list}")
            }
        }
    }

    /// Whether this error number says that a statement was ended for the time it took.
    pub fn is_too_slow(self, errno: Option<u16>) -> bool {
        match self {
            Self::Mysql => errno == Some(3024),
            Self::Mariadb => errno == Some(1969),
        }
    }

    /// An expression that tells the server from any other one that might answer in its place, and
    /// that a restart does not change.
    ///
    /// `MariaDB` has no id of its own in its data. Servers of one topology differ by `server_id`
    /// (replication insists on it); servers that have nothing to do with each other may all have the
    /// default, but then differ by machine, port or data directory. `server_uid` (a hash of the
    /// network card and the port) does not exist everywhere, and is then nothing. A restart may
    /// change these only if it moves the server, which is as good as another server.
    pub(crate) fn identity(self) -> &'static str {
        match self {
            Self::Mysql => "@@GLOBAL.server_uuid",
            Self::Mariadb => {
                "MD5(CONCAT_WS('|', @@GLOBAL.server_id, @@hostname, @@port, @@datadir, \
                 (SELECT variable_value FROM information_schema.global_variables \
                 WHERE variable_name = 'SERVER_UID')))"
            }
        }
    }
}
