//! What is done under the lock before the rename: all that is pending is carried over, what changed
//! lately is compared, and both tables must be what they were planned to be.

use super::attempt::Attempt;
use crate::capture::Rest;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::mysql::Session;
use crate::refresh::carry_over_locked;
use crate::schema::Trigger;
use crate::schema::read::{auto_increment, definition, triggers};
use crate::verify::Verified;

impl Attempt<'_> {
    /// Makes the shadow what the original is. No transaction that wrote the original is open now, as
    /// the locker holds both, and each is known to capture's rest.
    pub(super) async fn drain(&self, locker: &mut Session, verified: &mut Verified) -> Result<()> {
        self.is_as_planned(locker).await?;
        match self.capture.rest(locker).await? {
            Rest::Coming => self.carrier.reach().await?,
            Rest::Keys(keys) => self.carrier.enter(keys),
        }
        self.carry_pending_over(locker).await?;
        verified.under_lock(locker, self.carrier).await?;
        self.carry_counter_over(locker).await
    }

    /// Carries everything pending over, in the locking session: no other could write the shadow.
    async fn carry_pending_over(&self, locker: &mut Session) -> Result<()> {
        // All in one: values of a unique key may have gone round among them.
        let Some(round) = self.carrier.ledger(Ledger::take_all) else { return Ok(()) };
        let keys: Vec<_> = round.entries.iter().map(|(key, _)| key.clone()).collect();
        let done = carry_over_locked(locker, self.shadow.pair(), &keys).await;
        let back = if done.is_ok() { Vec::new() } else { round.entries.to_vec() };
        self.carrier.ledger(|ledger| ledger.close_round(back));
        done
    }

    /// The next automatic id must be the one that the original would have given.
    async fn carry_counter_over(&self, locker: &mut Session) -> Result<()> {
        let pair = self.shadow.pair();
        let next = auto_increment(locker, &pair.original).await?;
        let shadows = auto_increment(locker, &pair.shadow).await?;
        if let (Some(next), Some(shadows)) = (next, shadows)
            && next > shadows
        {
            locker.run(format!("ALTER TABLE {} AUTO_INCREMENT = {next}", pair.shadow)).await?;
        }
        Ok(())
    }

    /// Whatever others did to the original since the plan would be lost with it.
    async fn is_as_planned(&self, locker: &mut Session) -> Result<()> {
        let planned = self.shadow.planned();
        let name = planned.name.plain();
        if definition(locker, &planned.name).await? != planned.definition {
            return Err(changed(&format!("the definition of `{name}` was changed")));
        }
        let mut now = triggers(locker, &planned.name).await?;
        now.retain(|trigger| !self.capture.trigger_names().contains(&trigger.name));
        if now == planned.triggers {
            return Ok(());
        }
        let alone = |one: &[Trigger], other: &[Trigger]| {
            let mut alone = one.iter().filter(|trigger| !other.contains(trigger));
            alone.next().map(|trigger| trigger.name.clone())
        };
        let which = alone(&now, &planned.triggers).or_else(|| alone(&planned.triggers, &now));
        let which = which.unwrap_or_default();
        Err(changed(&format!("trigger `{which}` of `{name}` was made, changed or dropped")))
    }
}

pub(super) fn changed(what: &str) -> Error {
    Error::failed("changed_since_planned", format!("{what} by another session during the run"))
        .hint("run the same command again; keep other schema changes away until the swap is done")
}
