//! Errors of the server that are about the state of things, whatever the statement was: what they are
//! called, and the way out.

/// What such an error means.
pub(super) struct Meaning {
    pub(super) code: &'static str,
    pub(super) hint: &'static str,
}

impl Meaning {
    /// Of an error's number; `None` when it must be seen what was being done.
    pub(super) fn of(errno: u16) -> Option<Self> {
        match errno {
            1021 | 1114 => Some(Self::DISK_FULL),
            1049 | 1146 => Some(Self::TABLE_GONE),
            1050 => Some(Self::NAME_TAKEN),
            _ => None,
        }
    }

    const DISK_FULL: Self = Self {
        code: "disk_full",
        hint: "make room on the server's disk (a copy takes about as much as the table), then run \
               the same command again",
    };

    const TABLE_GONE: Self = Self {
        code: "table_gone",
        hint: "see who has dropped or renamed it; then run the same command again",
    };

    /// By the name of the rule: the plan has found the names of all helper tables free.
    const NAME_TAKEN: Self = Self {
        code: "helper-names",
        hint: "see what it is, and rename or drop it; then run the same command again",
    };
}
