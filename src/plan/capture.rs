//! Where changed keys come from: the binary log if it tells of every change, else triggers.

mod fires;

use super::checks;
use crate::capture::Mode;
use crate::error::{Error, Kind, Result};
use crate::mysql::{Server, Session};
use crate::request::Request;
use crate::schema::{KeyShape, TableName};

/// The mode and why. What was asked for is taken or refused with the reason; else the better one that
/// works here.
pub(super) async fn choose(
    server: &Server,
    session: &mut Session,
    request: &Request,
    original: &TableName,
    key: &KeyShape,
) -> Result<(Mode, String)> {
    checks::server::alone(session).await?;
    if let Some(mode) = request.capture {
        return match possible(server, session, mode, original, key).await? {
            Ok(()) => Ok((mode, "as asked for".to_owned())),
            Err(error) => Err(error.during(format!("`--capture {}`", mode.word()))),
        };
    }
    let log = possible(server, session, Mode::Binlog, original, key).await?;
    let Err(no_log) = log else {
        return Ok((Mode::Binlog, "the binary log has every change as rows".to_owned()));
    };
    match possible(server, session, Mode::Triggers, original, key).await? {
        Ok(()) => {
            Ok((Mode::Triggers, format!("the binary log does not serve: {}", no_log.message)))
        }
        Err(no_triggers) => {
            let message = format!(
                "changes can be captured neither from the binary log ({}) nor by triggers ({})",
                no_log.message, no_triggers.message
            );
            let error = Error::not_ready("no_capture", message);
            let hints = no_log.hints.into_iter().chain(no_triggers.hints);
            Err(hints.fold(error, Error::hint))
        }
    }
}

/// Whether a mode works here; inside, why it does not.
async fn possible(
    server: &Server,
    session: &mut Session,
    mode: Mode,
    original: &TableName,
    key: &KeyShape,
) -> Result<Result<()>> {
    let verdict = match mode {
        Mode::Binlog => log_serves(session, key).await,
        Mode::Triggers => triggers_serve(server, session, original).await,
    };
    match verdict {
        Err(error) if error.kind != Kind::NotReady => Err(error),
        verdict => Ok(verdict),
    }
}

async fn log_serves(session: &mut Session, key: &KeyShape) -> Result<()> {
    checks::grants::to_read_log(session).await?;
    checks::server::logs_rows(session, key).await
}

async fn triggers_serve(
    server: &Server,
    session: &mut Session,
    original: &TableName,
) -> Result<()> {
    checks::server::fires_triggers(session).await?;
    fires::try_out(server, original).await
}
