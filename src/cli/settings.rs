//! From the words of flags and option files to values that the library takes, each checked in one
//! place: what may change while a run goes on, in the library.

use zosc::capture::Mode;
use zosc::hooks::OnFailure;
use zosc::mysql::TlsMode;
use zosc::swap::Way;

pub(crate) use zosc::settings::read::{attempts, bytes, duration, http, nice, rows, workers};

use crate::report::Format;

/// A mode of TLS.
pub(crate) fn ssl_mode(text: &str) -> Result<TlsMode, String> {
    TlsMode::of_word(text)
        .ok_or_else(|| format!("it must be one of {}", TlsMode::ALL.map(TlsMode::word).join(", ")))
}

/// One of several ways, or the plan's choice among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice<T> {
    Auto,
    Only(T),
}

impl<T: Copy> Choice<T> {
    fn of_word<const N: usize>(
        text: &str,
        all: [T; N],
        word: impl Fn(T) -> &'static str,
    ) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        all.into_iter()
            .find(|known| word(*known) == text)
            .map(Self::Only)
            .ok_or_else(|| format!("it must be one of auto, {}", all.map(word).join(", ")))
    }

    pub(crate) fn only(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Only(way) => Some(way),
        }
    }
}

/// Where changed keys come from.
pub(crate) fn capture(text: &str) -> Result<Choice<Mode>, String> {
    Choice::of_word(text, Mode::ALL, Mode::word)
}

/// How the tables are exchanged.
pub(crate) fn swap(text: &str) -> Result<Choice<Way>, String> {
    Choice::of_word(text, Way::ALL, Way::word)
}

/// What a failed hook means.
pub(crate) fn on_failure(text: &str) -> Result<OnFailure, String> {
    match text {
        "stop" => Ok(OnFailure::Stop),
        "warn" => Ok(OnFailure::Warn),
        _ => Err("it must be `stop` or `warn`".to_owned()),
    }
}

/// A format of output.
pub(crate) fn format(text: &str) -> Result<Format, String> {
    let known = Format::ALL.into_iter().find(|format| format.word() == text);
    known.ok_or_else(|| format!("it must be one of {}", Format::ALL.map(Format::word).join(", ")))
}
