//! Connecting: who is let in, what TLS modes promise, and that our session is our own.

use std::path::PathBuf;

use mysql_async::prelude::Queryable;
use zosc::error::{Error, Kind};
use zosc::mysql::{Connection, Login, Server, TlsMode};

use crate::plan::ground::server_at;
use crate::support::each::{on_both, on_mariadb};
use crate::support::mysqld::{Database, Mysqld, shared_url};

const PASSWORD: &str = "s3cret-of-the-test";

fn connection(url: &str, user: &str, password: Option<&str>) -> Connection {
    let login = Login {
        user: Some(user.to_owned()),
        password: password.map(|password| password.to_owned().into()),
        ..Login::default()
    };
    login.or(Login::from_url(url).unwrap()).connection().unwrap()
}

fn with_tls(url: &str, mode: TlsMode, ca: Option<PathBuf>) -> Connection {
    let mut connection = connection(url, "root", None);
    connection.tls.mode = mode;
    connection.tls.ca = ca;
    connection
}

fn certificate(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/server/certs").join(name)
}

async fn as_root(url: &str, statements: &[&str]) {
    let mut conn = mysql_async::Conn::from_url(url).await.unwrap();
    for statement in statements {
        conn.query_drop(*statement).await.unwrap();
    }
    conn.disconnect().await.unwrap();
}

async fn refusal(connection: &Connection) -> Error {
    let error = Server::connect(connection).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotReady, "{error:?}");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    error
}

/// The cipher of a later session, not of the first connection: it must be as safe.
async fn cipher(connection: &Connection) -> String {
    let server = Server::connect(connection).await.unwrap();
    let mut session = server.session().await.unwrap();
    let (_, cipher): (String, String) =
        session.one("SHOW SESSION STATUS LIKE 'Ssl_cipher'").await.unwrap();
    session.close().await.unwrap();
    cipher
}

async fn a_wrong_password_is_access_denied(database: Database) {
    let url = shared_url(database);
    as_root(&url, &["CREATE USER locked@'%' IDENTIFIED BY 'right'"]).await;
    let error = refusal(&connection(&url, "locked", Some(PASSWORD))).await;
    assert_eq!(error.code, "access_denied");
    assert_eq!(error.errno(), Some(1045));
    assert!(error.message.contains("`locked`"), "{}", error.message);

    let error = refusal(&connection(&url, "locked", None)).await;
    assert!(error.hints[0].contains("--password-file"), "{error:?}");
}

#[tokio::test]
async fn an_account_that_requires_tls() {
    let url = shared_url(Database::Mysql);
    as_root(
        &url,
        &[
            "CREATE USER safe@'%' IDENTIFIED BY 'pw' REQUIRE SSL",
            "GRANT ALL ON *.* TO safe@'%'",
            "CREATE USER safer@'%' IDENTIFIED BY 'pw' REQUIRE X509",
        ],
    )
    .await;
    let mut safe = connection(&url, "safe", Some("pw"));
    safe.tls.mode = TlsMode::Disabled;
    let error = refusal(&safe).await;
    assert_eq!(error.code, "access_denied");
    assert!(error.hints.iter().any(|hint| hint.contains("--ssl-mode required")), "{error:?}");
    for mode in [TlsMode::Preferred, TlsMode::Required] {
        safe.tls.mode = mode;
        assert_ne!(cipher(&safe).await, "");
    }

    let error = refusal(&connection(&url, "safer", Some("pw"))).await;
    assert!(error.hints.iter().any(|hint| hint.contains("--ssl-cert")), "{error:?}");
}

/// The settings of a session may not ask for more than a careful administrator grants.
async fn an_account_with_few_rights(database: Database) {
    let url = shared_url(database);
    as_root(
        &url,
        &[
            "CREATE USER migrator@'%' IDENTIFIED BY 'pw'",
            "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO migrator@'%'",
        ],
    )
    .await;
    let server = Server::connect(&connection(&url, "migrator", Some("pw"))).await.unwrap();
    server.session().await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_the_server_made_for_itself() {
    let server = Mysqld::start(Database::Mysql, &[]);
    let own_ca = server.socket().with_file_name("data").join("ca.pem");
    let url = server.url();
    assert_ne!(cipher(&with_tls(&url, TlsMode::Preferred, None)).await, "");
    assert_ne!(cipher(&with_tls(&url, TlsMode::Required, None)).await, "");
    assert_eq!(cipher(&with_tls(&url, TlsMode::Disabled, None)).await, "");

    // It bears no name, so it fails closed and says why and what would work.
    for mode in [TlsMode::VerifyCa, TlsMode::VerifyIdentity] {
        let error = refusal(&with_tls(&url, mode, Some(own_ca.clone()))).await;
        assert_eq!(error.code, "tls_wrong_name", "{error:?}");
        let explained = error.hints.iter().any(|hint| hint.contains("`required`"));
        assert_eq!(explained, mode == TlsMode::VerifyCa, "{error:?}");
        let error = refusal(&with_tls(&url, mode, None)).await;
        assert_eq!(error.code, "tls_unknown_issuer");
    }

    // The Unix socket needs no TLS, and says so when it is asked to have it.
    let mut local = with_tls(&url, TlsMode::Preferred, None);
    local.socket = Some(server.socket());
    let session = Server::connect(&local).await.unwrap().session().await;
    let mut session = session.unwrap();
    let from: String = session
        .one("SELECT connection_type FROM performance_schema.threads WHERE processlist_id = CONNECTION_ID()")
        .await
        .unwrap();
    assert_eq!(from, "Socket");
    session.close().await.unwrap();
    local.tls.mode = TlsMode::Required;
    assert_eq!(Server::connect(&local).await.unwrap_err().code, "tls_over_socket");
}

async fn a_certificate_that_bears_the_servers_name(database: Database) {
    let option = |name: &str, file: &str| format!("--{name}={}", certificate(file).display());
    let server = Mysqld::start(
        database,
        &[
            &option("ssl-ca", "ca.pem"),
            &option("ssl-cert", "server-cert.pem"),
            &option("ssl-key", "server-key.pem"),
        ],
    );
    let url = server.url();
    let ca = Some(certificate("ca.pem"));
    for mode in [TlsMode::VerifyCa, TlsMode::VerifyIdentity] {
        assert_ne!(cipher(&with_tls(&url, mode, ca.clone())).await, "");
    }
    let mut elsewhere = with_tls(&url, TlsMode::VerifyIdentity, ca.clone());
    elsewhere.host = "localhost".into();
    assert_eq!(refusal(&elsewhere).await.code, "tls_wrong_name");

    as_root(&url, &["ALTER USER root@localhost REQUIRE X509"]).await;
    let mut known = with_tls(&url, TlsMode::VerifyCa, ca);
    assert_eq!(refusal(&known).await.code, "access_denied");
    known.tls.cert = Some(certificate("client-cert.pem"));
    known.tls.key = Some(certificate("client-key.pem"));
    assert_ne!(cipher(&known).await, "");
}

/// A server that does all it can to make our sessions differ, and that offers no TLS.
#[tokio::test]
async fn hostile_defaults_do_not_reach_our_session() {
    let server = Mysqld::start(
        Database::Mysql,
        &["--tls-version=", "--default-time-zone=+05:45", "--character-set-server=latin1"],
    );
    let url = server.url();
    as_root(
        &url,
        &[
            "SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH'",
            "SET GLOBAL max_execution_time = 1",
            "SET GLOBAL sql_select_limit = 1",
            "SET GLOBAL sql_safe_updates = ON",
            "SET GLOBAL autocommit = OFF",
            "SET GLOBAL transaction_isolation = 'SERIALIZABLE'",
            "SET GLOBAL transaction_read_only = ON",
            "SET GLOBAL foreign_key_checks = OFF",
            "SET GLOBAL completion_type = 'RELEASE'",
            "SET GLOBAL innodb_strict_mode = OFF",
            "CREATE USER migrator@localhost",
            "SET GLOBAL max_join_size = 1",
            "SET GLOBAL lock_wait_timeout = 31536000",
            "SET GLOBAL wait_timeout = 4",
        ],
    )
    .await;
    let server = Server::connect(&with_tls(&url, TlsMode::Preferred, None)).await.unwrap();
    let mut session = server.session().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let rows: Vec<i64> = session.rows("SELECT 1 UNION ALL SELECT 2").await.unwrap();
    assert_eq!(rows, [1, 2]);
    let slept: i64 = session.one("SELECT SLEEP(0.05)").await.unwrap();
    assert_eq!(slept, 0);
    let seen: (String, String, i64, i64, String) = session
        .one(
            "SELECT @@time_zone, CONCAT(\"a\", '\\n'), @@autocommit, @@lock_wait_timeout, \
             @@transaction_isolation",
        )
        .await
        .unwrap();
    assert_eq!(seen, ("+00:00".into(), "a\n".into(), 1, 5, "READ-COMMITTED".into()));
    session.run("CREATE DATABASE hostile").await.unwrap();
    session.run("CREATE TABLE hostile.t (id INT PRIMARY KEY)").await.unwrap();
    session.begin().await.unwrap();
    session.run("INSERT INTO hostile.t VALUES (0), (1)").await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(session.run("DELETE FROM hostile.t WHERE id IS NOT NULL").await.unwrap(), 2);
    session.close().await.unwrap();

    let error = refusal(&connection(&url, "migrator", None)).await;
    assert_eq!(error.code, "setting_not_taken");
    assert!(error.hints[0].contains("SESSION_VARIABLES_ADMIN"), "{error:?}");

    let error = refusal(&with_tls(&url, TlsMode::Required, None)).await;
    assert_eq!(error.code, "tls_not_offered");
}

/// The same of MariaDB, whose own settings are others.
async fn marias_hostile_defaults_do_not_reach_our_session(database: Database) {
    let mysqld = Mysqld::start(
        database,
        &["--default-time-zone=+05:45", "--character-set-server=latin1", "--query-cache-type=1"],
    );
    let url = mysqld.url();
    as_root(
        &url,
        &[
            "SET GLOBAL sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH'",
            "SET GLOBAL old_mode = 'UTF8_IS_UTF8MB3,ZERO_DATE_TIME_CAST'",
            "SET GLOBAL max_statement_time = 0.01",
            "SET GLOBAL sql_select_limit = 1",
            "SET GLOBAL sql_safe_updates = ON",
            "SET GLOBAL autocommit = OFF",
            "SET GLOBAL tx_isolation = 'SERIALIZABLE'",
            "SET GLOBAL tx_read_only = ON",
            "SET GLOBAL innodb_snapshot_isolation = ON",
            "SET GLOBAL idle_transaction_timeout = 1",
            "SET GLOBAL idle_readonly_transaction_timeout = 1",
            "SET GLOBAL check_constraint_checks = OFF",
            "SET GLOBAL foreign_key_checks = OFF",
            "SET GLOBAL completion_type = 'RELEASE'",
            "SET GLOBAL innodb_strict_mode = OFF",
            "SET GLOBAL in_predicate_conversion_threshold = 2",
            "SET GLOBAL system_versioning_asof = '2000-01-01 00:00:00'",
            "SET GLOBAL system_versioning_alter_history = 'KEEP'",
            "SET GLOBAL lock_wait_timeout = 31536000",
            "SET GLOBAL wait_timeout = 4",
        ],
    )
    .await;
    let server = server_at(&url, "root").await;
    let mut session = server.session().await.unwrap();
    let mut twin = server.session().await.unwrap();
    session.run("CREATE DATABASE hostile").await.unwrap();
    session.run("CREATE TABLE hostile.t (id INT PRIMARY KEY, c INT CHECK (c > 0))").await.unwrap();
    session.begin().await.unwrap();
    session.run("INSERT INTO hostile.t VALUES (0, 1), (1, 1)").await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    session.commit().await.unwrap();
    let seen: (String, String, String) =
        session.one("SELECT @@time_zone, CONCAT(\"a\", '', '\\n'), @@tx_isolation").await.unwrap();
    assert_eq!(seen, ("+00:00".into(), "a\n".into(), "READ-COMMITTED".into()));
    let checked = session.run("INSERT INTO hostile.t VALUES (2, 0)").await.unwrap_err();
    assert_eq!(checked.errno(), Some(4025));

    // A row that changed since our transaction began can be locked and changed all the same.
    session.begin().await.unwrap();
    let rows: Vec<i64> = session.rows("SELECT id FROM hostile.t").await.unwrap();
    assert_eq!(rows, [0, 1]);
    twin.run("UPDATE hostile.t SET c = 2").await.unwrap();
    let lock = session.flavour().shared_lock();
    let read = format!("SELECT c FROM hostile.t WHERE id = 1 {lock}");
    assert_eq!(session.one::<i64>(read).await.unwrap(), 2);
    assert_eq!(session.run("DELETE FROM hostile.t WHERE id IN (0, 1)").await.unwrap(), 2);
    session.commit().await.unwrap();

    // What the user wrote is understood as the server's other clients would.
    let mut user = server.session_for_user_sql("hostile").await.unwrap();
    let modes: (String, String) = user.one("SELECT @@sql_mode, @@old_mode").await.unwrap();
    assert!(modes.0.contains("ORACLE") && modes.1.contains("UTF8_IS_UTF8MB3"), "{modes:?}");
    for session in [session, twin, user] {
        session.close().await.unwrap();
    }
}

/// InnoDB refuses writes of ours in sessions that log statements.
async fn a_server_that_logs_statements(database: Database) {
    let mysqld = Mysqld::start(database, &["--binlog-format=STATEMENT"]);
    let url = mysqld.url();
    as_root(&url, &["CREATE USER migrator@localhost"]).await;
    let server = server_at(&url, "root").await;
    let mut session = server.session().await.unwrap();
    session.run("CREATE DATABASE logged").await.unwrap();
    session.run("CREATE TABLE logged.t (id INT PRIMARY KEY)").await.unwrap();
    assert_eq!(session.run("INSERT INTO logged.t VALUES (1)").await.unwrap(), 1);
    session.close().await.unwrap();

    let error = refusal(&connection(&url, "migrator", None)).await;
    assert_eq!(error.code, "setting_not_taken");
    assert!(error.message.contains("binlog_format"), "{error}");
    let right = database.either("SESSION_VARIABLES_ADMIN", "BINLOG ADMIN");
    assert!(error.hints[0].contains(right), "{error:?}");

    // Without a binary log there is nothing to ask for.
    let silent = Mysqld::start(database, &["--skip-log-bin", "--binlog-format=STATEMENT"]);
    as_root(&silent.url(), &["CREATE USER migrator@localhost"]).await;
    server_at(&silent.url(), "migrator").await.session().await.unwrap().close().await.unwrap();
}

/// MariaDB has no id in its data: what it has instead stays, and is not another server's.
async fn a_server_is_known_again(database: Database) {
    let server = server_at(&shared_url(database), "root").await;
    let again = server_at(&shared_url(database), "root").await;
    assert_eq!(server.facts(), again.facts());

    let mysqld = Mysqld::start(database, &[]);
    let other = server_at(&mysqld.url(), "root").await;
    assert_ne!(server.facts().uuid, other.facts().uuid);
    // As if a replica answered.
    as_root(&mysqld.url(), &["SET GLOBAL server_id = 77"]).await;
    let error = other.session().await.unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Resumable, "other_server"));
}

#[tokio::test]
async fn nobody_listens() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("mysql://root:{PASSWORD}@127.0.0.1:{free}/");
    let error = refusal(&Login::from_url(&url).unwrap().connection().unwrap()).await;
    assert_eq!(error.code, "cannot_connect");
    assert!(error.message.contains(&format!("127.0.0.1:{free}")), "{}", error.message);
}

#[tokio::test]
async fn files_that_are_not_there() {
    let url = "mysql://root@127.0.0.1:1/";
    let missing = with_tls(url, TlsMode::VerifyCa, Some("/no/such/ca.pem".into()));
    let error = Server::connect(&missing).await.unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::Usage, "tls_file"));
    let mut half = with_tls(url, TlsMode::Required, None);
    half.tls.cert = Some(certificate("client-cert.pem"));
    assert_eq!(Server::connect(&half).await.unwrap_err().code, "tls_identity");
}

on_both!(
    a_wrong_password_is_access_denied,
    an_account_with_few_rights,
    a_certificate_that_bears_the_servers_name,
    a_server_that_logs_statements,
);
on_mariadb!(marias_hostile_defaults_do_not_reach_our_session, a_server_is_known_again);
