//! The names of our helper tables and triggers must be free, or bear our mark.

use crate::capture::triggers::any_body_mark;
use crate::error::Result;
use crate::mysql::{Session, text};
use crate::plan::{Finding, Rule};
use crate::schema::{Firing, Helper, MARK, TableName, comment};

pub(super) async fn check(
    session: &mut Session,
    original: &TableName,
    drop_kept: bool,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for helper in Helper::ALL {
        let name = original.helper(helper);
        let Some(comment) = comment(session, &name).await? else { continue };
        let finding = match helper {
            Helper::Kept if drop_kept && comment.starts_with(MARK) => Finding::note(
                Rule::HelperNames,
                format!("`{}`, which an earlier change has kept, will be dropped", name.plain()),
                "leave out `--drop-kept` if it is still needed",
            ),
            Helper::Kept => Finding::refuse(
                Rule::HelperNames,
                format!("`{}` is still there from an earlier change", name.plain()),
                "`zosc clean` removes what earlier changes kept (or `--drop-kept`, with this one); \
                 or drop or rename it yourself",
            ),
            Helper::Shadow | Helper::Log(_) | Helper::Rehearsal if comment.starts_with(MARK) => {
                continue;
            }
            Helper::Shadow | Helper::Log(_) | Helper::Rehearsal => Finding::refuse(
                Rule::HelperNames,
                format!("`{}` exists and does not bear zosc's mark", name.plain()),
                "see what it is, and rename or drop it",
            ),
        };
        findings.push(finding);
    }
    findings.extend(triggers(session, original).await?);
    Ok(findings)
}

/// Triggers of our names in the table's schema, on whatever table, that are not ours.
async fn triggers(session: &mut Session, original: &TableName) -> Result<Vec<Finding>> {
    let names = Firing::ALL.map(|firing| text(&original.trigger(firing).table));
    let mark = any_body_mark();
    let foreign: Vec<String> = session
        .rows(format!(
            "SELECT trigger_name AS n FROM information_schema.triggers \
             WHERE trigger_schema = {} AND trigger_name IN ({}) \
             AND LEFT(action_statement, {}) <> {}",
            text(&original.schema),
            names.join(", "),
            mark.chars().count(),
            text(&mark)
        ))
        .await?;
    let finding = |name: String| {
        Finding::refuse(
            Rule::HelperNames,
            format!("the trigger `{}.{name}` exists and is not zosc's", original.schema),
            "see what it is, and rename or drop it",
        )
    };
    Ok(foreign.into_iter().map(finding).collect())
}
