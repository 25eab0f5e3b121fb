//! One error for the whole crate: a kind for machines, a sentence for people, the way out.

use std::fmt;

use crate::mysql::Flavour;

/// What class of trouble it is. Decides the process's exit code (`Kind::exit_code`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// The run failed and cleaned up after itself.
    Failed,
    /// Flags or statement not understood.
    Usage,
    /// A rule or a check says no.
    Refused,
    /// Cannot connect, grants missing, binary log off, unsupported server.
    NotReady,
    /// Another zosc works on this table, or a lock is held.
    Busy,
    /// Stopped by a fault; the shadow and the journal are kept.
    Resumable,
    /// Verification found rows that do not match; the original is untouched.
    Differs,
    /// Ready, but the swap was not granted in time.
    Postponed,
    /// The connection was lost inside the swap and the outcome cannot be told.
    Unknown,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Kind {
    /// All of them, by their exit codes.
    pub const ALL: [Self; 11] = [
        Self::Failed,
        Self::Usage,
        Self::Refused,
        Self::NotReady,
        Self::Busy,
        Self::Resumable,
        Self::Differs,
        Self::Postponed,
        Self::Unknown,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The stable name, as events have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::NotReady => "not_ready",
            Self::Busy => "busy",
            Self::Resumable => "resumable",
            Self::Differs => "differs",
            Self::Postponed => "postponed",
            Self::Unknown => "unknown",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// Whether the same command goes on where a run that stops so has got to, or starts it if it had
    /// not begun.
    pub fn is_resumable(self) -> bool {
        matches!(self, Self::Resumable | Self::Interrupted | Self::Terminated | Self::Postponed)
    }

    /// Whether a run that stops so must leave everything as it is.
    #[doc(hidden)]
    pub fn leaves_the_run(self) -> bool {
        self.is_resumable() || matches!(self, Self::Busy | Self::Unknown)
    }

    /// The stable process exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NotReady => 4,
            Self::Busy => 5,
            Self::Resumable => 6,
            Self::Differs => 7,
            Self::Postponed => 8,
            Self::Unknown => 9,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

/// The server's own number and state for an error, when it came from there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ServerCode {
    /// The server's error number, such as 1062.
    pub errno: u16,
    /// The five-character SQLSTATE.
    pub sqlstate: String,
    /// The server's family, if it was known: numbers above 1900 differ.
    #[doc(hidden)]
    #[serde(skip)]
    pub flavour: Option<Flavour>,
}

/// An error with its kind, a stable slug, one sentence and the ways out.
#[derive(Debug, Clone)]
pub struct Error {
    /// The class of trouble.
    pub kind: Kind,
    /// A stable slug for machines, such as `no_usable_key`.
    pub code: &'static str,
    /// One sentence for people that names the object.
    pub message: String,
    /// What to do about it, the best way first.
    pub hints: Vec<String>,
    /// Set when the server said so.
    pub server: Option<ServerCode>,
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A new error of `kind` with a stable `code` and a sentence.
    #[doc(hidden)]
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), hints: Vec::new(), server: None }
    }

    /// Kind [`Kind::Refused`].
    #[doc(hidden)]
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, code, message)
    }

    /// Kind [`Kind::Usage`].
    #[doc(hidden)]
    pub fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, code, message)
    }

    /// Kind [`Kind::NotReady`].
    #[doc(hidden)]
    pub fn not_ready(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::NotReady, code, message)
    }

    /// Kind [`Kind::Failed`].
    #[doc(hidden)]
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, code, message)
    }

    /// What is no fault of the server's or the user's.
    #[doc(hidden)]
    pub fn bug(what: &dyn fmt::Display) -> Self {
        Self::new(Kind::Resumable, "bug", format!("a bug in zosc: {what}"))
            .hint("please report it; `zosc status` shows what is left")
    }

    /// The same error with one more way out.
    #[doc(hidden)]
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same error as another kind, for a stage that knows better what it means.
    #[doc(hidden)]
    #[must_use]
    pub fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same error with words in front that say what was being done.
    #[doc(hidden)]
    #[must_use]
    pub fn during(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The server's error number, if the server raised it.
    #[doc(hidden)]
    pub fn errno(&self) -> Option<u16> {
        self.server.as_ref().map(|code| code.errno)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_for_ever() {
        let codes: Vec<(&str, u8)> =
            Kind::ALL.iter().map(|kind| (kind.word(), kind.exit_code())).collect();
        let stable = [
            ("failed", 1),
            ("usage", 2),
            ("refused", 3),
            ("not_ready", 4),
            ("busy", 5),
            ("resumable", 6),
            ("differs", 7),
            ("postponed", 8),
            ("unknown", 9),
            ("interrupted", 130),
            ("terminated", 143),
        ];
        assert_eq!(codes, stable);
        for kind in Kind::ALL {
            assert_eq!(serde_json::json!(kind), kind.word());
        }
    }
}
