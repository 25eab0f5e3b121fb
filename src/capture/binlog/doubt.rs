//! What others did that capture cannot vouch for.

use super::statement::Statement;
use super::xa::Xid;
use crate::error::Error;

/// A statement of another session changed the original or the shadow.
pub(super) fn touched(statement: &Statement<'_>) -> Error {
    Error::failed(
        "touched_by_ddl",
        format!("another session changed the table or its shadow: `{}`", statement.shown()),
    )
    .hint("start afresh; keep other schema changes away until the swap is done")
}

/// A write was logged as a statement.
pub(super) fn written(statement: &Statement<'_>) -> Error {
    Error::failed(
        "statement_write",
        format!(
            "a write was logged as a statement, which does not say its rows: `{}`",
            statement.shown()
        ),
    )
    .hint("let every session write with `binlog_format=ROW`, or capture by triggers")
}

/// A transaction was committed whose rows were not met.
pub(super) fn unknown_xid(xid: &Xid) -> Error {
    Error::failed(
        "xa_unknown",
        format!("the XA transaction {xid} was committed, but prepared before capture started"),
    )
    .hint("start afresh; grant XA_RECOVER_ADMIN so that prepared transactions are waited for")
}
