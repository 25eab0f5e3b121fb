//! What zosc tells about itself: capabilities, completions, the manual.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use serde_json::Value;

use super::{PASSWORD, lines, nowhere, say, zosc};

fn capabilities() -> Value {
    let said = say(&mut zosc(&["capabilities", "--format", "json"]));
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let [event] = lines(&said.out).try_into().expect("one line");
    event
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

fn reference(page: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    std::fs::read_to_string(docs.join(page)).unwrap()
}

#[test]
fn a_wrapper_checks_what_it_uses() {
    let told = capabilities();
    assert_eq!((&told["event"], &told["v"]), (&"capabilities".into(), &1.into()));
    assert_eq!(told["zosc"], env!("CARGO_PKG_VERSION"));
    let run = &told["commands"]["run"];
    for flag in ["--format", "--log", "--id", "--alter", "--file", "--allow", "--copy", "--max-lag"]
    {
        assert!(run["flags"].get(flag).is_some(), "{flag}");
    }
    assert!(run["flags"].get("--no-such-flag").is_none());
    assert_eq!(run["flags"]["--id"]["value"], "NAME");
    assert_eq!(run["flags"]["--id"]["environment"], "ZOSC_ID");
    assert_eq!(told["commands"]["plan"]["flags"]["--check"]["value"], Value::Null);
    assert_eq!(told["commands"]["resume"]["arguments"], serde_json::json!(["RUN"]));
    assert_eq!(told["exit_codes"]["refused"], 3);
    assert_eq!(told["rules"]["lossy-conversion"]["allowable"], true);
    assert_eq!(told["rules"]["foreign-keys"]["allowable"], false);
    assert_eq!(words(&told["captures"]), ["binlog", "triggers"]);
    assert_eq!(words(&told["swaps"]), ["locked", "queued"]);
    assert_eq!(words(&told["formats"]), ["text", "json"]);
    assert!(words(&told["settings"]).contains(&"chunk-time"));
    assert!(told["servers"]["MariaDB"]["oldest"].is_string());

    let said = say(&mut zosc(&["capabilities"]));
    assert!(said.out.contains("0 done, 1 failed, 2 usage, 3 refused"), "{}", said.out);
}

/// What the pages of reference list is what there is.
#[test]
fn the_reference_knows_all() {
    let told = capabilities();
    let page = reference("exit-codes.md");
    for (name, code) in told["exit_codes"].as_object().unwrap() {
        let row = format!("| {code} | {} |", name.replace('_', " "));
        assert!(page.contains(&row), "{row}");
    }
    let page = reference("events.md");
    for word in words(&told["events"]).into_iter().chain(words(&told["stages"])) {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    let page = reference("troubleshooting.md");
    for (rule, facts) in told["rules"].as_object().unwrap() {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{rule}` |"))).expect(rule);
        assert_eq!(row.contains("(allowable)"), facts["allowable"] == true, "{row}");
    }
    let page = reference("capabilities.md");
    for (member, _) in told.as_object().unwrap() {
        assert!(
            ["at", "id", "table", "v", "event"].contains(&&**member)
                || page.contains(&format!("`{member}`")),
            "{member}"
        );
    }
}

/// The variables that take any text are filled with a secret.
fn with_secrets(arguments: &[&str]) -> assert_cmd::Command {
    let mut command = zosc(arguments);
    for name in
        ["USER", "PASSWORD", "PASSWORD_FILE", "ID", "HOOK", "THROTTLE_QUERY", "CONTROL_TOKEN"]
    {
        command.env(format!("ZOSC_{name}"), PASSWORD);
    }
    command.env("MYSQL_PWD", PASSWORD).env("ZOSC_URL", nowhere(&format!("root:{PASSWORD}")));
    command
}

#[test]
fn the_environment_is_not_told() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["capabilities", "--format", "json"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
        &["completions", "elvish"],
        &["completions", "powershell"],
        &["man"],
    ] {
        let said = say(&mut with_secrets(arguments));
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.err);
        assert!(said.out.contains("alter"), "{arguments:?}");
    }
}

/// What bash offers when the last word is to be completed.
fn offered(script: &Path, line: &[&str]) -> Vec<String> {
    let (last, before) = line.split_last().unwrap();
    let program = r#"
        source "$1" || exit
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _zosc zosc "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Process::new("bash")
        .args(["--norc", "-c", program, "bash"])
        .arg(script)
        .args(before)
        .arg(last)
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("zosc.bash");
    std::fs::write(&script, say(&mut zosc(&["completions", "bash"])).out).unwrap();
    assert_eq!(offered(&script, &["zosc", "stat"]), ["status"]);
    assert_eq!(offered(&script, &["zosc", "plan", "--chec"]), ["--check"]);
    assert_eq!(offered(&script, &["zosc", "--max-ch"]), ["--max-chunk-rows"]);
    assert_eq!(offered(&script, &["zosc", "completions", "zs"]), ["zsh"]);
    assert_eq!(say(&mut zosc(&["completions", "cmd"])).code, 2);
}

/// What is wrong with a page, by the machine's own roff where it has one.
fn flaws(page: &Path) -> Option<String> {
    let mut groff = Process::new("groff");
    groff.args(["-man", "-ww", "-z", "-T", "ascii"]).arg(page).stdout(Stdio::null());
    let output = groff.output().ok()?;
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("new/man1");
    let said = say(&mut zosc(&["man", "--dir", pages.to_str().unwrap()]));
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let commands = capabilities();
    let commands = commands["commands"].as_object().unwrap();
    let mut expected: Vec<PathBuf> =
        commands.keys().map(|name| pages.join(format!("zosc-{name}.1"))).collect();
    expected.push(pages.join("zosc.1"));
    expected.sort();
    assert_eq!(found, expected);
    for page in &found {
        let text = std::fs::read_to_string(page).unwrap();
        for part in [".TH ", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS"] {
            assert!(text.contains(part), "{part} is missing in {}", page.display());
        }
        assert!(!text.contains("zosc\\-help"), "{} refers to no page", page.display());
        assert_eq!(flaws(page).unwrap_or_default(), "", "{}", page.display());
    }
    let own = std::fs::read_to_string(pages.join("zosc.1")).unwrap();
    assert_eq!(say(&mut zosc(&["man"])).out, own);
    assert!(own.contains("ZOSC_CHUNK_TIME"), "{own}");

    let said = say(&mut zosc(&["man", "--dir", "/dev/null/man"]));
    assert_eq!(said.code, 1);
    assert!(said.err.contains("/dev/null/man"), "{}", said.err);
}
