//! The lines of the page in the files of the real Skeema.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::{Programs, recipe, told};
use crate::support::ground::Ground;
use crate::support::mysqld::fetched;
use crate::support::place::{Place, played};

played! {
    on_both_servers: a_table_is_pushed_again_and_again;
}

const TABLE: &[&str] = &[
    "CREATE TABLE `odd 'name'` (id INT PRIMARY KEY, v VARCHAR(20) NOT NULL)",
    "INSERT INTO `odd 'name'` VALUES (1, 'a'), (2, 'it''s')",
    "CREATE TABLE plain LIKE `odd 'name'`",
    "INSERT INTO plain SELECT * FROM `odd 'name'`",
];

/// Every sign that means something to a shell or to SQL, and a change that takes a copy.
const CLAUSES: &str = "ADD COLUMN `to do` VARCHAR(99) NOT NULL DEFAULT 'it''s \"so\" `x` $HOME $(id) \\\\ 100% {HOST};--' COMMENT 'two\nlines', MODIFY id BIGINT NOT NULL";

async fn a_table_is_pushed_again_and_again(place: Place) {
    let ground = Ground::laid("recipe_skeema", place, TABLE).await;
    let skeema = Skeema::init(&ground);

    ground.run(&[&format!("ALTER TABLE plain {CLAUSES}")]).await;
    assert!(skeema.run("pull").status.success());
    skeema.wants_as_plain("odd 'name'");
    let pushed = skeema.run("push");
    assert!(pushed.status.success(), "{}", told(&pushed));
    let said = told(&pushed);
    assert!(said.contains("swap, attempt 1: done"), "zosc did not do it: {said}");
    is_like_plain(&ground).await;

    // What is kept of a copy is none of Skeema's tables, and is in the way of the next copy only.
    let kept = "odd 'name'__zosc_kept".to_owned();
    assert!(ground.tables().await.contains(&kept));
    let differs = skeema.run("diff");
    assert!(differs.status.success(), "{}", told(&differs));

    // What fails is told, so that Skeema stops.
    ground.run(&["ALTER TABLE plain MODIFY v TEXT NOT NULL"]).await;
    assert!(skeema.run("pull").status.success());
    skeema.wants_as_plain("odd 'name'");
    let refused = skeema.run("push");
    let said = told(&refused);
    assert!(!refused.status.success() && said.contains("odd 'name'__zosc_kept`"), "{said}");
    ground.gone().await;
}

async fn is_like_plain(ground: &Ground) {
    let behind_the_name = |look: String| look.split_once("` (").unwrap().1.to_owned();
    let ours = ground.look("odd 'name'").await;
    assert_eq!(behind_the_name(ours), behind_the_name(ground.look("plain").await));
}

/// Skeema's folder for a schema.
struct Skeema {
    programs: Programs,
    folder: tempfile::TempDir,
}

impl Skeema {
    /// As Skeema makes it, with the page's lines.
    fn init(ground: &Ground) -> Self {
        let skeema = Self { programs: Programs::new(), folder: tempfile::tempdir().unwrap() };
        let address = &ground.address;
        let (port, schema) = (address.port.to_string(), &ground.schema);
        let initial = [
            "init",
            "--host",
            &address.host,
            "--port",
            &port,
            "--user",
            &address.user,
            "--schema",
            schema,
            "--dir",
            "shop",
        ];
        let made = skeema.run_in(skeema.folder.path(), &initial);
        assert!(made.status.success(), "{}", told(&made));

        let settings = skeema.shop().join(".skeema");
        let page = std::fs::read_to_string(recipe("skeema.md")).unwrap();
        let lines = page.split_once("```text\n").unwrap().1.split_once("```").unwrap().0;
        // The tables of this test are small.
        let lines = lines.lines().filter(|line| !line.starts_with("alter-wrapper-min-size="));
        let lines: Vec<&str> = lines.collect();
        let written = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, format!("{written}{}\n", lines.join("\n"))).unwrap();
        skeema
    }

    fn shop(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    /// From now on the table shall have the columns of the other.
    fn wants_as_plain(&self, table: &str) {
        let [ours, plain] = [table, "plain"].map(|name| self.file_of(name));
        let plain = std::fs::read_to_string(plain).unwrap();
        std::fs::write(ours, plain.replace("TABLE `plain`", &format!("TABLE `{table}`"))).unwrap();
    }

    /// Skeema leaves signs out of the names of its files.
    fn file_of(&self, table: &str) -> PathBuf {
        let begins = format!("CREATE TABLE `{table}`");
        let entries = std::fs::read_dir(self.shop()).unwrap();
        let mut files = entries.map(|entry| entry.unwrap().path());
        files.find(|file| std::fs::read_to_string(file).unwrap().starts_with(&begins)).unwrap()
    }

    fn run(&self, word: &str) -> Output {
        self.run_in(&self.shop(), &[word])
    }

    fn run_in(&self, folder: &Path, words: &[&str]) -> Output {
        let program = fetched("ZOSC_SKEEMA_HOME", "skeema", &[]).join("bin/skeema");
        self.programs.command(program).args(words).current_dir(folder).output().unwrap()
    }
}
