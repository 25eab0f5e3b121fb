//! Our three triggers: how they are written, made and removed.
//!
//! They append the key and nothing else, to columns of the very type, so that they can neither fail
//! nor change a value, whatever the application's session is like. Each is plain `INSERT … VALUES`:
//! `INSERT … SELECT` would hold the log's AUTO-INC lock until the application's statement ends.

use super::log::Log;
use crate::crash::crash_point;
use crate::ddl::Patience;
use crate::error::{Error, Kind, Result};
use crate::mysql::{Fault, Server, Session, text};
use crate::schema::{Firing, Helper, KeyColumn, KeyShape, MARK, PartType, TableName, quote};

/// How the body of every trigger of the run begins: by this it is known for its own, even when the
/// log is gone.
pub(crate) fn body_mark(marker: &str) -> String {
    format!("BEGIN /* {marker} */")
}

/// How the body of any run's trigger begins.
pub(crate) fn any_body_mark() -> String {
    body_mark(MARK).trim_end_matches(" */").to_owned()
}

/// Makes sure that the names are free: what is not this run's must not be removed with what is.
pub(super) async fn claim(session: &mut Session, original: &TableName) -> Result<()> {
    let names = Firing::ALL.map(|firing| text(&original.trigger(firing).table));
    let taken: Option<String> = session
        .first(format!(
            "SELECT trigger_name AS n FROM information_schema.triggers \
             WHERE trigger_schema = {} AND trigger_name IN ({})",
            text(&original.schema),
            names.join(", ")
        ))
        .await?;
    let Some(name) = taken else { return Ok(()) };
    Err(Error::refused(
        "helper-names",
        format!("the trigger `{}.{name}` exists and is not this run's", original.schema),
    )
    .hint("`zosc clean` removes what earlier runs have left; see what it is if that does not"))
}

/// Makes the triggers, in the order of [`Firing::ALL`].
pub(super) async fn create(
    session: &mut Session,
    patience: &Patience,
    original: &TableName,
    key: &KeyShape,
    logs: &[Log; 3],
    marker: &str,
) -> Result<()> {
    for log in logs {
        let sql = format!(
            "CREATE TRIGGER {} AFTER {} ON {original} FOR EACH ROW {}",
            original.trigger(log.firing),
            log.firing.word(),
            body(key, log, marker)
        );
        patience.run(session, original, &sql).await.map_err(|error| match error.errno() {
            Some(1419) => not_trusted(&error),
            _ => error.during(format!("making triggers on `{}`", original.plain())),
        })?;
    }
    Ok(())
}

/// The server does not let this account make triggers while it writes a binary log.
pub(crate) fn not_trusted(error: &Error) -> Error {
    Error::new(Kind::NotReady, "triggers_not_trusted", error.message.clone())
        .hint("SET GLOBAL log_bin_trust_function_creators = 1, or grant the account SUPER")
}

/// What a trigger does. The statement ends the body without a semicolon of its own.
fn body(key: &KeyShape, log: &Log, marker: &str) -> String {
    let insert = format!("INSERT INTO {} ({}) VALUES", log.table, log.columns());
    let (old, new) = (row(key, "OLD"), row(key, "NEW"));
    let does = match log.firing {
        Firing::Delete => format!("{insert} {old};"),
        Firing::Insert => format!("{insert} {new};"),
        Firing::Update => match changed(key) {
            Some(changed) => {
                format!("IF {changed} THEN {insert} {old}, {new}; ELSE {insert} {old}; END IF;")
            }
            None => format!("{insert} {old}, {new};"),
        },
    };
    format!("{} {does} END", body_mark(marker))
}

/// `(OLD.a, OLD.b)`.
fn row(key: &KeyShape, which: &str) -> String {
    let values: Vec<String> =
        key.columns.iter().map(|column| format!("{which}.{}", quote(&column.name))).collect();
    format!("({})", values.join(", "))
}

/// Whether an update changes the key; `None` when that cannot be asked.
///
/// Asked of the bytes, not of the collation: keys that are equal to the original's collation may be
/// two to the shadow's.
fn changed(key: &KeyShape) -> Option<String> {
    let parts: Option<Vec<String>> = key.columns.iter().map(differs).collect();
    Some(parts?.join(" OR "))
}

fn differs(column: &KeyColumn) -> Option<String> {
    let [old, new] = ["OLD", "NEW"].map(|which| format!("{which}.{}", quote(&column.name)));
    let [old, new] = match column.part {
        // Compared as local times, of which there are two alike when summer time ends.
        PartType::Timestamp { .. } => return None,
        // Compared as texts, of which an empty one may be a member or the mark of an error.
        PartType::Enum => [old, new].map(|value| format!("{value} + 0")),
        PartType::Text { .. } => [old, new].map(|value| format!("CAST({value} AS BINARY)")),
        _ => [old, new],
    };
    Some(format!("NOT ({old} <=> {new})"))
}

/// How often a lost connection is replaced while we remove.
const CONNECTIONS: u32 = 3;

/// Drops the triggers, wherever they are now, then the logs: never a log first, because a trigger
/// without its log would fail the application's statements. An error names what is left.
pub(super) async fn remove(
    server: &Server,
    patience: &Patience,
    original: &TableName,
) -> Result<()> {
    let mut number = 0;
    loop {
        number += 1;
        match try_to_remove(server, patience, original).await {
            Err(error) if Fault::of(&error) == Fault::Lost && number < CONNECTIONS => {}
            Err(error) => {
                let triggers = Firing::ALL.map(|firing| original.trigger(firing));
                let logs = Firing::ALL.map(|firing| original.helper(Helper::Log(firing)));
                let list = |names: [TableName; 3]| names.map(|name| name.plain()).join(", ");
                let left = format!("triggers {} and tables {}", list(triggers), list(logs));
                return Err(error
                    .during(format!(
                        "not all of what captured the changes could be removed ({left})"
                    ))
                    .hint("`zosc clean` removes it; do not drop a table before the triggers"));
            }
            Ok(()) => return Ok(()),
        }
    }
}

async fn try_to_remove(server: &Server, patience: &Patience, original: &TableName) -> Result<()> {
    let mut session = server.reconnect().await?;
    for firing in Firing::ALL {
        let sql = format!("DROP TRIGGER IF EXISTS {}", original.trigger(firing));
        patience.run(&mut session, original, &sql).await?;
        crash_point!("trigger-dropped");
    }
    for log in Firing::ALL.map(|firing| original.helper(Helper::Log(firing))) {
        patience.run(&mut session, &log, &format!("DROP TABLE IF EXISTS {log}")).await?;
    }
    session.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, part: PartType) -> KeyColumn {
        KeyColumn { name: name.into(), shadow_name: name.into(), position: 0, part }
    }

    fn update(parts: &[PartType]) -> String {
        let names = ["a", "b`"];
        let columns = names.iter().zip(parts).map(|(name, part)| column(name, part.clone()));
        let key = KeyShape {
            index: "PRIMARY".into(),
            shadow_index: "PRIMARY".into(),
            columns: columns.collect(),
        };
        let [_, log, _] = Log::all(&TableName::new("s", "t"), &key);
        body(&key, &log, "zosc run 1")
    }

    #[test]
    fn an_update_writes_one_row_unless_the_key_changes() {
        let text = PartType::Text { charset: "latin1".into(), collation: "latin1_bin".into() };
        assert_eq!(
            update(&[PartType::Enum, text]),
            "BEGIN /* zosc run 1 */ \
             IF NOT (OLD.`a` + 0 <=> NEW.`a` + 0) \
             OR NOT (CAST(OLD.`b``` AS BINARY) <=> CAST(NEW.`b``` AS BINARY)) THEN \
             INSERT INTO `s`.`t__zosc_log_upd` (`k0`, `k1`) VALUES (OLD.`a`, OLD.`b```), (NEW.`a`, NEW.`b```); \
             ELSE INSERT INTO `s`.`t__zosc_log_upd` (`k0`, `k1`) VALUES (OLD.`a`, OLD.`b```); END IF; END"
        );
    }

    #[test]
    fn timestamps_are_never_compared() {
        let body = update(&[PartType::Date, PartType::Timestamp { fsp: 0 }]);
        assert!(!body.contains("<=>") && body.contains("), (NEW.`a`"), "{body}");
    }
}
