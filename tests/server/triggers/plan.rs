//! Which capture is chosen, and why.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use zosc::capture::Mode;
use zosc::error::Kind;
use zosc::plan::{Method, draw};
use zosc::request::Request;
use zosc::schema::{Firing, Helper};

use crate::plan::ground::{Ground, server_at};
use crate::support::each::on_both;
use crate::support::mysqld::{Database, Mysqld, shared_url};

on_both!(
    the_format_of_the_log_decides,
    no_log_at_all,
    rights_that_do_not_reach_triggers,
    a_replica,
    names_that_are_taken
);

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, v INT)";

/// The mode and the reason, or the error's slug and message.
async fn chosen(ground: &mut Ground, asked: Option<Mode>) -> (String, String) {
    let request = Request { capture: asked, copy: true, ..ground.request("t", "ADD COLUMN c INT") };
    match ground.try_draw(&request).await {
        Ok(plan) => {
            let Method::Copy(copy) = plan.method else { panic!("no copy: {}", plan.reason) };
            (copy.capture.word().to_owned(), copy.capture_reason)
        }
        Err(error) => {
            assert_eq!(error.kind, Kind::NotReady, "{error}");
            assert!(!error.hints.is_empty(), "no way out: {error}");
            (error.code.to_owned(), error.message)
        }
    }
}

async fn the_format_of_the_log_decides(kind: Database) {
    let mysqld = Mysqld::start(kind, &[]);
    let server = server_at(&mysqld.url(), "root").await;
    let mut ground = Ground::laid_on(server, "trg_format", &[TABLE]).await;
    let (mode, why) = chosen(&mut ground, None).await;
    assert_eq!(
        (mode.as_str(), why.as_str()),
        ("binlog", "the binary log has every change as rows")
    );
    assert_eq!(chosen(&mut ground, Some(Mode::Triggers)).await.0, "triggers");

    ground.session.run("SET GLOBAL binlog_format = 'MIXED'").await.unwrap();
    let (mode, why) = chosen(&mut ground, None).await;
    assert_eq!(mode, "triggers");
    assert!(why.contains("`binlog_format` is MIXED"), "{why}");
    let (code, message) = chosen(&mut ground, Some(Mode::Binlog)).await;
    assert_eq!(code, "binlog_format");
    assert!(message.starts_with("`--capture binlog`"), "{message}");

    ground.session.run("SET GLOBAL binlog_format = 'STATEMENT'").await.unwrap();
    let (code, message) = chosen(&mut ground, None).await;
    assert_eq!(code, "no_capture");
    assert!(message.contains("changed rows are not in the log"), "{message}");
    assert!(message.contains("what the triggers write is unsafe"), "{message}");
    ground.gone().await;
}

async fn no_log_at_all(kind: Database) {
    let mysqld = Mysqld::start(kind, &["--skip-log-bin", "--innodb-autoinc-lock-mode=0"]);
    let server = server_at(&mysqld.url(), "root").await;
    let mut ground = Ground::laid_on(server, "trg_no_log", &[TABLE]).await;
    let (code, message) = chosen(&mut ground, None).await;
    assert_eq!(code, "no_capture");
    assert!(message.contains("writes no binary log"), "{message}");
    assert!(message.contains("innodb_autoinc_lock_mode"), "{message}");
    drop(ground);
    drop(mysqld);
    let mysqld = Mysqld::start(kind, &["--skip-log-bin"]);
    let server = server_at(&mysqld.url(), "root").await;
    let mut ground = Ground::laid_on(server, "trg_no_log", &[TABLE]).await;
    assert_eq!(chosen(&mut ground, None).await.0, "triggers");
    ground.gone().await;
}

/// Each would let the plan pass and then fail the application's statements, or the making of the
/// triggers.
async fn rights_that_do_not_reach_triggers(kind: Database) {
    let mysqld = Mysqld::start(kind, &[]);
    let url = mysqld.url();
    let root = server_at(&url, "root").await;
    let mut ground = Ground::laid_on(root, "trg_rights", &[TABLE]).await;
    let mut app = Conn::from_url(&url).await.unwrap();
    let schema_rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, TRIGGER, LOCK TABLES";
    for sql in [
        "CREATE USER plain, by_role",
        "CREATE ROLE rights",
        &format!("GRANT {schema_rights} ON trg_rights.* TO plain"),
        "GRANT ALL ON _zosc.* TO plain",
        "GRANT PROCESS ON *.* TO plain",
        &format!("GRANT {schema_rights} ON trg_rights.* TO rights"),
        "GRANT ALL ON _zosc.* TO rights",
        "GRANT PROCESS, SUPER ON *.* TO rights",
        "GRANT rights TO by_role",
    ] {
        app.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    let role = if kind == Database::Mysql {
        "SET GLOBAL activate_all_roles_on_login = ON"
    } else {
        "SET DEFAULT ROLE rights FOR by_role"
    };
    app.query_drop(role).await.unwrap();

    ground.server = server_at(&url, "plain").await;
    let (code, message) = chosen(&mut ground, Some(Mode::Triggers)).await;
    assert_eq!(code, "triggers_not_trusted", "{message}");
    let (code, message) = chosen(&mut ground, None).await;
    assert_eq!(code, "no_capture");
    assert!(message.contains("REPLICATION SLAVE"), "{message}");
    app.query_drop("SET GLOBAL log_bin_trust_function_creators = 1").await.unwrap();
    let (mode, why) = chosen(&mut ground, None).await;
    assert_eq!(mode, "triggers", "{why}");
    assert!(why.contains("REPLICATION SLAVE"), "{why}");

    ground.server = server_at(&url, "by_role").await;
    let (code, message) = chosen(&mut ground, Some(Mode::Triggers)).await;
    assert_eq!(code, "triggers_do_not_work", "{message}");
    ground.gone().await;
}

/// Rows that replication changes fire no triggers here, whether or not it runs at the moment.
async fn a_replica(kind: Database) {
    let mysqld = Mysqld::start(
        kind,
        &["--skip-log-replica-updates", "--skip-log-slave-updates"]
            .into_iter()
            .filter(|it| it.contains(if kind == Database::Mysql { "replica" } else { "slave" }))
            .collect::<Vec<_>>(),
    );
    let server = server_at(&mysqld.url(), "root").await;
    let mut ground = Ground::laid_on(server, "trg_replica", &[TABLE]).await;
    assert_eq!(chosen(&mut ground, None).await.0, "binlog");
    let source = if kind == Database::Mysql {
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1"
    } else {
        "CHANGE MASTER 'x' TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1"
    };
    ground.session.run(source).await.unwrap();
    let (code, message) = chosen(&mut ground, None).await;
    assert_eq!(code, "no_capture");
    assert!(message.contains("does not log the changes"), "{message}");
    assert!(message.contains("triggers do not fire"), "{message}");
    ground.gone().await;
}

async fn names_that_are_taken(kind: Database) {
    let server = server_at(&shared_url(kind), "root").await;
    let mut ground = Ground::laid_on(server, "trg_names", &[TABLE]).await;
    let original = ground.table("t");
    let request = Request { copy: true, ..ground.request("t", "ADD COLUMN c INT") };
    let trigger = original.trigger(Firing::Update);
    let other = "CREATE TABLE other (id INT)";
    ground.session.run(other).await.unwrap();
    for (body, free) in [("SET @a = 1", false), ("BEGIN /* zosc run 7 */ SET @a = 1; END", true)] {
        let sql = format!("CREATE TRIGGER {trigger} BEFORE INSERT ON other FOR EACH ROW {body}");
        ground.session.run(sql).await.unwrap();
        let plan = draw(&ground.server, &request).await.unwrap();
        assert_eq!(plan.accepted(&request).is_ok(), free, "{body}: {:?}", plan.findings);
        ground.session.run(format!("DROP TRIGGER {trigger}")).await.unwrap();
    }
    for firing in Firing::ALL {
        let log = original.helper(Helper::Log(firing));
        ground.session.run(format!("CREATE TABLE {log} (id INT)")).await.unwrap();
        let plan = draw(&ground.server, &request).await.unwrap();
        assert_eq!(plan.accepted(&request).unwrap_err().code, "helper-names");
        ground.session.run(format!("DROP TABLE {log}")).await.unwrap();
    }
    ground.gone().await;
}
