//! What the GitHub Action runs, on a repository of its own; `gh` is played by a script that keeps
//! what it is told to post.

use std::path::Path;
use std::process::Output;

use super::{Programs, recipe, told, url};
use crate::support::ground::Ground;
use crate::support::place::{Place, played};

played! {
    mysql_with_binlog: a_comment_on_a_pull_request;
}

const TABLE: &[&str] = &[
    "CREATE TABLE orders (id INT PRIMARY KEY, n DECIMAL(9,4))",
    "INSERT INTO orders VALUES (1, 1.2345)",
];

/// Answers which comment is ours from a file, and keeps each request and its body.
const GH: &str = r#"#!/bin/bash
set -euo pipefail
printf '%s\n' "$*" >>"$TOLD/requests"
[[ " $* " != *' --paginate '* ]] || { cat "$TOLD/ours" 2>/dev/null || true; exit 0; }
for word; do [[ $word != body=@* ]] || cp "${word#body=@}" "$TOLD/body"; done
"#;

const SECRET: &str = "s3cret-of-the-test";

async fn a_comment_on_a_pull_request(place: Place) {
    let ground = Ground::laid("recipe_action", place, TABLE).await;
    let work = tempfile::tempdir().unwrap();
    let repository = work.path().join("repository");
    std::fs::create_dir_all(repository.join("migrations")).unwrap();
    let write = |name: &str, sql: &str| {
        std::fs::write(repository.join("migrations").join(name), sql).unwrap();
    };
    let read = |name: &str| std::fs::read_to_string(work.path().join(name)).unwrap_or_default();

    write("1_old.sql", "ALTER TABLE orders ADD COLUMN old INT;\n");
    git(&repository, &["init", "--quiet"]);
    let base = commit(&repository);
    write("2_status.sql", "ALTER TABLE orders ADD COLUMN status INT;\n");
    write("3_new <b>.sql", "CREATE TABLE other (id INT);\n");
    commit(&repository);
    let output = plan(&ground, work.path(), &url(&ground), &base);
    assert!(output.status.success(), "{}", told(&output));
    let body = read("body");
    assert!(body.starts_with("<!-- zosc plan -->\n"), "{body}");
    assert!(body.contains("2_status.sql</code>: can be made\n\n    "), "{body}");
    assert!(body.contains("3_new &lt;b>.sql</code>: not a change that zosc makes"), "{body}");
    assert!(!body.contains("1_old.sql"), "{body}");
    assert!(read("requests").contains("--method POST repos/o/r/issues/7/comments"), "{body}");

    // What is refused fails the job; the comment is the same one.
    std::fs::write(work.path().join("ours"), "41\n").unwrap();
    write("4_lossy.sql", "ALTER TABLE orders MODIFY n DECIMAL(9,2);\n");
    commit(&repository);
    let output = plan(&ground, work.path(), &url(&ground), &base);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(read("body").contains("4_lossy.sql</code>: **would be refused**"), "{}", read("body"));
    assert!(read("body").contains("    refuse: lossy-conversion: "), "{}", read("body"));
    assert!(read("requests").contains("--method PATCH repos/o/r/issues/comments/41"));

    // Where the server is, and why it does not answer, is nobody's business.
    let nowhere = format!("mysql://someone:{SECRET}@127.0.0.1:1/shop");
    let output = plan(&ground, work.path(), &nowhere, &base);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let body = read("body");
    assert!(body.contains("**could not be planned** (exit code 4)"), "{body}");
    assert!(!body.contains("127.0.0.1") && !body.contains("someone"), "{body}");
    assert!(!told(&output).contains(SECRET) && !body.contains(SECRET), "{}", told(&output));

    // Nothing to plan, nothing to say.
    std::fs::remove_file(work.path().join("body")).unwrap();
    let head = git(&repository, &["rev-parse", "HEAD"]);
    assert!(plan(&ground, work.path(), &url(&ground), &head).status.success());
    assert_eq!(read("body"), "");
    ground.is_untouched().await;
    ground.gone().await;
}

impl Ground {
    async fn is_untouched(&self) {
        assert_eq!(self.looks().await, self.before);
    }
}

fn plan(ground: &Ground, work: &Path, url: &str, base: &str) -> Output {
    let programs = Programs::new();
    programs.add("gh", GH);
    programs
        .command(recipe("plan-comment"))
        .args([base, "7"])
        .current_dir(work.join("repository"))
        .env("TOLD", work)
        .env("GH_REPO", "o/r")
        .env("ZOSC_URL", url)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", ground.schema))
}

/// Gives the commit.
fn commit(repository: &Path) -> String {
    git(repository, &["add", "--all"]);
    git(repository, &["commit", "--quiet", "--message", "x"]);
    git(repository, &["rev-parse", "HEAD"])
}

fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(repository)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", told(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What must not be lost from the workflow.
#[test]
fn the_workflow_asks_for_little() {
    let workflow = std::fs::read_to_string(recipe("github-action.yml")).unwrap();
    let (_, permissions) = workflow.split_once("\npermissions:\n").unwrap();
    let (permissions, _) = permissions.split_once("\nconcurrency:").unwrap();
    let granted: Vec<&str> =
        permissions.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(granted, ["contents: read", "pull-requests: write"]);
    assert!(
        workflow.contains("\n  pull_request: #") && !workflow.contains("\n  pull_request_target:")
    );
    // Secrets are variables of one step, never part of a command.
    let commands = workflow.lines().filter(|line| line.trim_start().starts_with("run:"));
    assert!(commands.clone().all(|line| !line.contains("${{")), "an expression in a command");
    assert!(
        commands.clone().any(|line| line.contains("plan-comment \"$BASE\" \"$NUMBER\" migrations"))
    );
}
