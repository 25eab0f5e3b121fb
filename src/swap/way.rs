//! How the tables are exchanged.

use crate::error::{Error, Result};
use crate::mysql::Session;
use crate::schema::TableName;

/// The two ways; both are one atomic rename of which the application sees nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The rename is made by the session that holds the lock.
    Locked,
    /// The rename of a second session waits behind the lock, for servers that refuse to rename
    /// locked tables.
    Queued,
}

impl Way {
    /// Both of them, the better one first.
    pub const ALL: [Self; 2] = [Self::Locked, Self::Queued];

    /// The way's word in settings and events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Queued => "queued",
        }
    }

    /// The best way that the server knows. Asked of the server itself, on a table that nobody else
    /// uses: where a locked table may be renamed, it is told that the new name is taken.
    pub async fn probe(session: &mut Session, throwaway: &TableName) -> Result<Self> {
        session.run(format!("LOCK TABLES {throwaway} WRITE")).await?;
        let answer = session.run(format!("RENAME TABLE {throwaway} TO {throwaway}")).await;
        session.run("UNLOCK TABLES").await?;
        match answer {
            Err(error) if error.errno() == Some(1050) => Ok(Self::Locked),
            Err(error) if error.errno() == Some(1192) => Ok(Self::Queued),
            Err(error) => Err(error.during("asking whether a locked table may be renamed")),
            Ok(_) => Err(Error::failed(
                "rename_to_itself",
                format!("the server renamed `{}` to its own name", throwaway.plain()),
            )),
        }
    }
}
