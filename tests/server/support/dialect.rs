//! What the two families of servers spell differently.

use super::mysqld::Database;

impl Database {
    pub fn is_mysql(self) -> bool {
        self == Self::Mysql
    }

    /// Whether it is a MariaDB of any version.
    pub fn is_mariadb(self) -> bool {
        !self.is_mysql()
    }

    /// Whether `innodb_snapshot_isolation` is on by default: then an update waits for rows in its
    /// range that others have locked, even if they would not match.
    pub fn isolates_snapshots(self) -> bool {
        self == Self::Mariadb118
    }

    /// One of two spellings.
    pub fn either<T>(self, mysql: T, mariadb: T) -> T {
        if self.is_mysql() { mysql } else { mariadb }
    }

    /// The table of connections. On MySQL that of `information_schema` cannot be read while anybody's
    /// statement has a character of four bytes.
    pub fn processes(self) -> &'static str {
        self.either("performance_schema.processlist", "information_schema.processlist")
    }

    /// What a session of the tests sets besides what both have.
    pub fn session(self) -> &'static str {
        self.either("SET SESSION information_schema_stats_expiry = 0", "DO 0")
    }
}
