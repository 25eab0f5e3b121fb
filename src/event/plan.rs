//! A plan's summary in words.

use std::fmt::Write as _;

use serde_json::Value;

use crate::numbers::{bytes, thousands};

/// The lines of a plan; `summary` is [`crate::plan::Plan::summary`].
pub fn text(summary: &Value) -> String {
    let word = |name: &str| summary[name].as_str().unwrap_or_default();
    let number = |name: &str| summary[name].as_u64().unwrap_or_default();
    let mut text = format!(
        "{}: about {} rows, {}\nmethod: {}: {}\n",
        word("original"),
        thousands(number("rows_estimate")),
        bytes(number("bytes")),
        word("method").replace('_', " "),
        word("reason"),
    );
    if let Some(key) = summary["key"].as_array() {
        line(&mut text, &format!("key: {} ({})", word("key_index"), words(key).join(", ")));
        line(&mut text, &format!("columns: {}", columns(&summary["columns"])));
        line(&mut text, &format!("capture: {}: {}", word("mode"), word("mode_reason")));
        line(&mut text, &format!("swap: {}: {}", word("swap"), swap(word("swap"))));
    }
    for finding in summary["findings"].as_array().into_iter().flatten() {
        let part = |name: &str| finding[name].as_str().unwrap_or_default();
        let allowed = if finding["allowed"] == true { " (allowed)" } else { "" };
        let (level, rule, message) = (part("level"), part("rule"), part("message"));
        line(&mut text, &format!("{level}{allowed}: {rule}: {message}"));
        if !part("hint").is_empty() {
            line(&mut text, &format!("    hint: {}", part("hint")));
        }
        let can_be_allowed = finding["allowable"] == true && finding["allowed"] != true;
        if level == "refuse" && can_be_allowed && !part("hint").contains("--allow") {
            line(&mut text, &format!("    to go on in spite of it: `--allow {rule}`"));
        }
    }
    text
}

fn swap(way: &str) -> &str {
    match way {
        "locked" => "a rename under the lock",
        "queued" => "a rename that waits behind the lock",
        other => other,
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a String cannot fail");
}

fn words(values: &[Value]) -> Vec<&str> {
    values.iter().filter_map(Value::as_str).collect()
}

/// `a, b -> c`: the columns that are carried over.
fn columns(pairs: &Value) -> String {
    let pairs = pairs.as_array().into_iter().flatten().map(|pair| {
        let name = |side: &str| pair[side].as_str().unwrap_or_default();
        let (original, shadow) = (name("original"), name("shadow"));
        if original == shadow { original.to_owned() } else { format!("{original} -> {shadow}") }
    });
    pairs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_words() {
        let summary = serde_json::json!({
            "original": "shop.orders", "rows_estimate": 1_200_000, "bytes": 734_003_200,
            "method": "copy", "reason": "`total` changes its type", "mode": "binlog",
            "mode_reason": "the log has it all", "swap": "queued", "key_index": "PRIMARY",
            "key": ["a", "b"],
            "columns": [{"original": "a", "shadow": "a"}, {"original": "x", "shadow": "y"}],
            "findings": [{"rule": "lossy-conversion", "level": "refuse", "message": "digits go",
                          "hint": "widen it", "allowable": true},
                         {"rule": "views", "level": "refuse", "message": "v uses it",
                          "hint": "", "allowable": true, "allowed": true}],
        });
        assert_eq!(
            text(&summary),
            "shop.orders: about 1,200,000 rows, 700.0 MiB\n\
             method: copy: `total` changes its type\n\
             key: PRIMARY (a, b)\n\
             columns: a, x -> y\n\
             capture: binlog: the log has it all\n\
             swap: queued: a rename that waits behind the lock\n\
             refuse: lossy-conversion: digits go\n    hint: widen it\n    \
             to go on in spite of it: `--allow lossy-conversion`\n\
             refuse (allowed): views: v uses it\n"
        );
    }
}
