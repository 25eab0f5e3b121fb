//! The page of messages has every stable code of the program, and no other; what it says of them is
//! what the program says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use zosc::plan::Rule;

use super::book::{page, root};

const PAGE: &str = "docs/reference/troubleshooting.md";

/// Where a code is the first or second argument of what makes an error, a finding or a warning.
static MADE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?:(?:Error|Self)::(?:(?:refused|usage|not_ready|failed)\(|new\(\s*Kind::\w+\s*,)"#,
        r#"|Finding::(?:refuse|warn|note)\(|\.warn\()\s*(?:"([^"]+)"|([^\s,()]+))"#
    ))
    .unwrap()
});

/// Codes that are made elsewhere: how the maker calls them, in which file, and what they stand
/// between there.
const NAMED: [(&str, &str, &str, &str); 12] = [
    ("TAKEN_OVER", "journal/mod.rs", "pub const TAKEN_OVER", ";"),
    ("ROW_GONE", "journal/mod.rs", "const ROW_GONE", ";"),
    ("slug", "misfit.rs", "fn slug", "\n}"),
    ("meaning.code", "mysql/meaning.rs", "const DISK_FULL", "\n}"),
    ("CONNECTION_LOST", "mysql/fault.rs", "const CONNECTION_LOST", ";"),
    ("GIVEN_UP", "mysql/fault.rs", "const GIVEN_UP", ";"),
    ("code", "plan/checks/clauses.rs", "let (code, message, hint)", "_ => return None"),
    ("NOT_QUEUED", "swap/queued.rs", "const NOT_QUEUED", ";"),
    ("CODE", "swap/strays.rs", "const CODE", ";"),
    ("NOT_RESUMED", "traffic/mod.rs", "const NOT_RESUMED", ";"),
    ("right_missing", "mysql/trial.rs", "Error { code: ", ","),
    ("blame", "plan/blame.rs", "match error.errno()", "\n}"),
];

/// Codes that are another's again, or are only words on the way to a terminal.
const HANDED_ON: [&str; 4] = ["first.rule", "error.code", "reason.word", "RULE.word"];

/// `--critical-load` is the only limit that ends a run by its own name.
const BY_REASON: &str = "critical_load";

/// Never told as a code: what a run answered is printed in words.
const IN_WORDS_ONLY: &str = "refused";

#[test]
fn every_code_is_on_the_page_and_no_other() {
    let mut told = codes_of_the_program();
    told.insert(BY_REASON.to_owned());
    told.remove(IN_WORDS_ONLY);
    let listed = codes_of_the_page();
    let missing: Vec<&String> = told.difference(&listed).collect();
    let unknown: Vec<&String> = listed.difference(&told).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
}

fn codes_of_the_program() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (name, text) in sources() {
        for made in MADE.captures_iter(&text) {
            match (made.get(1), made.get(2)) {
                (Some(code), _) => drop(codes.insert(code.as_str().to_owned())),
                (None, word) => {
                    let word = word.unwrap().as_str();
                    if word.starts_with("Rule::") {
                        continue; // all of them are told below
                    }
                    let known = NAMED.iter().any(|(known, ..)| *known == word);
                    assert!(known || HANDED_ON.contains(&word), "{name}: which code is `{word}`?");
                }
            }
        }
    }
    let code = Regex::new(r#""([a-z][a-z0-9_-]*)""#).unwrap();
    for (word, file, from, to) in NAMED {
        let text = std::fs::read_to_string(root().join("src").join(file)).unwrap();
        let (_, text) = text.split_once(from).unwrap_or_else(|| panic!("{word}: no {from}"));
        let (text, _) = text.split_once(to).unwrap_or_else(|| panic!("{word}: no end"));
        let found: Vec<String> =
            code.captures_iter(text).map(|found| found[1].to_owned()).collect();
        assert!(!found.is_empty(), "{word}: no code in {text}");
        codes.extend(found);
    }
    codes.extend(Rule::ALL.iter().map(|rule| rule.word().to_owned()));
    codes
}

/// The first cells of its tables, and the list of those that should not happen.
fn codes_of_the_page() -> BTreeSet<String> {
    let text = page(PAGE).text;
    let cell = Regex::new(r"(?m)^\| `([a-z0-9_-]+)` \|").unwrap();
    let mut listed: Vec<String> =
        cell.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    let (_, last) = text.split_once("\n## Things that should not happen").unwrap();
    let word = Regex::new(r"`([a-z0-9_]+)`[,.]").unwrap();
    listed.extend(word.captures_iter(last).map(|found| found[1].to_owned()));
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    let twice: Vec<&String> =
        once.iter().filter(|code| listed.iter().filter(|it| it == code).count() > 1).collect();
    assert!(twice.is_empty(), "on the page more than once: {twice:?}");
    once
}

/// What is said: each piece between `…` is in the program's words.
#[test]
fn the_words_are_the_programs() {
    let said: String = sources().into_iter().map(|(_, text)| plain(&text)).collect();
    let row = Regex::new(r"(?m)^\| `([a-z0-9_-]+)` \| ([^|]*) \|").unwrap();
    let mut strange = Vec::new();
    for found in row.captures_iter(&page(PAGE).text) {
        let pieces = found[2].split('…').map(str::trim).filter(|piece| !piece.is_empty());
        let lost: Vec<&str> = pieces.filter(|piece| !said.contains(piece)).collect();
        if !lost.is_empty() {
            strange.push(format!("{}: {lost:?}", &found[1]));
        }
    }
    assert_eq!(strange, Vec::<String>::new());
}

/// The program's text as it is said: without the breaks of long lines.
fn plain(text: &str) -> String {
    let joined = Regex::new(r"\\\n\s*").unwrap().replace_all(text, "");
    joined.replace("\\\"", "\"")
}

/// All of `src` but its tests, by name.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    gather(&root().join("src"), &mut files);
    files
        .iter()
        .filter(|file| !file.ends_with("tests.rs"))
        .map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            (file.display().to_string(), text)
        })
        .collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
