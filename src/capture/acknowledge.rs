//! Telling the source of the keys how far they have been carried over.

use std::sync::Arc;

use super::{Milestone, Position};
use crate::error::Result;
use crate::journal::Journal;
use crate::mysql::Session;
use crate::schema::{Firing, Helper, TableName};

/// What may be acknowledged once the keys delivered before it are carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The binary log need not be read before this position any more.
    Position(Position),
    /// These rows of the triggers' logs may go: whose log, and the row's id.
    Rows(Vec<(Firing, u64)>),
}

/// Who is told.
#[derive(Debug, Clone)]
pub enum Acknowledge {
    /// The journal: a run that resumes reads the binary log from there.
    Journal(Journal, Arc<Milestone>),
    /// The logs of the triggers on this table, which lose the rows while the run is its own.
    Logs(Journal, TableName),
}

/// Rows for one statement.
const AT_ONCE: usize = 1000;

/// Bytes that a row's id takes until the row is gone: here, while it is looked for, and in statements.
const ID: usize = 64;

impl Receipt {
    /// About how many bytes are taken until it is acknowledged.
    pub fn weight(&self) -> usize {
        match self {
            Self::Position(_) => size_of::<Self>(),
            Self::Rows(rows) => rows.len() * ID,
        }
    }

    /// Takes a later receipt in, so that both are acknowledged together.
    pub fn absorb(&mut self, later: Self) {
        match (self, later) {
            (Self::Rows(rows), Self::Rows(more)) => rows.extend(more),
            (earlier, later) => *earlier = later,
        }
    }
}

impl Acknowledge {
    /// Acknowledges a receipt. To be called outside of transactions; may be done again after an
    /// error.
    pub async fn take(&self, session: &mut Session, receipt: &Receipt) -> Result<()> {
        match (self, receipt) {
            (Self::Journal(journal, milestone), Receipt::Position(position)) => {
                let passed = milestone.passed(position);
                journal.position(session, position, passed.as_ref()).await?;
                milestone.set(session, passed.is_some()).await
            }
            (Self::Logs(journal, original), Receipt::Rows(rows)) => {
                for firing in Firing::ALL {
                    let log = original.helper(Helper::Log(firing));
                    let of_log = rows.iter().filter(|(whose, _)| *whose == firing);
                    let ids: Vec<String> = of_log.map(|(_, id)| id.to_string()).collect();
                    for ids in ids.chunks(AT_ONCE) {
                        let sql = format!("DELETE FROM {log} WHERE id IN ({})", ids.join(", "));
                        journal.held(session, &[sql]).await?;
                    }
                }
                Ok(())
            }
            (Self::Journal(..), Receipt::Rows(_)) | (Self::Logs(..), Receipt::Position(_)) => {
                unreachable!("a capture's receipts and its acknowledgement are of one kind")
            }
        }
    }
}
