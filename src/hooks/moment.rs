//! The moments of a run at which hooks are called: a closed set with stable words.

use serde_json::Value;

use crate::event::{Event, Stage};

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The plan is accepted; nothing is made yet.
    Startup,
    /// Changes are captured; no row is copied yet, or no further one.
    BeforeCopy,
    /// All rows are over.
    Copied,
    /// The tables were compared and are equal.
    Verified,
    /// The swap is put off until somebody asks for it.
    Postponed,
    /// An attempt at the swap is due.
    BeforeCutOver,
    /// The change is made.
    Swapped,
    /// A rehearsal has gone through: nothing is changed.
    Rehearsed,
    /// The run has ended without it.
    Failed,
    /// Work rests.
    Throttled,
    /// Work goes on.
    Unthrottled,
    /// An operator has said something to the run.
    InteractiveCommand,
}

impl Moment {
    /// All, in the order of a run.
    pub const ALL: [Self; 12] = [
        Self::Startup,
        Self::BeforeCopy,
        Self::Copied,
        Self::Verified,
        Self::Postponed,
        Self::BeforeCutOver,
        Self::Swapped,
        Self::Rehearsed,
        Self::Failed,
        Self::Throttled,
        Self::Unthrottled,
        Self::InteractiveCommand,
    ];

    /// The stable word that commands are told.
    pub fn word(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::BeforeCopy => "before_copy",
            Self::Copied => "copied",
            Self::Verified => "verified",
            Self::Postponed => "postponed",
            Self::BeforeCutOver => "before_cut_over",
            Self::Swapped => "swapped",
            Self::Rehearsed => "rehearsed",
            Self::Failed => "failed",
            Self::Throttled => "throttled",
            Self::Unthrottled => "unthrottled",
            Self::InteractiveCommand => "interactive_command",
        }
    }

    /// How the names of files begin that are called then. None is the beginning of another.
    pub fn file_prefix(self) -> String {
        format!("zosc-on-{}", self.word().replace('_', "-"))
    }

    /// Whether nobody needs to know it any more when the run is over.
    pub(super) fn is_passing(self) -> bool {
        matches!(self, Self::Throttled | Self::Unthrottled)
    }

    /// The moments that an event tells of; `before` is the stage until then.
    pub(super) fn of(event: &Event, before: Option<Stage>) -> Vec<Self> {
        let follows = |stage| before == Some(stage);
        match event {
            Event::Stage { stage: Stage::Verify, .. } if follows(Stage::Copy) => vec![Self::Copied],
            Event::Stage { stage: Stage::Cutover, .. } if follows(Stage::Verify) => {
                vec![Self::Verified]
            }
            Event::Stage { stage: Stage::Wait, .. } if follows(Stage::Verify) => {
                vec![Self::Verified, Self::Postponed]
            }
            // It was put off again between attempts.
            Event::Stage { stage: Stage::Wait, .. } => vec![Self::Postponed],
            Event::Command { .. } => vec![Self::InteractiveCommand],
            Event::Throttled { .. } => vec![Self::Throttled],
            Event::Unthrottled { .. } => vec![Self::Unthrottled],
            _ => Vec::new(),
        }
    }
}

/// What an event tells of its moment beside the common facts.
pub(super) fn facts_of(event: &Event) -> Vec<(&'static str, Value)> {
    match event {
        Event::Command { by, words, ok } => {
            let (by, words) = (by.clone().into(), words.clone().into());
            vec![("command", words), ("by", by), ("ok", (*ok).into())]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_tell_moments_once() {
        let stage = |stage| Event::Stage { stage, resumed: false };
        let told =
            [Stage::Copy, Stage::Verify, Stage::Wait, Stage::Cutover, Stage::Wait, Stage::Cutover];
        let mut before = None;
        let mut moments = Vec::new();
        for now in told {
            moments.extend(Moment::of(&stage(now), before));
            before = Some(now);
        }
        let once = [Moment::Copied, Moment::Verified, Moment::Postponed, Moment::Postponed];
        assert_eq!(moments, once);
        assert_eq!(Moment::of(&stage(Stage::Cutover), Some(Stage::Verify)), [Moment::Verified]);
    }

    #[test]
    fn no_files_prefix_begins_another() {
        for one in Moment::ALL {
            for other in Moment::ALL.into_iter().filter(|other| *other != one) {
                assert!(!other.file_prefix().starts_with(&one.file_prefix()), "{one:?} {other:?}");
            }
        }
    }
}
