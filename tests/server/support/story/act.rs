//! What a writer may do.

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Insert,
    Update,
    UpdateMany,
    UpdateRange,
    Move,
    Respell,
    Delete,
    InsertThenDelete,
    DeleteThenInsert,
    Swap,
    Shift,
    Upsert,
    Replace,
    Load,
    UpdateJoined,
    DeleteJoined,
}

impl Act {
    /// All of it, the everyday acts more often.
    pub const ALL: &[Self] = &[
        Self::Insert,
        Self::Insert,
        Self::Update,
        Self::Update,
        Self::Update,
        Self::UpdateMany,
        Self::UpdateRange,
        Self::Move,
        Self::Move,
        Self::Respell,
        Self::Respell,
        Self::Delete,
        Self::Delete,
        Self::InsertThenDelete,
        Self::DeleteThenInsert,
        Self::Swap,
        Self::Swap,
        Self::Shift,
        Self::Shift,
        Self::Upsert,
        Self::Replace,
        Self::Load,
        Self::UpdateJoined,
        Self::DeleteJoined,
    ];
}
