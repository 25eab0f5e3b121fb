//! What is asked: plain data, no flags, no I/O.

use std::collections::BTreeSet;

use crate::capture::Mode;
use crate::control::Doors;
use crate::hooks::HookSettings;
use crate::schema::TableName;
use crate::settings::Settings;
use crate::sql::Statement;
use crate::swap::Way;
use crate::traffic::TrafficSettings;

/// Where a change is rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearse {
    /// On the server whose table is to be changed.
    Here,
    /// On one that replicates from it.
    OnReplica,
}

/// One schema change, as understood.
#[derive(Debug, Clone)]
pub struct Request {
    /// The table to change.
    pub table: TableName,
    /// The user's words, classified.
    pub statement: Statement,
    /// Do everything but the change itself, and remove what was made for it.
    pub rehearse: Option<Rehearse>,
    /// The caller's own name for this change; a finished id is not run again.
    pub id: Option<String>,
    /// How the names begin of the changes that this one takes back: they may be made again.
    pub undoes: Option<String>,
    /// Copy even where the server could change the table at once.
    pub copy: bool,
    /// The table that an earlier change of this one has kept is dropped when its name is needed.
    pub drop_kept: bool,
    /// Findings that the caller allows, by their rule's name.
    pub allow: BTreeSet<String>,
    /// Findings that the caller does not put up with although they are only warnings, by their rule's
    /// name.
    pub forbid: BTreeSet<String>,
    /// Where changed keys come from; `None` leaves the choice to the plan.
    pub capture: Option<Mode>,
    /// How the tables are exchanged; `None` leaves the choice to the plan.
    pub swap_way: Option<Way>,
    /// The swap waits for an operator's word.
    pub postpone: bool,
    /// Where the run listens to operators.
    pub doors: Doors,
    /// What the run obeys while it works, as it begins.
    pub settings: Settings,
    /// Commands that are called at moments of the run.
    pub hooks: HookSettings,
    /// Commands that pause and resume traffic around the swap.
    pub traffic: TrafficSettings,
    /// The schema of the journal.
    pub journal_schema: String,
}
