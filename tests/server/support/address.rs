//! Where a server of the tests listens, and sessions to it as an application would open them.

use std::path::Path;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, WhiteListFsHandler};

use super::mysqld::{Database, Mysqld, shared_url};
use super::story::LOADED;

/// What every session of the tests sets. Strict, and nothing that a value of the test data breaks.
pub const SQL_MODE: &str = "NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION";

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct Address {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Option<String>,
    pub database: Database,
}

impl Address {
    /// The server of a kind that most tests share.
    pub fn shared_on(kind: Database) -> Self {
        Self::of_url(kind, &shared_url(kind))
    }

    /// A server of the test's own.
    pub fn of(server: &Mysqld) -> Self {
        Self::of_url(server.kind, &server.url())
    }

    fn of_url(database: Database, url: &str) -> Self {
        let opts = Opts::from_url(url).unwrap();
        Self {
            host: opts.ip_or_hostname().to_owned(),
            port: opts.tcp_port(),
            user: opts.user().unwrap_or("root").to_owned(),
            password: opts.pass().map(str::to_owned),
            database,
        }
    }

    /// A session in UTC and READ COMMITTED that counts matched rows as affected.
    ///
    /// READ COMMITTED keeps the writers out of each other's gaps, so that a deadlock is never theirs.
    pub async fn connect(&self) -> Conn {
        self.try_to_connect().await.unwrap()
    }

    /// The same, where the server may be away or full.
    pub async fn try_to_connect(&self) -> Result<Conn, mysql_async::Error> {
        let opts = OptsBuilder::default()
            .ip_or_hostname(self.host.clone())
            .tcp_port(self.port)
            .user(Some(self.user.clone()))
            .pass(self.password.clone())
            .prefer_socket(false)
            .client_found_rows(true)
            .local_infile_handler(Some(WhiteListFsHandler::new([Path::new(LOADED.0)])))
            .setup(vec![
                "SET NAMES utf8mb4".to_owned(),
                format!("SET SESSION time_zone = '+00:00', sql_mode = '{SQL_MODE}'"),
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
                self.database.session().to_owned(),
            ]);
        Conn::new(opts).await
    }

    /// Runs statements one after the other in a session of their own.
    pub async fn run(&self, statements: &[&str]) {
        let mut conn = self.connect().await;
        for sql in statements {
            conn.query_drop(*sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        conn.disconnect().await.unwrap();
    }

    /// A cell of the first row that a query returns.
    pub async fn cell(&self, sql: &str, column: usize) -> Option<String> {
        let mut conn = self.connect().await;
        let row: Option<mysql_async::Row> =
            conn.query_first(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        conn.disconnect().await.unwrap();
        row.and_then(|row| row.get(column).unwrap())
    }
}
