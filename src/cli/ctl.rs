//! `zosc ctl`: talk to a run that goes on.

use std::time::Duration;

use serde_json::{Value, json};
use zosc::control;
use zosc::error::Result;

use super::args::CtlArguments;
use super::living;
use crate::report::{self, Format};

/// Says it and prints the answer; gives the exit code.
pub(crate) async fn execute(arguments: &CtlArguments) -> u8 {
    let CtlArguments { run, words, check, watch, output } = arguments;
    let mut words = words.clone();
    words.extend(check.then(|| "--check".to_owned()));
    let words = &words;
    let done = match (run, watch) {
        (None, _) => list(output.format).await,
        (Some(run), None) => tell(run, words, output.format).await,
        (Some(run), Some(seconds)) => watch_over(run, words, *seconds, output.format).await,
    };
    match done {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            report::failure(output.format, &error);
            1
        }
    }
}

async fn list(format: Format) -> Result<bool> {
    report::living(format, &control::living().await?);
    Ok(true)
}

/// Whether the run did as it was told.
async fn tell(run: &str, words: &[String], format: Format) -> Result<bool> {
    let path = living::find(run).await?;
    let answer = control::ask(&path, &question(words)).await?;
    report::spoken(format, &answer);
    Ok(answer["ok"] == true)
}

/// Until the run has ended.
async fn watch_over(run: &str, words: &[String], seconds: u64, format: Format) -> Result<bool> {
    let path = living::find(run).await?;
    loop {
        let Some(answer) = living::ask(&path, &question(words)).await? else { return Ok(true) };
        if !report::spoken(format, &answer) {
            return Ok(true);
        }
        if answer["ok"] != true {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

fn question(words: &[String]) -> Value {
    match words {
        [] => json!({ "do": "status" }),
        [words] => match words.split_once('=') {
            Some((word, value)) => json!({ "do": word.trim(), "value": value.trim() }),
            None => json!({ "do": words.trim() }),
        },
        [word, value @ ..] => json!({ "do": word, "value": value.join(" ") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_a_question() {
        let ask = |words: &[&str]| {
            question(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(ask(&[]), json!({ "do": "status" }));
        assert_eq!(ask(&["sup"]), json!({ "do": "sup" }));
        assert_eq!(
            ask(&["max-lag", "1s", "500ms"]),
            json!({ "do": "max-lag", "value": "1s 500ms" })
        );
        assert_eq!(ask(&["chunk-size=7"]), json!({ "do": "chunk-size", "value": "7" }));
        assert_eq!(ask(&["cut-over", "--check"]), json!({ "do": "cut-over", "value": "--check" }));
    }
}
