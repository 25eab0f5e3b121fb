//! `zosc plan` and `--dry-run`: what would be done.

use zosc::error::{Kind, Result};
use zosc::mysql::Server;
use zosc::plan::{self, Plan};
use zosc::request::Request;

use super::args::{PlanArguments, RunArguments};
use super::change::{self, Understood};
use crate::report::{self, Answer};

pub(crate) use super::args::PlanArguments as Arguments;

impl From<RunArguments> for PlanArguments {
    fn from(run: RunArguments) -> Self {
        let RunArguments { change, tuning, common, dry_run: _, rehearse: _, rehearse_on: _ } = run;
        Self { change, tuning, common, check: false }
    }
}

/// Prints the plan; gives the exit code.
pub(crate) async fn execute(arguments: &PlanArguments) -> u8 {
    let answer = draw(arguments).await;
    let refused = answer.as_ref().is_ok_and(|(request, plan)| plan.accepted(request).is_err());
    let plan = answer.map(|(request, plan)| Answer::plan(&plan, &request));
    let code = report::answer(arguments.common.output.format, plan);
    match code {
        0 if arguments.check && refused => Kind::Refused.exit_code(),
        _ => code,
    }
}

async fn draw(arguments: &PlanArguments) -> Result<(Request, Plan)> {
    let PlanArguments { change, tuning, common, .. } = arguments;
    let Understood { connection, request, .. } = change::understand(change, tuning, common)?;
    let server = Server::connect(&connection).await?;
    let plan = plan::draw(&server, &request).await?;
    Ok((request, plan))
}
