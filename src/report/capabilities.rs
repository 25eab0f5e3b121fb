//! What a binary can do, in words. The flags are left to `--help`, the rest to programs.

use std::fmt::Write as _;

use serde_json::Value;

use super::json::VERSION;

/// `all` are the members of the event.
pub(super) fn text(all: &Value) -> String {
    let mut text = format!("zosc {}, events of version {VERSION}\n", word(&all["zosc"]));
    for (member, words) in [
        ("built with", words(&all["features"])),
        ("commands", names(&all["commands"])),
        ("wrappers", words(&all["wrappers"])),
        ("servers", servers(&all["servers"])),
        ("captures", words(&all["captures"])),
        ("swaps", words(&all["swaps"])),
        ("exit codes", exit_codes(&all["exit_codes"])),
        ("events", words(&all["events"])),
        ("rules", names(&all["rules"])),
        ("settings of a run that goes on", words(&all["settings"])),
    ] {
        if !words.is_empty() {
            writeln!(text, "{member}: {}", words.join(", "))
                .expect("writing to a String cannot fail");
        }
    }
    text
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|value| word(value).to_owned()).collect()
}

fn names(members: &Value) -> Vec<String> {
    members.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

fn servers(members: &Value) -> Vec<String> {
    let server =
        |(name, server): (&String, &Value)| format!("{name} from {}", word(&server["oldest"]));
    members.as_object().into_iter().flatten().map(server).collect()
}

fn exit_codes(members: &Value) -> Vec<String> {
    let members = members.as_object().into_iter().flatten();
    let mut codes: Vec<(u64, &String)> =
        members.filter_map(|(name, code)| Some((code.as_u64()?, name))).collect();
    codes.sort_unstable();
    codes.iter().map(|(code, name)| format!("{code} {name}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_for_each_that_is_there() {
        let all = json!({
            "zosc": "1.2.3", "features": [], "commands": { "plan": {}, "run": {} },
            "wrappers": ["rails"], "servers": { "MySQL": { "oldest": "8.0.13" } },
            "exit_codes": { "refused": 3, "done": 0 },
        });
        assert_eq!(
            text(&all),
            "zosc 1.2.3, events of version 1\ncommands: plan, run\nwrappers: rails\n\
             servers: MySQL from 8.0.13\nexit codes: 0 done, 3 refused\n"
        );
    }
}
