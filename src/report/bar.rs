//! A live line on a terminal: how far, how fast, what is waiting, and why.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use zosc::event::{Event, Progress, Stage};

use super::numbers::{percent, rate, seconds, thousands};
use super::text::say;
use super::{About, Ending, ending};

/// The live line's own movement shows that the process lives.
const REDRAW_EVERY: Duration = Duration::from_millis(120);

/// The length of the bar, finer than it is drawn.
const FULL: u64 = 1000;

/// A line that is drawn anew all the time.
pub(super) struct Bar {
    about: About,
    line: ProgressBar,
    /// Why nothing moves, if so; stronger than the numbers.
    standstill: Option<String>,
}

impl Bar {
    pub(super) fn new(about: About) -> Self {
        let line = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        line.set_style(spinner());
        line.enable_steady_tick(REDRAW_EVERY);
        Self { about, line, standstill: None }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Progress(progress) => self.progress(progress),
            Event::Stage { stage, .. } => {
                self.standstill = None;
                self.line.println(event.to_string());
                self.enter(*stage);
            }
            Event::Throttled { .. } => {
                let why = event.to_string();
                self.line.set_message(why.clone());
                self.standstill = Some(why);
            }
            Event::Unthrottled { .. } => self.standstill = None,
            Event::Waiting { .. } => {
                self.line.println(event.to_string());
                self.line.set_message(event.to_string());
            }
            _ => self.line.println(event.to_string()),
        }
    }

    fn enter(&self, stage: Stage) {
        let counts = matches!(stage, Stage::Copy | Stage::Verify);
        self.line.set_style(if counts { bar() } else { spinner() });
        self.line.set_prefix(stage.short());
        self.line.set_length(1);
        self.line.set_position(0);
        self.line.set_message("");
    }

    fn progress(&self, progress: &Progress) {
        self.line.set_length(FULL);
        self.line.set_position(position(progress.fraction.unwrap_or_default()));
        self.line.set_message(match &self.standstill {
            Some(why) => why.clone(),
            None => short(progress),
        });
    }

    pub(super) fn end(&mut self, ending: &Ending) {
        self.line.finish_and_clear();
        say(&ending::text(ending, self.about.table.as_deref()));
    }
}

/// The numbers, the more important first: a narrow terminal cuts the line.
fn short(progress: &Progress) -> String {
    if progress.stage == Stage::Wait {
        return progress.standstill();
    }
    let Progress { rows, rows_estimate, rows_per_second, backlog, lag_ms, workers, .. } = progress;
    let about = if progress.exact { "" } else { "~" };
    let percent =
        progress.fraction.map_or_else(String::new, |done| format!("{about}{:.1}%", percent(done)));
    let left =
        progress.eta_seconds.map_or_else(String::new, |eta| format!("  {} left", seconds(eta)));
    format!(
        "{percent}{left}  {}/{} rows  {}  backlog {}  lag {lag_ms} ms  workers {workers}",
        thousands(*rows),
        thousands(*rows_estimate),
        rate(*rows_per_second),
        thousands(*backlog as u64),
    )
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn position(fraction: f64) -> u64 {
    (fraction.clamp(0.0, 1.0) * FULL as f64) as u64
}

fn bar() -> ProgressStyle {
    style("{prefix:>8} [{bar:24}] {msg}").progress_chars("=> ")
}

fn spinner() -> ProgressStyle {
    style("{prefix:>8} {spinner} {msg}").tick_chars("|/-\\ ")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant")
}
