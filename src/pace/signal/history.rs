//! How many transactions InnoDB keeps old versions of rows for.

use super::{Line, Pressure, status};
use crate::error::{Error, Result};
use crate::mysql::Flavour;
use crate::settings::Limits;

/// Reads it.
#[derive(Debug)]
pub(in crate::pace) struct History {
    line: Line,
}

impl History {
    pub(super) fn new(line: Line) -> Self {
        Self { line }
    }

    /// Rest when it is too long.
    pub(super) async fn look(&mut self, limits: &Limits) -> Result<Pressure> {
        let Some(limit) = limits.max_history else { return Ok(Pressure::Easy) };
        let length = self.length().await?;
        Ok(if length > limit {
            Pressure::Over(format!("InnoDB's history has a length of {length} (at most {limit})"))
        } else {
            Pressure::Easy
        })
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count
    async fn length(&mut self) -> Result<u64> {
        match self.line.server().facts().flavour {
            Flavour::Mariadb => {
                let values = status::of_others(&mut self.line, &["Innodb_history_list_length"]);
                Ok(values.await?[0] as u64)
            }
            Flavour::Mysql => {
                let sql = "SELECT count FROM information_schema.innodb_metrics \
                           WHERE name = 'trx_rseg_history_len' AND status = 'enabled'";
                let length = self.line.ask(async |session| session.first(sql).await).await?;
                length.ok_or_else(|| {
                    Error::refused(
                        "history_unreadable",
                        "the server does not count InnoDB's history",
                    )
                    .hint("SET GLOBAL innodb_monitor_enable = 'trx_rseg_history_len'")
                })
            }
        }
    }
}
