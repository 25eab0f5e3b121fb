//! One chunk: a fence, then one statement in one transaction; and what to do when it fails.

use std::time::{Duration, Instant};

use crate::conflict;
use crate::crash::crash_point;
use crate::error::{Error, Result};
use crate::journal::{Journal, Piece};
use crate::ledger::ChunkNo;
use crate::means::Means;
use crate::misfit::misfit;
use crate::mysql::{Fault, Session, Trials};
use crate::refresh::Carrier;
use crate::schema::{Pair, Side};
use crate::walk::Range;

use super::cut::in_two;

/// Tries of one piece before it is cut in two and the cause of the conflict is looked for; and so on
/// at each multiple.
const TRIES_BEFORE_CUTTING: u32 = 2;
/// Conflicts of one piece that cannot be explained before the run ends.
const GIVE_UP_AFTER: u32 = 300;

/// A worker's connection and handles.
pub(super) struct ChunkWorker {
    session: Session,
    trials: Trials,
    pair: Pair,
    journal: Journal,
    carrier: Carrier,
}

impl ChunkWorker {
    pub(super) async fn open(means: &Means, pair: &Pair, carrier: &Carrier) -> Result<Self> {
        let mut trials = Trials::new(&means.server, &means.halt, "copying rows");
        Ok(Self {
            session: trials.session().await?,
            trials,
            pair: pair.clone(),
            journal: means.journal.clone(),
            carrier: carrier.clone(),
        })
    }

    pub(super) fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    pub(super) async fn close(self) -> Result<()> {
        self.session.close().await
    }

    /// Copies a chunk that the ledger knows as started; gives its rows and how long the last
    /// statement took.
    ///
    /// When it meets conflicts the chunk is cut into pieces with a transaction each. The ledger knows
    /// each that is in: else a piece could meet a stale row of the piece before it, whose refresh
    /// would wait for the whole chunk.
    pub(super) async fn copy(&mut self, chunk: ChunkNo, range: &Range) -> Result<(u64, Duration)> {
        let mut ranges = vec![range.clone()];
        let mut piece = Piece { chunk, number: 0, range: range.clone(), rows: 0 };
        let mut rows = 0;
        let mut took = Duration::ZERO;
        let mut conflicts = 0;
        while let Some(part) = ranges.pop() {
            self.carrier.halt().check()?;
            crash_point!("chunk-started");
            self.carrier.fence().await?;
            let upto = part.upto.clone();
            piece.range = part.clone();
            let copied = match self.transaction(&mut piece).await {
                Ok(statement) => {
                    took = statement;
                    Some(piece.rows)
                }
                Err(error) => {
                    conflicts += u32::from(Fault::of(&error) == Fault::Duplicate);
                    self.recover(&error, &part, conflicts).await?;
                    let committed = self.committed(&piece).await?;
                    if committed.is_none() {
                        ranges.extend(self.again(&error, part, conflicts).await?);
                    }
                    committed
                }
            };
            if let Some(copied) = copied {
                self.trials.over();
                rows += copied;
                conflicts = 0;
                piece.number += 1;
                if let Some(upto) = upto.filter(|_| !ranges.is_empty()) {
                    self.carrier.ledger(|ledger| ledger.finish_part(chunk, upto));
                }
            }
        }
        self.carrier.ledger(|ledger| ledger.finish_chunk(chunk));
        Ok((rows, took))
    }

    /// Copies one piece, fills in its rows, and tells how long its statement took: not the commit,
    /// which waits for the disk however small the chunk is. Any error but a lost reply has rolled
    /// all of it back.
    async fn transaction(&mut self, piece: &mut Piece) -> Result<Duration> {
        let session = &mut self.session;
        session.begin().await?;
        let done = async {
            self.journal.hold_epoch(session).await?;
            let started = Instant::now();
            let rows = predicate(&self.pair, &piece.range);
            piece.rows = session.run(self.pair.carry(&rows)).await?;
            let took = started.elapsed();
            crash_point!("chunk-copied");
            self.journal.piece(session, piece).await.map(|()| took)
        }
        .await;
        match done {
            Ok(took) => {
                crash_point!("chunk-noted");
                session.commit().await?;
                crash_point!("chunk-committed");
                Ok(took)
            }
            Err(error) => {
                session.roll_back_after(&error).await?;
                Err(error)
            }
        }
    }

    /// Makes the worker able to try again after `error`, or ends the run.
    async fn recover(&mut self, error: &Error, range: &Range, conflicts: u32) -> Result<()> {
        match Fault::of(error) {
            Fault::Definite => Err(misfit(&self.pair, &predicate(&self.pair, range), error)),
            Fault::Duplicate if conflicts >= GIVE_UP_AFTER => {
                Err(misfit(&self.pair, &predicate(&self.pair, range), error))
            }
            // The stale row in the shadow has a change that is delivered or on its way: let it be
            // carried over, or wait until it is known to be brought by a chunk.
            Fault::Duplicate => self.carrier.reach_and_round().await,
            Fault::Contention | Fault::Lost | Fault::Later => {
                self.trials.again(error, &mut self.session).await
            }
        }
    }

    /// Whether a piece is in: the reply to its commit may have been lost.
    async fn committed(&mut self, piece: &Piece) -> Result<Option<u64>> {
        loop {
            match self.journal.committed(&mut self.session, piece.chunk, piece.number).await {
                Ok(copied) => return Ok(copied),
                Err(error) => self.trials.again(&error, &mut self.session).await?,
            }
        }
    }

    /// The ranges to try instead of `range`: itself, or after some conflicts its parts, unless the
    /// original itself violates the unique key. Ranges are taken from the end, so the first part
    /// comes last.
    async fn again(&mut self, error: &Error, range: Range, tries: u32) -> Result<Vec<Range>> {
        if Fault::of(error) != Fault::Duplicate || !tries.is_multiple_of(TRIES_BEFORE_CUTTING) {
            return Ok(vec![range]);
        }
        match self.explain_or_cut(error, &range).await {
            // As it was: the next conflict asks again.
            Err(error) if Fault::of(&error).may_pass() => {
                self.trials.again(&error, &mut self.session).await?;
                Ok(vec![range])
            }
            done => done,
        }
    }

    async fn explain_or_cut(&mut self, error: &Error, range: &Range) -> Result<Vec<Range>> {
        let rows = predicate(&self.pair, range);
        match conflict::find(&mut self.session, &self.pair, &rows, error).await? {
            Some(violation) => Err(violation.into_error(&self.pair)),
            None => in_two(&mut self.session, &self.pair, range.clone()).await,
        }
    }
}

fn predicate(pair: &Pair, range: &Range) -> String {
    pair.mapping.key.range(Side::Original, range.after.as_ref(), range.upto.as_ref())
}
