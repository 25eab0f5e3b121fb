//! The names of our helper tables must be free, or bear our mark.

use crate::error::Result;
use crate::mysql::Session;
use crate::plan::Finding;
use crate::schema::{Helper, MARK, TableName, comment};

pub(super) async fn check(session: &mut Session, original: &TableName) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for helper in Helper::ALL {
        let name = original.helper(helper);
        let Some(comment) = comment(session, &name).await? else { continue };
        let finding = match helper {
            Helper::Kept => Finding::refuse(
                "helper-names",
                format!("`{}` is still there from an earlier change", name.plain()),
                "`zosc clean` removes what earlier changes kept; or drop or rename it yourself",
            ),
            Helper::Shadow | Helper::Rehearsal if comment.starts_with(MARK) => continue,
            Helper::Shadow | Helper::Rehearsal => Finding::refuse(
                "helper-names",
                format!("`{}` exists and does not bear zosc's mark", name.plain()),
                "see what it is, and rename or drop it",
            ),
        };
        findings.push(finding);
    }
    Ok(findings)
}
