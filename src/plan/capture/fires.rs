//! A trigger is tried out beside the original. Much can be in its way of which the account learns
//! nothing until it fires, and then it would fail the application's statements: rights that the
//! account has only by a role, for example.

use crate::capture::triggers::not_trusted;
use crate::error::{Error, Result};
use crate::mysql::{Flavour, Server, Session, plain_text};
use crate::plan::rehearsal;
use crate::schema::{Firing, Helper, MARK, TableName, exists};

/// An error of kind not ready says why triggers of this account would not work. Nothing is left.
pub(super) async fn try_out(server: &Server, original: &TableName) -> Result<()> {
    let stage = original.helper(Helper::Rehearsal);
    let log = original.helper(Helper::Log(Firing::Insert));
    let mut session = server.session().await?;
    rehearsal::take_turn(&mut session, original).await?;
    if exists(&mut session, &log).await? {
        // A run is at work here, with triggers, or has died; then the checks of names tell more.
        return session.close().await;
    }
    rehearsal::clear(&mut session, &stage, original).await?;
    let tried = fire(server, &mut session, original, &stage, &log).await;
    // With the table goes its trigger.
    let dropped = session.run(format!("DROP TABLE IF EXISTS {stage}, {log}")).await;
    let verdict = tried.map_err(|error| match error.errno() {
        None => error,
        Some(1419) => not_trusted(&error),
        Some(_) => Error::not_ready(
            "triggers_do_not_work",
            format!("a trigger made by this account does not work: {}", error.message),
        )
        .hint("grant TRIGGER and INSERT on the schema to the account itself: rights of a role may not count in triggers"),
    });
    verdict.and(dropped.map(drop))?;
    session.close().await
}

async fn fire(
    server: &Server,
    session: &mut Session,
    original: &TableName,
    stage: &TableName,
    log: &TableName,
) -> Result<()> {
    let mark = plain_text(&format!("{MARK}rehearsal for {}", original.plain()));
    for table in [stage, log] {
        session
            .run(format!(
                "CREATE TABLE {table} (id BIGINT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB \
                 COMMENT = {mark}"
            ))
            .await?;
    }
    session
        .run(format!(
            "CREATE TRIGGER {stage} AFTER INSERT ON {stage} FOR EACH ROW \
             INSERT INTO {log} (id) VALUES (NEW.id)"
        ))
        .await?;
    // With the rights that the account has when somebody else fires its trigger.
    let mut firing = server.session().await?;
    firing
        .run(match firing.flavour() {
            Flavour::Mysql => "SET ROLE DEFAULT",
            Flavour::Mariadb => "SET ROLE NONE",
        })
        .await?;
    firing.run(format!("INSERT INTO {stage} (id) VALUES (1)")).await?;
    firing.close().await
}
