//! The signals, each read by a task of its own: one that hangs keeps no other from being read.

mod line;
mod load;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::board::Board;
use super::reading::{Pressure, Reason};
use crate::error::Result;
use crate::mysql::Server;
use crate::settings::{Limits, Live};

use line::Line;
use load::Load;

/// One that reads a signal.
#[derive(Debug)]
pub(super) enum Probe {
    Load(Load),
}

impl Probe {
    /// One of each.
    pub(super) fn all(server: &Server) -> Vec<Self> {
        let line = || Line::to(server);
        vec![Self::Load(Load::new(line()))]
    }

    /// What it speaks of.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Load(_) => Reason::Load,
        }
    }

    /// How often it looks.
    fn every(&self) -> Duration {
        match self {
            Self::Load(_) => Duration::from_millis(500),
        }
    }

    async fn look(&mut self, live: &Live) -> Result<Pressure> {
        let limits: Limits = live.now().limits;
        match self {
            Self::Load(load) => load.look(&limits, live.effort().workers).await,
        }
    }

    /// Looks until it is dropped.
    pub(super) async fn keep_looking(
        mut self,
        slot: usize,
        board: Board,
        live: Live,
        news: Arc<Notify>,
    ) {
        loop {
            let look = self.look(&live).await;
            board.put(slot, look);
            news.notify_one();
            tokio::time::sleep(self.every()).await;
        }
    }
}
