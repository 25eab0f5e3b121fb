//! What would be in the way of the swap if it were tried now. Looks only.

use serde_json::json;

use super::helm::{Answer, Helm};
use crate::error::Result;
use crate::event::{Blocker, Stage};
use crate::schema::Helper;
use crate::swap::blockers_of;

/// The server counts in whole seconds: what is younger may be one of ours, and blocks nobody for long.
const OLD_ENOUGH: u64 = 2;

/// In lines and as an object.
pub(super) async fn swap(helm: &Helm) -> Result<Answer> {
    let means = &helm.means;
    let table = &helm.about.table;
    let mut session = means.server.session().await?;
    let mut blockers = blockers_of(&mut session, [table, &table.helper(Helper::Shadow)]).await;
    session.close().await?;
    blockers.retain(|blocker: &Blocker| {
        let statement = blocker.statement.as_deref().unwrap_or_default();
        blocker.seconds >= OLD_ENOUGH && !statement.starts_with("/* zosc ")
    });

    let (shut, pending) = (means.gate.shut().await, means.gate.pending());
    let stage = means.events.status().stage;
    let is_ready = means.gate.is_waiting() || stage == Some(Stage::Cutover);
    let slowed = means.pace.answer().slowed;
    let not = if is_ready { "" } else { "not yet: " };
    let mut lines = vec![format!("{not}all rows are copied and compared")];
    lines.extend(shut.iter().map(|shut| format!("the swap waits for {}", shut.detail)));
    if let Some((backlog, dirty)) = pending {
        lines.push(format!(
            "{backlog} changed keys are to be carried over, {dirty} to be compared once more"
        ));
    }
    if let Some(slowed) = slowed.as_ref().filter(|slowed| !slowed.rests) {
        lines.push(format!("work is slowed: {}", slowed.detail));
    }
    lines.extend(blockers.iter().map(|blocker| format!("in the way: {blocker}")));
    if blockers.is_empty() {
        lines.push("no connection would be in the way of the lock now".to_owned());
    }
    let (backlog, dirty_keys) = pending.unzip();
    Ok(Answer::text(lines.join("\n")).with_all(json!({
        "ready": is_ready, "stage": stage, "waits_for": shut, "slowed": slowed,
        "backlog": backlog, "dirty_keys": dirty_keys, "blockers": blockers,
    })))
}
