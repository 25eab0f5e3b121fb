//! golang-migrate's part is played by a script that knows its commands: `version`, `up 1`, `force`.

use std::path::Path;
use std::process::Output;

use super::{Programs, client, columns, recipe, told, url};
use crate::support::ground::Ground;
use crate::support::place::{Place, played};

played! {
    on_both_servers: each_migration_by_who_makes_it;
}

/// Keeps the version in a file; `up` hands the next file to the server's own client.
const MIGRATE: &str = r#"#!/bin/bash
set -euo pipefail
[[ $1 == -path && $3 == -database ]]
folder=$2; shift 4
case $1 in
  version)
    [[ -s $folder/version ]] || { echo 'error: no migration' >&2; exit 1; }
    cat "$folder/version" >&2 ;;
  force) echo "$2" >"$folder/version" ;;
  up)
    [[ $2 == 1 ]]
    now=$(cat "$folder/version" 2>/dev/null || echo 0)
    for file in "$folder"/*.up.sql; do
      version=$(basename "$file"); version=$((10#${version%%_*}))
      ((version > now)) || continue
      echo "$file" >>"$folder/plain"
      $MYSQL <"$file"
      echo "$version" >"$folder/version"
      exit
    done
    exit 1 ;;
esac
"#;

async fn each_migration_by_who_makes_it(place: Place) {
    let ground = Ground::laid("recipe_migrate", place, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, sql: &str| std::fs::write(folder.path().join(name), sql).unwrap();
    write("000001_orders.up.sql", "CREATE TABLE orders (id INT PRIMARY KEY);\n");
    write("000001_orders.down.sql", "DROP TABLE orders;\n");
    write("000002_note.up.sql", "-- zosc\nALTER TABLE orders ADD COLUMN note TEXT;\n");
    write("000010_fill.up.sql", "INSERT INTO orders VALUES (1, 'x');\n");

    let output = up(&ground, folder.path());
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(columns(&ground, "orders").await, ["id", "note"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("version").trim(), "10");
    assert_eq!(read("plain").lines().count(), 2, "{}", read("plain"));

    let output = up(&ground, folder.path());
    assert!(output.status.success(), "nothing is pending: {}", told(&output));

    write("000011_wrong.up.sql", "-- zosc\nALTER TABLE orders DROP COLUMN gone;\n");
    write("000012_never.up.sql", "DROP TABLE orders;\n");
    let output = up(&ground, folder.path());
    assert!(!output.status.success(), "{}", told(&output));
    assert_eq!(read("version").trim(), "10");
    assert_eq!(columns(&ground, "orders").await, ["id", "note"]);
    ground.gone().await;
}

fn up(ground: &Ground, folder: &Path) -> Output {
    let programs = Programs::new();
    programs.add("migrate", MIGRATE);
    programs
        .command(recipe("migrate-up"))
        .arg(folder)
        .arg("mysql://not-used")
        .env("ZOSC_URL", url(ground))
        .env("MYSQL", client(ground))
        .output()
        .unwrap()
}
