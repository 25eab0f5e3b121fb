//! The logs: each of our triggers appends the keys of changed rows to one of its own.

use crate::ddl::Patience;
use crate::error::{Error, Result};
use crate::mysql::{Session, plain_text};
use crate::schema::{
    Firing, Helper, Key, KeyColumn, KeyShape, MARK, Table, TableName, comment, quote,
};

/// The most rows of one answer.
pub(super) const PAGE: usize = 2_000;

/// The most ids of one answer, which takes many times the room of the ids themselves.
const IDS: usize = 50_000;

/// The log of one trigger of a run.
#[derive(Debug, Clone)]
pub(super) struct Log {
    /// Whose it is.
    pub(super) firing: Firing,
    pub(super) table: TableName,
    /// The key as the log has it: the columns have names of their own, so that none is ever `id`.
    key: KeyShape,
}

/// A row of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) key: Key,
}

impl Log {
    /// The logs of all triggers.
    pub(super) fn all(original: &TableName, key: &KeyShape) -> [Self; 3] {
        Firing::ALL.map(|firing| Self::new(firing, original, key))
    }

    fn new(firing: Firing, original: &TableName, key: &KeyShape) -> Self {
        let columns = key.columns.iter().enumerate();
        let columns = columns.map(|(number, column)| KeyColumn {
            name: column_name(number),
            shadow_name: column_name(number),
            ..column.clone()
        });
        let key = KeyShape { columns: columns.collect(), ..key.clone() };
        Self { firing, table: original.helper(Helper::Log(firing)), key }
    }

    /// The log's columns of the key, quoted, separated by commas.
    pub(super) fn columns(&self) -> String {
        let names: Vec<String> = self.key.columns.iter().map(|it| quote(&it.name)).collect();
        names.join(", ")
    }

    /// Makes sure that the name is free. A log that an interrupted plan has left makes way; what is
    /// another run's or not ours is not touched.
    pub(super) async fn claim(&self, session: &mut Session) -> Result<()> {
        let table = &self.table;
        match comment(session, table).await? {
            None => Ok(()),
            Some(comment) if comment.starts_with(&format!("{MARK}rehearsal")) => {
                session.run(format!("DROP TABLE {table}")).await.map(drop)
            }
            Some(_) => Err(Error::refused(
                "helper-names",
                format!("`{}` exists and is not this run's", table.plain()),
            )
            .hint(
                "`zosc clean` removes what earlier runs have left; see what it is if that does not",
            )),
        }
    }

    /// Makes sure that it is the log of the run that goes on.
    pub(super) async fn recognize(&self, session: &mut Session, marker: &str) -> Result<()> {
        if comment(session, &self.table).await?.is_some_and(|comment| comment == marker) {
            return Ok(());
        }
        Err(Error::failed(
            "log_lost",
            format!("`{}`, where a trigger wrote the changes, is gone", self.table.plain()),
        )
        .hint("start afresh"))
    }

    /// Makes the table.
    pub(super) async fn create(
        &self,
        session: &mut Session,
        patience: &Patience,
        original: &Table,
        watched_key: &KeyShape,
        marker: &str,
    ) -> Result<()> {
        let columns: Vec<String> = watched_key
            .columns
            .iter()
            .enumerate()
            .map(|(number, column)| definition(original, column, number))
            .collect::<Result<_>>()?;
        let sql = format!(
            "CREATE TABLE {} (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, {}) \
             ENGINE=InnoDB COMMENT = {}",
            self.table,
            columns.join(", "),
            plain_text(marker)
        );
        patience.run(session, &self.table, &sql).await
    }

    /// The next page of rows with a higher id, by id.
    pub(super) async fn after(&self, session: &mut Session, id: u64) -> Result<Vec<Row>> {
        self.rows(session, &format!("id > {id} ORDER BY id LIMIT {PAGE}")).await
    }

    /// The rows of these ids that are still there.
    pub(super) async fn of(&self, session: &mut Session, ids: &[u64]) -> Result<Vec<Row>> {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        self.rows(session, &format!("id IN ({})", ids.join(", "))).await
    }

    /// All rows with a higher id.
    pub(super) async fn all_after(&self, session: &mut Session, id: u64) -> Result<Vec<Row>> {
        self.rows(session, &format!("id > {id} ORDER BY id")).await
    }

    /// All ids up to this one, ascending.
    pub(super) async fn ids_upto(&self, session: &mut Session, id: u64) -> Result<Vec<u64>> {
        let mut ids: Vec<u64> = Vec::new();
        loop {
            let above = ids.last().map_or(String::new(), |last| format!("id > {last} AND "));
            let table = &self.table;
            let page: Vec<u64> = session
                .rows(format!(
                    "SELECT id FROM {table} WHERE {above}id <= {id} ORDER BY id LIMIT {IDS}"
                ))
                .await?;
            let is_last = page.len() < IDS;
            ids.extend(page);
            if is_last {
                return Ok(ids);
            }
        }
    }

    async fn rows(&self, session: &mut Session, which: &str) -> Result<Vec<Row>> {
        let (key, table) = (self.key.select(None), &self.table);
        let rows = session.bytes(format!("SELECT id, {key} FROM {table} WHERE {which}")).await?;
        rows.iter()
            .map(|row| {
                let (id, key) = row.split_first().ok_or_else(unreadable)?;
                let id = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
                Ok(Row { id: id.ok_or_else(unreadable)?, key: self.key.parse(key)? })
            })
            .collect()
    }
}

fn column_name(number: usize) -> String {
    format!("k{number}")
}

/// A column that holds every value of the original's, bit by bit. It allows NULL, so that it needs no
/// default.
fn definition(original: &Table, column: &KeyColumn, number: usize) -> Result<String> {
    let of = original.column(&column.name).ok_or_else(|| {
        Error::failed("no_key_column", format!("the original has no column `{}`", column.name))
    })?;
    let charset = match (&of.charset, &of.collation) {
        (Some(charset), Some(collation)) => {
            format!(" CHARACTER SET {charset} COLLATE {collation}")
        }
        _ => String::new(),
    };
    Ok(format!("{} {}{charset} NULL", quote(&column_name(number)), of.column_type))
}

fn unreadable() -> Error {
    Error::failed("log_not_readable", "the server returned a row of the log table without an id")
}
