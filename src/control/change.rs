//! The words that change something.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::helm::{Answer, Helm};
use super::report;
use super::words::Word;
use crate::error::{Error, Kind, Result};
use crate::event::Stage;
use crate::means::Means;
use crate::pace;
use crate::settings::Setting;

/// What an operator's word is called as a reason; gh-ost's clients look for it.
const COMMANDED: &str = "commanded by user";
/// The pace has seen a word after this.
const SEEN: Duration = Duration::from_millis(500);

impl Helm {
    pub(super) async fn change(&self, word: Word, by: &str) -> Result<Answer> {
        let done = match word {
            Word::Set(setting, value) => self.set(setting, &value).await?,
            Word::Throttle => {
                self.means.pace.hold(COMMANDED);
                self.until(true).await;
                "work rests until `no-throttle`; the server must keep its log as long".to_owned()
            }
            Word::NoThrottle => self.no_throttle().await,
            Word::Postpone => self.postpone().await?,
            Word::NoPostpone => self.no_postpone().await?,
            Word::PostponeByFile(file) => self.postpone_by_file(file).await?,
            Word::CutOver => self.cut_over().await?,
            Word::Verify => self.verify()?,
            Word::Abort => self.abort(by),
            other => return Err(Error::failed("no_change", format!("{other:?} changes nothing"))),
        };
        let now = report::sup(self);
        Ok(Answer::text(format!("{done}\n{now}")).with("done", done))
    }

    /// By the rules of its flag; a limit that can never be read here is not taken.
    async fn set(&self, setting: Setting, value: &str) -> Result<String> {
        let _turn = self.turn.lock().await;
        let word = setting.word();
        let Means { server, settings, gate, .. } = &self.means;
        let mut changed = settings.now();
        setting.set(&mut changed, value, server.connection()).map_err(|why| {
            Error::usage("bad_value", format!("`{word}` cannot be set so: {why}"))
                .hint(format!("`{word}=?` tells what it is now"))
        })?;
        if changed.limits != settings.now().limits {
            pace::check(server, &changed.limits, self.means.journal.schema()).await?;
        }
        settings.change(|settings| *settings = changed);
        if matches!(setting, Setting::PostponeFlagFile | Setting::CutOverWindow) {
            gate.postpone(gate.is_postponed());
        }
        Ok(format!("{word}={}", setting.value(&settings.now())))
    }

    async fn no_throttle(&self) -> String {
        let was_held = self.means.pace.let_go();
        self.until(false).await;
        let done = if was_held { "work may go on" } else { "nobody had said `throttle`" };
        match self.means.pace.answer().slowed.filter(|slowed| slowed.rests) {
            Some(slowed) => format!("{done}, but rests still: {}", slowed.detail),
            None => done.to_owned(),
        }
    }

    /// Until the pace is as it was told, or it is plain that something else decides.
    async fn until(&self, rests: bool) {
        let begun = Instant::now();
        let is_so = || self.means.pace.answer().slowed.is_some_and(|it| it.rests) == rests;
        while !is_so() && begun.elapsed() < SEEN {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn postpone(&self) -> Result<String> {
        let _turn = self.turn.lock().await;
        self.note(true).await?;
        self.means.gate.postpone(true);
        Ok(match self.means.events.status().stage {
            Some(Stage::Cutover) => "postponed, but for the attempt that is being made now",
            _ => "postponed until `cut-over`",
        }
        .to_owned())
    }

    async fn no_postpone(&self) -> Result<String> {
        let _turn = self.turn.lock().await;
        self.note(false).await?;
        self.means.gate.postpone(false);
        Ok("not postponed: the swap comes when it is ready".to_owned())
    }

    /// As gh-ost: the file is made, and the swap waits as long as it is there.
    async fn postpone_by_file(&self, file: PathBuf) -> Result<String> {
        let _turn = self.turn.lock().await;
        let made = OpenOptions::new().create(true).append(true).open(&file);
        made.map_err(|error| {
            let message = format!("the file {} cannot be made: {error}", file.display());
            Error::refused("flag_file_not_made", message)
                .hint("name a file in a folder that this run may write to")
        })?;
        let done = format!("postponed as long as {} is there", file.display());
        self.means.settings.change(|settings| settings.cut_over.flag_file = Some(file));
        self.means.gate.postpone(self.means.gate.is_postponed());
        Ok(done)
    }

    async fn cut_over(&self) -> Result<String> {
        let _turn = self.turn.lock().await;
        let gate = &self.means.gate;
        if !gate.is_waiting() {
            let error = Error::refused(
                "not_postponed",
                "the run does not wait for the swap now: rows are not all copied and compared, or \
                 the swap is being made",
            );
            return Err(if gate.is_postponed() {
                error.hint("`postpone off` has the tables swapped as soon as they are ready")
            } else {
                error.hint("nothing postpones it: see `status`")
            });
        }
        if gate.is_postponed() {
            self.note(false).await?;
        }
        gate.go();
        let still = gate.shut().await;
        Ok(match still.first() {
            Some(shut) => format!("unpostponed; the swap still waits for {}", shut.detail),
            None => "unpostponed: the tables are swapped now".to_owned(),
        })
    }

    /// Writes down whether the swap waits for a word, for a run that goes on after a crash.
    async fn note(&self, postponed: bool) -> Result<()> {
        let mut session = self.means.server.session().await?;
        self.means.journal.postpone(&mut session, postponed).await?;
        session.close().await
    }

    fn verify(&self) -> Result<String> {
        if !self.means.gate.is_waiting() {
            return Err(Error::refused("not_postponed", "the run does not wait for the swap now")
                .hint("all rows are compared before it in any case"));
        }
        self.means.gate.compare_again();
        Ok("all rows are compared once more; a word tells when that is done".to_owned())
    }

    fn abort(&self, by: &str) -> String {
        let why = format!("an operator stopped the run: {by}");
        self.means.events.waiting("stop", "stopping: finishing the transaction first");
        self.means.halt.stop(Error::new(Kind::Resumable, "aborted", why));
        "the run stops at the next safe place; nothing is cleaned up, and the same command goes on"
            .to_owned()
    }
}
