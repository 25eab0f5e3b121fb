//! A server starts, and a session of ours has its settings.

use zosc::mysql::{Connection, Flavour, Server, Tls};

use crate::support::mysqld::shared_url;

#[tokio::test]
async fn a_session_has_its_settings() {
    let url = mysql_async::Opts::from_url(&shared_url()).unwrap();
    let connection = Connection {
        host: url.ip_or_hostname().to_owned(),
        port: url.tcp_port(),
        socket: None,
        user: url.user().unwrap().to_owned(),
        password: url.pass().map(|password| password.to_owned().into()),
        tls: Tls::default(),
    };
    let server = Server::connect(&connection).await.unwrap();
    assert_eq!(server.facts().flavour, Flavour::Mysql);
    let mut session = server.session().await.unwrap();
    let zone: String = session.one("SELECT @@SESSION.time_zone").await.unwrap();
    assert_eq!(zone, "+00:00");
    session.close().await.unwrap();
}
