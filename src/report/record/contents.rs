//! What stands in a report. Seconds are since the run began.

use serde::Serialize;
use serde_json::Value;
use zosc::error::{Error, Kind};
use zosc::status::Attempt;

use super::curve::Sample;
use super::rests::Rests;

/// What is known of a run.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    pub(super) v: u8,
    pub(super) zosc: &'static str,
    pub(super) id: Option<String>,
    pub(super) table: Option<String>,
    pub(super) run: Option<u64>,
    pub(super) statement: Option<String>,
    pub(super) settings: Value,
    pub(super) began: String,
    pub(super) seconds: f64,
    pub(super) outcome: &'static str,
    pub(super) exit_code: u8,
    pub(super) error: Option<Failure>,
    pub(super) plan: Option<Value>,
    pub(super) stages: Vec<Lap>,
    pub(super) curve: Vec<Sample>,
    #[serde(flatten)]
    pub(super) rests: Rests,
    pub(super) attempts: Vec<Dash>,
    pub(super) proof: Option<Proof>,
    pub(super) kept: Option<String>,
    pub(super) locked_ms: Option<u64>,
    pub(super) notes: Vec<Note>,
    pub(super) notes_left_out: usize,
}

/// Why it failed.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) kind: Kind,
    pub(super) message: String,
    pub(super) hints: Vec<String>,
}

/// A stage; seconds are since the run began.
#[derive(Debug, Serialize)]
pub(super) struct Lap {
    pub(super) stage: &'static str,
    pub(super) resumed: bool,
    pub(super) from: f64,
    pub(super) seconds: f64,
}

/// An attempt at the swap.
#[derive(Debug, Serialize)]
pub(super) struct Dash {
    pub(super) at: f64,
    #[serde(flatten)]
    pub(super) attempt: Attempt,
}

/// That both tables were the same.
#[derive(Debug, Serialize)]
pub(super) struct Proof {
    /// Rows that were compared and found equal; what changed since was compared again under the
    /// swap's lock.
    pub(super) rows: u64,
    pub(super) from: String,
    pub(super) until: String,
}

/// Something that was said.
#[derive(Debug, Serialize)]
pub(super) struct Note {
    pub(super) at: f64,
    pub(super) event: &'static str,
    pub(super) text: String,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code,
            kind: error.kind,
            message: error.message.clone(),
            hints: error.hints.clone(),
        }
    }
}
