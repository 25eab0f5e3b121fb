//! The journal's tables.

use crate::error::{Error, Result};
use crate::mysql::{Session, text};
use crate::schema::{TableName, quote};

/// One row a run: what it does, whose it is, how far it got.
pub(super) const RUN: &str = "run";
/// One row a committed piece of a run's chunks, with its bounds; most chunks have one piece.
pub(super) const CHUNK: &str = "chunk";
/// One row a run that captures: where that may be taken up again.
pub(super) const POSITION: &str = "position";
/// One row a live run: the last fence. Capture reads its `token`, column 2.
pub const FENCE: &str = "fence";
/// One row a trigger of the original, from the swap until the trigger is back under its name.
pub(super) const STAND_IN: &str = "stand_in";

/// One row a run, changed again and again, by which replicas show how far they are.
pub(super) const HEARTBEAT: &str = "heartbeat";

/// The comment of each table. Its number grows with every change of the definitions.
const FORMAT: &str = "zosc journal 4";

const DEFINITIONS: &[(&str, &str)] = &[
    (
        RUN,
        "id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
         epoch BIGINT UNSIGNED NOT NULL DEFAULT 1,
         phase VARCHAR(16) NOT NULL,
         name VARCHAR(255) NULL,
         table_schema VARCHAR(64) NOT NULL,
         table_name VARCHAR(64) NOT NULL,
         statement LONGTEXT NOT NULL,
         allow TEXT NOT NULL,
         definition LONGTEXT NOT NULL,
         shadow VARCHAR(64) NOT NULL,
         kept VARCHAR(64) NOT NULL,
         original_id BIGINT UNSIGNED NULL,
         shadow_id BIGINT UNSIGNED NULL,
         shadow_definition LONGTEXT NULL,
         final_comment TEXT NULL,
         capture VARCHAR(16) NULL,
         key_index VARCHAR(64) NULL,
         difference LONGTEXT NULL,
         result LONGTEXT NULL,
         undone_by BIGINT UNSIGNED NULL,
         postponed BOOLEAN NOT NULL DEFAULT FALSE,
         traffic_paused BOOLEAN NOT NULL DEFAULT FALSE,
         server_uuid VARCHAR(64) NOT NULL,
         zosc_version VARCHAR(32) NOT NULL,
         note TEXT NULL,
         started_at DATETIME(6) NOT NULL,
         ended_at DATETIME(6) NULL,
         KEY by_table (table_schema, table_name),
         KEY by_name (name)",
    ),
    (
        CHUNK,
        "run BIGINT UNSIGNED NOT NULL,
         number BIGINT UNSIGNED NOT NULL,
         piece INT UNSIGNED NOT NULL,
         after_key LONGTEXT NULL,
         upto_key LONGTEXT NULL,
         copied BIGINT UNSIGNED NOT NULL,
         PRIMARY KEY (run, number, piece)",
    ),
    (
        POSITION,
        "run BIGINT UNSIGNED NOT NULL PRIMARY KEY,
         beginning LONGTEXT NOT NULL,
         position LONGTEXT NULL,
         history LONGTEXT NULL",
    ),
    (
        STAND_IN,
        "run BIGINT UNSIGNED NOT NULL,
         number INT UNSIGNED NOT NULL,
         trigger_name VARCHAR(64) NOT NULL,
         name VARCHAR(64) NOT NULL,
         settings LONGTEXT NOT NULL,
         definition LONGBLOB NOT NULL,
         PRIMARY KEY (run, number)",
    ),
    (
        HEARTBEAT,
        "run BIGINT UNSIGNED NOT NULL PRIMARY KEY,
         beat BIGINT UNSIGNED NOT NULL",
    ),
    (
        FENCE,
        "run BIGINT UNSIGNED NOT NULL,
         slot SMALLINT UNSIGNED NOT NULL,
         token BIGINT UNSIGNED NOT NULL,
         PRIMARY KEY (run, slot)",
    ),
];

/// Makes what is missing; asks first, so that a run needs no CREATE on a journal made by an admin.
pub(super) async fn create(session: &mut Session, schema: &str) -> Result<()> {
    if exist(session, schema).await? {
        return Ok(());
    }
    session.run(format!("CREATE DATABASE IF NOT EXISTS {}", quote(schema))).await?;
    for (table, columns) in DEFINITIONS {
        let name = TableName::new(schema, *table);
        session
            .run(format!(
                "CREATE TABLE IF NOT EXISTS {name} ({columns}) ENGINE=InnoDB \
                 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='{FORMAT}'"
            ))
            .await?;
    }
    Ok(())
}

/// Whether all tables are there; an error if they are another zosc's.
pub(super) async fn exist(session: &mut Session, schema: &str) -> Result<bool> {
    let names: Vec<String> = DEFINITIONS.iter().map(|(table, _)| text(table)).collect();
    let formats: Vec<String> = session
        .rows(format!(
            "SELECT table_comment AS c FROM information_schema.tables \
             WHERE table_schema = {} AND table_name IN ({})",
            text(schema),
            names.join(", ")
        ))
        .await?;
    match formats.iter().find(|format| *format != FORMAT) {
        None => Ok(formats.len() == DEFINITIONS.len()),
        Some(format) => Err(Error::refused(
            "journal_of_another_version",
            format!("the tables in `{schema}` are marked `{format}`, not `{FORMAT}`"),
        )
        .hint("finish or clean up with the zosc that made them, then drop that schema")
        .hint("or name another schema by `--journal-schema`")),
    }
}
