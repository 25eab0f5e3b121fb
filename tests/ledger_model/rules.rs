//! The rules that make a change of schema lose nothing. Each can be taken away, to show that it is
//! needed and that the model can tell.

/// One rule, and what happens without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A fence goes before each snapshot. Without: the snapshot is opened at once.
    Fence,
    /// A chunk is recorded as started before its fence. Without: after it.
    StartBeforeFence,
    /// A change is due with the last chunk that had started. Without: it is due at once.
    Due,
    /// A key is refreshed only when its chunk is complete. Without: whenever it is pending.
    Covered,
    /// A key beyond all chunks that have started is forgotten. Without: it is kept until all those
    /// are complete, so that a busy table's keys pile up behind one slow chunk.
    Beyond,
    /// Complete chunks above the mark cover their keys too. Without: only those below it.
    Islands,
    /// A part of a chunk that has a transaction of its own covers its keys when it is in. Without:
    /// the chunk's keys are covered when its last part is.
    Parts,
    /// A round starts when all refreshes of the round before have ended. Without: when they were
    /// sent.
    Barrier,
    /// The rows of keys whose batches failed are all removed before any is tried again. Without: each
    /// key is tried again at once.
    RemovedFirst,
    /// A chunk that met a duplicate waits for capture and for a round. Without: it is tried again,
    /// as in a loop that copies and refreshes in turn.
    ConflictProtocol,
    /// The journal gets the ledger's safe position. Without: what was delivered.
    SafePosition,
}

/// The rules that the simulated zosc keeps: all, or all but one.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    missing: Option<Rule>,
}

impl Rules {
    pub const ALL: Self = Self { missing: None };

    pub const fn without(rule: Rule) -> Self {
        Self { missing: Some(rule) }
    }

    pub fn has(self, rule: Rule) -> bool {
        self.missing != Some(rule)
    }
}
