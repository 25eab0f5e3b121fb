//! What a check found.

use serde::Serialize;

use super::Rule;
use crate::request::Request;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Look twice.
    Warn,
    /// Not done unless allowed; or never, when there is no allowance.
    Refuse,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's stable name, such as `lossy-conversion`.
    pub rule: &'static str,
    /// How grave.
    pub level: Level,
    /// One sentence that names the object.
    pub message: String,
    /// The way out.
    pub hint: String,
    /// Whether `--allow RULE` lets the run go on.
    pub allowable: bool,
}

impl Finding {
    /// Worth knowing.
    pub fn note(rule: Rule, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            rule: rule.word(),
            level: Level::Note,
            message: message.into(),
            hint: hint.into(),
            allowable: false,
        }
    }

    /// To be looked at twice.
    pub fn warn(rule: Rule, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { level: Level::Warn, ..Self::note(rule, message, hint) }
    }

    /// Not to be done, or not unless allowed, as the rule says.
    pub fn refuse(rule: Rule, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let allowable = rule.is_allowable();
        Self { level: Level::Refuse, allowable, ..Self::note(rule, message, hint) }
    }

    /// How grave it is for this request.
    pub fn level_for(&self, request: &Request) -> Level {
        if request.forbid.contains(self.rule) { Level::Refuse } else { self.level }
    }

    /// Whether the change may not be made: the finding refuses, and the request does not allow it.
    pub fn forbids(&self, request: &Request) -> bool {
        let allowable = self.allowable || self.level != Level::Refuse;
        let allowed = allowable && request.allow.contains(self.rule);
        self.level_for(request) == Level::Refuse && !allowed
    }
}
