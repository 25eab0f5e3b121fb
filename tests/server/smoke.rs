//! A server starts, and a session of ours has its settings.

use zosc::mysql::{Flavour, Session};

use crate::plan::ground::server_at;
use crate::support::each::on_all;
use crate::support::mysqld::{Database, shared_url};

async fn a_session_has_its_settings(database: Database) {
    let server = server_at(&shared_url(database), "root").await;
    let (flavour, family) = match database {
        Database::Mysql => (Flavour::Mysql, (8, 0)..(10, 0)),
        Database::Mariadb => (Flavour::Mariadb, (10, 11)..(10, 12)),
        Database::Mariadb118 => (Flavour::Mariadb, (11, 8)..(11, 9)),
    };
    let facts = server.facts();
    assert_eq!(facts.flavour, flavour);
    let (major, minor, _) = facts.version;
    assert!(family.contains(&(major, minor)), "{facts:?}");
    assert!(facts.uuid.len() >= 32, "{facts:?}");
    let mut session: Session = server.session().await.unwrap();
    let zone: String = session.one("SELECT @@SESSION.time_zone").await.unwrap();
    assert_eq!(zone, "+00:00");
    session.close().await.unwrap();
}

on_all!(a_session_has_its_settings);
