//! The line of the page, filled in as Skeema does it: each variable quoted for a shell where it needs
//! that, and the whole given to `sh -c`.

use super::{Programs, recipe, told};
use crate::support::ground::Ground;
use crate::support::place::{Place, played};

played! {
    on_both_servers: what_skeema_would_run;
}

const TABLE: &[&str] = &[
    "CREATE TABLE `odd 'name'` (id INT PRIMARY KEY, v VARCHAR(20))",
    "INSERT INTO `odd 'name'` VALUES (1, 'a'), (2, 'b')",
    "CREATE TABLE plain LIKE `odd 'name'`",
];

/// Every sign that means something to a shell or to SQL.
const CLAUSES: &str = "ADD COLUMN `to do` VARCHAR(99) NOT NULL DEFAULT 'it''s \"so\" `x` $HOME $(id) \\\\ 100% {HOST};--' COMMENT 'two\nlines'";

async fn what_skeema_would_run(place: Place) {
    let ground = Ground::laid("recipe_skeema", place, TABLE).await;
    let statement = format!("ALTER TABLE `odd 'name'` {CLAUSES}");
    let output = skeema(&ground, "odd 'name'", &statement);
    assert!(output.status.success(), "{}", told(&output));
    ground.run(&[&format!("ALTER TABLE plain {CLAUSES}")]).await;
    let definition = |look: String| {
        look.split_once("CREATE TABLE").unwrap().1.split_once('(').unwrap().1.to_owned()
    };
    let [ours, servers] =
        [ground.look("odd 'name'").await, ground.look("plain").await].map(definition);
    assert_eq!(ours.split(" Some(").next(), servers.split(" Some(").next());
    // What fails is told, so that Skeema stops.
    let output = skeema(&ground, "odd 'name'", "ALTER TABLE `odd 'name'` DROP COLUMN gone");
    assert!(!output.status.success(), "{}", told(&output));
    ground.gone().await;
}

fn skeema(ground: &Ground, table: &str, statement: &str) -> std::process::Output {
    let page = std::fs::read_to_string(recipe("skeema.md")).unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix("alter-wrapper=")).unwrap();
    let port = ground.address.port.to_string();
    let command = filled(
        line,
        &[
            ("HOST", &ground.address.host),
            ("PORT", &port),
            ("USER", &ground.address.user),
            ("SCHEMA", &ground.schema),
            ("TABLE", table),
            ("DDL", statement),
        ],
    );
    Programs::new().command("sh").args(["-c", &command]).output().unwrap()
}

/// As Skeema replaces what is in braces.
fn filled(line: &str, variables: &[(&str, &str)]) -> String {
    let (mut rest, mut filled) = (line, String::new());
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap();
        let (_, value) = variables.iter().find(|(known, _)| *known == name).expect(name);
        filled += before;
        filled += &quoted(value);
        rest = after;
    }
    filled + rest
}

/// As Skeema quotes a value.
fn quoted(value: &str) -> String {
    let needs_none = |c: char| c.is_ascii_alphanumeric() || "_/@%=:.,+-".contains(c);
    if value.chars().all(needs_none) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r#"'"'"'"#))
}
