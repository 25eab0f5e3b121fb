//! Whether what a limit asks for can be read at all: asked before a run begins to obey it.

use super::signal::{Probe, check_replicas};
use crate::error::{Kind, Result};
use crate::mysql::Server;
use crate::settings::Limits;

/// An error that says which limit can never be read on this server, or which replica cannot be
/// reached or does not let the heartbeat in the journal's schema be read, and the way out. What merely
/// presses now is none.
pub async fn check(server: &Server, limits: &Limits, journal_schema: &str) -> Result<()> {
    of_the_server(server, limits).await?;
    check_replicas(server, &limits.replicas, journal_schema).await
}

async fn of_the_server(server: &Server, limits: &Limits) -> Result<()> {
    for mut probe in Probe::of_the_server(server) {
        match probe.look(limits, 1).await {
            Err(never) if never.kind == Kind::Refused => return Err(never),
            Err(error) => tracing::debug!(%error, "a signal cannot be read just now"),
            Ok(_) => {}
        }
    }
    Ok(())
}
