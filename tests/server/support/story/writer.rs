//! An application's thread: the same transactions on the table and on its twin.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::act::Act;
use super::book::Book;
use super::shape::Shape;
use super::statement::{Assignments, Statement};
use super::values::Rng;
use crate::support::pulse::Pulse;

/// Slots of rows whose keys the server is about to assign.
const UNASSIGNED: u64 = 1 << 60;

/// A writer at work.
pub struct Writer {
    pub conn: Conn,
    pub shape: Arc<Shape>,
    /// Quoted names.
    pub table: String,
    pub twin: String,
    pub book: Book,
    pub acts: Vec<Act>,
    pub random: Rng,
    pub pause: Duration,
    /// The name of its prepared transactions, if they are.
    pub xa: Option<String>,
    pub pulse: Arc<Pulse>,
}

/// What a writer has to tell in the end.
#[derive(Debug, Default)]
pub struct Report {
    pub statements: u64,
    /// The longest that the table let a statement wait.
    pub longest: Duration,
    /// What went wrong, if anything did; it ends the writer.
    pub trouble: Option<String>,
}

/// How a transaction ends.
enum End {
    Commit,
    Rollback,
    /// Commit, but without what came after the savepoint.
    RollbackTo,
}

impl Writer {
    /// Writes until told to stop, or until something goes wrong.
    pub async fn run(mut self) -> Report {
        let mut report = Report::default();
        while !self.pulse.is_stopped() {
            if self.pulse.is_resting() {
                tokio::time::sleep(self.pause).await;
                continue;
            }
            if let Err(trouble) = self.transaction(&mut report).await {
                self.pulse.stop();
                report.trouble = Some(format!("writer {}: {trouble}", self.book.writer));
                return report;
            }
            self.pulse.counts_a_transaction();
            tokio::time::sleep(self.pause).await;
        }
        if let Err(error) = self.conn.disconnect().await {
            report.trouble = Some(error.to_string());
        }
        report
    }

    async fn transaction(&mut self, report: &mut Report) -> Result<(), String> {
        let end = match self.random.u8(..10) {
            0 => End::Rollback,
            1 => End::RollbackTo,
            _ => End::Commit,
        };
        let before = matches!(end, End::Rollback).then(|| self.book.clone());
        self.begin(report).await?;
        let new = self.sees_the_new_shape().await?;
        for _ in 0..self.random.usize(1..=4) {
            self.act(new, report).await?;
        }
        if let Some(before) = before {
            self.book = before;
        }
        match end {
            End::Commit => self.end("COMMIT", report).await,
            End::Rollback => self.end("ROLLBACK", report).await,
            End::RollbackTo => {
                let kept = self.book.clone();
                self.say("SAVEPOINT here", report).await?;
                self.act(new, report).await?;
                self.book = kept;
                self.say("ROLLBACK TO SAVEPOINT here", report).await?;
                self.act(new, report).await?;
                self.end("COMMIT", report).await
            }
        }
    }

    async fn begin(&mut self, report: &mut Report) -> Result<(), String> {
        let Some(name) = &self.xa else { return self.say("START TRANSACTION", report).await };
        let start = format!("XA START '{name}'");
        self.say(&start, report).await
    }

    /// Ends the transaction with `verb`.
    async fn end(&mut self, verb: &str, report: &mut Report) -> Result<(), String> {
        let Some(name) = self.xa.clone() else { return self.say(verb, report).await };
        for verb in ["END", "PREPARE", verb] {
            self.say(&format!("XA {verb} '{name}'"), report).await?;
        }
        Ok(())
    }

    /// Which shape the table has until this transaction ends: reading it holds its definition.
    ///
    /// It reads as one who will write. A transaction that only read so far cannot go on to write
    /// while another session waits to lock the table: the server calls that a deadlock.
    async fn sees_the_new_shape(&mut self) -> Result<bool, String> {
        let Some(marker) = &self.shape.era.marker else { return Ok(false) };
        let sql = format!("SELECT * FROM {} LIMIT 0 FOR UPDATE", self.table);
        let result = self.conn.query_iter(&sql).await.map_err(|error| format!("{error}: {sql}"))?;
        let seen = result.columns_ref().iter().any(|column| column.name_str() == marker.as_str());
        result.drop_result().await.map_err(|error| format!("{error}: {sql}"))?;
        Ok(seen)
    }

    async fn act(&mut self, new: bool, report: &mut Report) -> Result<(), String> {
        let act = self.acts[self.random.usize(..self.acts.len())];
        if act == Act::Insert && self.shape.key.assigned && self.random.bool() {
            return self.insert_for_the_server_to_number(new, report).await;
        }
        for statement in self.book.plan(act, &mut self.random) {
            let ours = self.sql(&statement, new);
            self.both(&statement, ours, &statement, report).await?;
        }
        Ok(())
    }

    /// The table numbers the rows; the twin is told the numbers.
    async fn insert_for_the_server_to_number(
        &mut self,
        new: bool,
        report: &mut Report,
    ) -> Result<(), String> {
        let count = self.random.u64(1..=4);
        let rows: Vec<Assignments> =
            (0..count).map(|row| self.book.make(UNASSIGNED + row, &mut self.random)).collect();
        let ours = Statement::Insert(rows.clone());
        let sql = self.sql(&ours, new);
        self.say(&sql, report).await?;
        let first = self.conn.last_insert_id().ok_or_else(|| format!("no number: {sql}"))?;
        self.book.rename(UNASSIGNED, first, count);
        let numbered = rows
            .into_iter()
            .zip(first..)
            .map(|(row, slot)| [self.book.key_assignments(slot), row].concat())
            .collect();
        let theirs = Statement::Insert(numbered);
        self.say_to_twin(&theirs).await.map(drop)
    }

    async fn both(
        &mut self,
        ours: &Statement,
        sql: String,
        theirs: &Statement,
        report: &mut Report,
    ) -> Result<(), String> {
        self.say(&sql, report).await?;
        let affected = self.conn.affected_rows();
        let affected_in_twin = self.say_to_twin(theirs).await?;
        if ours.counts_rows() && affected != affected_in_twin {
            return Err(format!("{affected} rows, but {affected_in_twin} in the twin: {sql}"));
        }
        Ok(())
    }

    async fn say_to_twin(&mut self, statement: &Statement) -> Result<u64, String> {
        let sql = statement.sql(&self.twin, &self.shape.key, &self.shape.era, false);
        self.conn.query_drop(&sql).await.map_err(|error| format!("{error}: {sql}"))?;
        Ok(self.conn.affected_rows())
    }

    async fn say(&mut self, sql: &str, report: &mut Report) -> Result<(), String> {
        let started = Instant::now();
        self.conn.query_drop(sql).await.map_err(|error| format!("{error}: {sql}"))?;
        report.statements += 1;
        report.longest = report.longest.max(started.elapsed());
        Ok(())
    }

    fn sql(&self, statement: &Statement, new: bool) -> String {
        statement.sql(&self.table, &self.shape.key, &self.shape.era, new)
    }
}
