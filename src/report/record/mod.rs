//! The final report: what a run was asked, what it did and when, and the proof. One record, written
//! as JSON for programs or as one HTML page for people.

mod chart;
mod contents;
mod curve;
mod html;
mod rests;
mod settings;
mod target;

use std::path::Path;
use std::time::{Duration, SystemTime};

use zosc::error::Result;
use zosc::event::{Dated, Event, Stage, millis};
use zosc::outcome::Outcome;
use zosc::settings::Settings;
use zosc::status::Attempt;

use self::contents::{Dash, Failure, Lap, Note, Proof, Record};
use self::curve::Curve;
use self::rests::Rests;
use self::target::Target;
use super::{About, Ending};

/// More notes than this tell nobody anything.
const MOST_NOTES: usize = 500;

/// Listens to a run, and writes its report in the end.
#[derive(Debug)]
pub(crate) struct Recorder {
    target: Target,
    record: Record,
    curve: Curve,
    began: SystemTime,
    /// When the comparison began and ended.
    compared: [Option<SystemTime>; 2],
}

impl Recorder {
    /// An error if the file could not be written when the time comes.
    pub(crate) fn open(file: &Path, about: &About, settings: &Settings) -> Result<Self> {
        let target = Target::open(file)?;
        let began = SystemTime::now();
        let record = Record {
            v: 1,
            zosc: env!("CARGO_PKG_VERSION"),
            id: about.id.clone(),
            table: about.table.clone(),
            run: None,
            statement: None,
            settings: settings::told(settings),
            began: time(began),
            seconds: 0.0,
            outcome: "failed",
            exit_code: 0,
            error: None,
            plan: None,
            stages: Vec::new(),
            curve: Vec::new(),
            rests: Rests::default(),
            attempts: Vec::new(),
            proof: None,
            kept: None,
            locked_ms: None,
            notes: Vec::new(),
            notes_left_out: 0,
        };
        let (curve, compared) = (Curve::default(), [None; 2]);
        Ok(Self { target, record, curve, began, compared })
    }

    pub(crate) fn statement(mut self, statement: &str) -> Self {
        self.record.statement = Some(statement.to_owned());
        self
    }

    /// Takes in what was said.
    pub(crate) fn hear(&mut self, Dated { at, event }: &Dated) {
        let now = self.since(*at);
        let record = &mut self.record;
        match event {
            Event::Run { run, table, statement } => {
                record.run = Some(*run);
                record.table = Some(table.clone());
                record.statement = Some(statement.clone());
            }
            Event::Plan(plan) => record.plan = Some(plan.clone()),
            Event::Stage { stage, resumed } => {
                self.end_lap(now);
                let (stage, resumed) = (*stage, *resumed);
                self.record.stages.push(Lap {
                    stage: stage.short(),
                    resumed,
                    from: now,
                    seconds: 0.0,
                });
                match stage {
                    Stage::Verify => self.compared[0] = Some(*at),
                    // The first of them ends the comparison of all rows.
                    Stage::Wait | Stage::Cutover => {
                        self.compared[1].get_or_insert(*at);
                    }
                    _ => {}
                }
            }
            Event::Progress(progress) => self.curve.note(now, progress),
            Event::Throttled { reason, detail } => record.rests.begin(now, reason, detail),
            Event::Unthrottled { .. } => record.rests.end(now),
            Event::Swap { attempt, outcome, locked_ms, blockers } => {
                let attempt = Attempt {
                    number: *attempt,
                    outcome: outcome.clone(),
                    locked_ms: *locked_ms,
                    blockers: blockers.clone(),
                };
                record.attempts.push(Dash { at: now, attempt });
            }
            Event::Warning { .. } => self.take_down(now, "warning", event),
            Event::Waiting { .. } => self.take_down(now, "waiting", event),
            Event::Hook { .. } => self.take_down(now, "hook", event),
            Event::Traffic { .. } => self.take_down(now, "traffic", event),
            Event::Command { .. } => self.take_down(now, "command", event),
            _ => {}
        }
    }

    fn take_down(&mut self, at: f64, name: &'static str, event: &Event) {
        if self.record.notes.len() == MOST_NOTES {
            self.record.notes_left_out += 1;
        } else {
            self.record.notes.push(Note { at, event: name, text: event.to_string() });
        }
    }

    fn end_lap(&mut self, now: f64) {
        if let Some(lap) = self.record.stages.last_mut() {
            lap.seconds = hundredth(now - lap.from);
        }
    }

    /// Writes the report; whatever stood in the file is replaced by the whole of it.
    pub(crate) fn write(mut self, ending: &Ending) -> std::io::Result<()> {
        let now = self.since(SystemTime::now());
        self.end_lap(now);
        self.record.rests.end(now);
        let Self { target, mut record, curve, compared, .. } = self;
        record.seconds = now;
        record.curve = curve.into_samples();
        record.exit_code = ending.exit_code;
        match &ending.result {
            Ok(outcome) => {
                record.outcome = outcome.word();
                if let Outcome::Copied(swapped) = outcome {
                    record.kept = Some(swapped.kept.plain());
                    record.locked_ms = Some(millis(swapped.locked));
                    if let [Some(from), Some(until)] = compared {
                        let (from, until) = (time(from), time(until));
                        record.proof = Some(Proof { rows: swapped.verified_rows, from, until });
                    }
                }
            }
            Err(error) => {
                record.error = Some(Failure::from(error));
            }
        }
        target.write(&record)
    }

    /// Seconds since the run began.
    fn since(&self, at: SystemTime) -> f64 {
        hundredth(at.duration_since(self.began).unwrap_or(Duration::ZERO).as_secs_f64())
    }
}

fn hundredth(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}

fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}
