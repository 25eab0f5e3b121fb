//! An attempt at the swap, made and told of, while the application's traffic rests.

use std::time::Duration;

use super::attempt::Attempt;
use super::{End, GaveUp, settle};
use crate::error::{Error, Result};
use crate::means::Means;
use crate::mysql::Session;
use crate::traffic::{Answer, NOT_RESUMED, Traffic};
use crate::verify::Verified;

/// Makes an attempt while the application's traffic rests, where that is asked for.
pub(super) async fn attempt(
    attempt: &Attempt<'_>,
    traffic: &Traffic,
    number: u32,
    session: &mut Session,
    verified: &mut Verified,
) -> Result<End> {
    let Means { server, journal, events, halt, .. } = attempt.means;
    let paused = match traffic.pause(server, journal, session, attempt.bounds, number).await {
        Ok(Answer::Go(paused)) => paused,
        Ok(Answer::Skip) => {
            return Ok(End::not_made(GaveUp::NotPaused).told(events, number));
        }
        Err(error) if error.code == NOT_RESUMED => return Err(error),
        Err(error) => {
            let end = attempt.given_up(session, false, Duration::ZERO, error).await?;
            return Ok(end.told(events, number));
        }
    };
    let made = async {
        halt.check()?;
        if paused.rests() {
            settle(attempt.carrier).await?;
        }
        attempt.make(session, verified).await
    };
    // Resuming may take its time.
    let made = made.await.map(|end| end.told(events, number));
    match (paused.resume().await, made) {
        (Ok(()), made) => made,
        // The tables are swapped: that comes first.
        (Err(error), Ok(granted @ End::Granted { .. })) => {
            events.warn(error.code, error.message, error.hints.first().map(String::as_str));
            Ok(granted)
        }
        (Err(error), Ok(End::GivenUp { .. })) => Err(error),
        (Err(error), Err(first)) => {
            Err(error.hints.into_iter().fold(first.hint(error.message), Error::hint))
        }
    }
}
