//! One connection with every setting that matters set by us and read back.
//!
//! A session's future must never be dropped and the session used again: the driver would hand the
//! next statement the answer of the abandoned one. Whoever gives up waiting throws the session away.

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Row, Value};

use super::restart::Identity;
use super::silence::Vigil;
use super::{Fault, Flavour};
use crate::error::{Error, Result};

/// A connection of ours.
#[derive(Debug)]
pub struct Session {
    /// `None` when it was thrown away because the server did not answer.
    conn: Option<Conn>,
    identity: Identity,
    vigil: Vigil,
    flavour: Flavour,
    tag: String,
}

impl Session {
    /// Wraps a fresh connection; `tag` marks every statement so that people and proxies know whose
    /// it is. The settings must have been applied.
    pub(super) fn new(
        conn: Conn,
        identity: Identity,
        vigil: Vigil,
        flavour: Flavour,
        tag: &str,
    ) -> Self {
        Self { conn: Some(conn), identity, vigil, flavour, tag: mark_of(tag) }
    }

    /// The family of the server, for what is spelled otherwise there.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// The server's id of this connection, for `KILL`.
    pub fn id(&self) -> u32 {
        self.identity.id
    }

    /// What tells it from a connection that has its id after a restart of the server.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Runs a statement that returns no rows; gives the number of affected rows.
    pub async fn run(&mut self, sql: impl AsRef<str>) -> Result<u64> {
        let sql = format!("{}{}", self.tag, sql.as_ref());
        tracing::trace!(connection = self.identity.id, sql);
        let conn = alive(&mut self.conn)?;
        let answer = self.vigil.over(conn.query_drop(&sql)).await;
        self.answered(answer)?;
        Ok(self.conn.as_ref().map_or(0, Conn::affected_rows))
    }

    /// Runs statements, divided by `;`, whose text is in the character set that the session has been
    /// told. Once the server has read them it needs no more of us; the first error ends them.
    pub async fn run_all(&mut self, statements: &[u8]) -> Result<()> {
        let sql = [self.tag.as_bytes(), statements].concat();
        tracing::trace!(connection = self.identity.id, sql = %String::from_utf8_lossy(&sql));
        let conn = alive(&mut self.conn)?;
        let answer = self.vigil.over(conn.query_drop(sql)).await;
        self.answered(answer)
    }

    /// Runs a query; each row as `T`.
    pub async fn rows<T: FromRow + Send + 'static>(
        &mut self,
        sql: impl AsRef<str>,
    ) -> Result<Vec<T>> {
        let sql = format!("{}{}", self.tag, sql.as_ref());
        tracing::trace!(connection = self.identity.id, sql);
        let conn = alive(&mut self.conn)?;
        let answer = self.vigil.over(conn.query(&sql)).await;
        self.answered(answer)
    }

    /// The answer; a connection that is dead is thrown away, for its next answer would be this one's.
    fn answered<T>(&mut self, answer: Result<Result<T, mysql_async::Error>>) -> Result<T> {
        match answer {
            Ok(answer) => answer.map_err(|error| Error::from(error).said_by(self.flavour)),
            Err(dead) => {
                self.conn = None;
                Err(dead)
            }
        }
    }

    /// Runs a query; the first row as `T`, if there is one.
    pub async fn first<T: FromRow + Send + 'static>(
        &mut self,
        sql: impl AsRef<str>,
    ) -> Result<Option<T>> {
        Ok(self.rows(sql).await?.into_iter().next())
    }

    /// Runs a query that returns exactly one row.
    pub async fn one<T: FromRow + Send + 'static>(&mut self, sql: impl AsRef<str>) -> Result<T> {
        let sql = sql.as_ref();
        self.first(sql).await?.ok_or_else(|| {
            Error::failed("no_row", format!("the server returned no row for: {sql}"))
        })
    }

    /// Runs a query; every value of every row as the bytes of the text protocol. NULL is an error:
    /// for keys, which have none.
    pub async fn bytes(&mut self, sql: impl AsRef<str>) -> Result<Vec<Vec<Vec<u8>>>> {
        let rows: Vec<Row> = self.rows(sql).await?;
        rows.into_iter()
            .map(|row| {
                row.unwrap()
                    .into_iter()
                    .map(|value| match value {
                        Value::Bytes(bytes) => Ok(bytes),
                        other => Err(Error::failed(
                            "null_in_key",
                            format!("expected text from the server, got {other:?}"),
                        )),
                    })
                    .collect()
            })
            .collect()
    }

    /// Starts a transaction (READ COMMITTED).
    pub async fn begin(&mut self) -> Result<()> {
        self.run("START TRANSACTION").await.map(drop)
    }

    /// Commits.
    pub async fn commit(&mut self) -> Result<()> {
        self.run("COMMIT").await.map(drop)
    }

    /// Rolls back.
    pub async fn rollback(&mut self) -> Result<()> {
        self.run("ROLLBACK").await.map(drop)
    }

    /// Rolls back after `error`, unless the connection is gone and with it the transaction.
    pub async fn roll_back_after(&mut self, error: &Error) -> Result<()> {
        if Fault::of(error) == Fault::Lost { Ok(()) } else { self.rollback().await }
    }

    /// Says goodbye to the server, so that it frees the connection at once. A connection that is
    /// gone already is as good.
    pub async fn close(self) -> Result<()> {
        let Some(conn) = self.conn else { return Ok(()) };
        let flavour = self.flavour;
        match conn.disconnect().await.map_err(|error| Error::from(error).said_by(flavour)) {
            Err(error) if Fault::of(&error) == Fault::Lost => {
                tracing::debug!(%error, "the session was gone already");
                Ok(())
            }
            closed => closed,
        }
    }

    /// The driver's connection, for the binary log stream, and who watches over it.
    pub(crate) fn into_conn(mut self) -> Result<(Conn, Vigil)> {
        let conn = self.conn.take().ok_or_else(thrown_away)?;
        self.vigil.streams();
        Ok((conn, self.vigil))
    }
}

fn alive(conn: &mut Option<Conn>) -> Result<&mut Conn> {
    conn.as_mut().ok_or_else(thrown_away)
}

fn thrown_away() -> Error {
    super::connection_lost("the server had not answered on it")
}

/// The comment that leads every statement of a session with this tag.
pub(crate) fn mark_of(tag: &str) -> String {
    format!("/* zosc {tag} */ ")
}

/// A string as a SQL literal that means the same under every `sql_mode`.
pub fn text(value: &str) -> String {
    if value.is_empty() {
        return "''".to_owned();
    }
    format!("_utf8mb4 X'{}'", crate::schema::hex(value.as_bytes()))
}

/// A string as the plain literal that some clauses insist on, such as `COMMENT`. For sessions with
/// our own `sql_mode`; elsewhere use [`text`].
pub fn plain_text(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\'', "''");
    format!("'{}'", escaped.replace('\n', "\\n").replace('\r', "\\r").replace('\0', "\\0"))
}
