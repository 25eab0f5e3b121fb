//! Links lead somewhere, every page is in the summary, and every block says what it is.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::book::{Page, pages, root};

/// What a block may be.
const LANGUAGES: [&str; 10] =
    ["sh", "text", "json", "sql", "ini", "ruby", "rust", "python", "yaml", "toml"];

/// Pages that are no part of the book.
const BESIDE_THE_BOOK: [&str; 2] = ["README.md", "docs/SUMMARY.md"];

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut broken = Vec::new();
    for page in &pages {
        for link in page.links.iter().filter(|link| !link.contains("://")) {
            if !leads_somewhere(page, link, &pages) {
                broken.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

fn leads_somewhere(page: &Page, link: &str, pages: &[Page]) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { page.name.clone() } else { resolved(&page.name, path) };
    let Some(target) = pages.iter().find(|page| page.name == target) else {
        return anchor.is_empty() && root().join(target).is_file();
    };
    anchor.is_empty() || target.anchors.iter().any(|known| known == anchor)
}

/// A path that is relative to a page.
fn resolved(page: &str, path: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_page_is_in_the_summary() {
    let pages = pages();
    let summary = pages.iter().find(|page| page.name == "docs/SUMMARY.md").unwrap();
    let linked: BTreeSet<String> =
        summary.links.iter().map(|link| resolved(&summary.name, link)).collect();
    let all: BTreeSet<String> = pages
        .iter()
        .map(|page| page.name.clone())
        .filter(|name| !BESIDE_THE_BOOK.contains(&name.as_str()))
        .collect();
    assert_eq!(linked, all);
    assert_eq!(summary.links.len(), linked.len(), "a page is there twice");
}

#[test]
fn every_block_says_what_it_is() {
    for page in pages() {
        for block in &page.blocks {
            let place = format!("{}:{}", page.name, block.line);
            let calls_zosc = block.text.lines().any(|line| line.trim().starts_with("zosc "));
            if block.info.is_empty() {
                assert!(!calls_zosc, "{place}: a command must be in a block of `sh`");
                continue;
            }
            assert!(LANGUAGES.contains(&block.language()), "{place}: {}", block.info);
            if block.language() == "json" {
                let values = serde_json::Deserializer::from_str(&block.text);
                for value in values.into_iter::<serde_json::Value>() {
                    value.unwrap_or_else(|error| panic!("{place}: {error}"));
                }
            }
        }
    }
}

/// Flags that the pages name and that are other programs'.
const FLAGS_OF_OTHERS: [&str; 4] = ["--bench", "--help", "--log-bin", "--version"];
/// Refused, with the reason.
const NOT_A_FLAG: &str = "--login-path";

/// The page of flags is compared with the program itself; here all other pages with that one.
#[test]
fn every_flag_that_is_named_is_there() {
    let span = Regex::new(r"`([^`\n]+)`").unwrap();
    let flag = Regex::new(r"(?:^|[\s(])(--[a-z][a-z0-9-]+)").unwrap();
    let flags_of = |text: &str| -> BTreeSet<String> {
        let spans = span.captures_iter(text).map(|found| found[1].to_owned());
        let flags = |span: String| -> Vec<String> {
            flag.captures_iter(&span).map(|found| found[1].to_owned()).collect()
        };
        spans.flat_map(flags).collect()
    };
    let pages = pages();
    let listed = pages.iter().find(|page| page.name == "docs/reference/flags.md").unwrap();
    let mut known = flags_of(&listed.text);
    known.extend(FLAGS_OF_OTHERS.iter().chain([&NOT_A_FLAG]).map(|flag| (*flag).to_owned()));
    for page in &pages {
        let named = flags_of(&words_of_zosc(page));
        let unknown: Vec<&String> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", page.name);
    }
}

/// The text without its blocks; of pages about another tool, what they say of zosc in their tables.
fn words_of_zosc(page: &Page) -> String {
    let without_blocks = page.text.split("```").step_by(2).collect::<String>();
    if !page.name.contains("/from-") {
        return without_blocks;
    }
    let rows = without_blocks.lines().filter(|line| line.starts_with("| "));
    rows.filter_map(|row| row.split(" | ").nth(1)).collect::<Vec<_>>().join("\n")
}

/// One owner for each fact: what the pages grant is what the page of permissions grants.
#[test]
fn rights_are_those_of_the_page_of_permissions() {
    let grants = |page: &Page| -> Vec<String> {
        let lines = page.blocks.iter().flat_map(|block| block.text.lines());
        lines.filter(|line| line.starts_with("GRANT ")).map(str::to_owned).collect()
    };
    let pages = pages();
    let of = |name: &str| grants(pages.iter().find(|page| page.name == name).unwrap());
    let known = of("docs/reference/permissions.md");
    for page in ["README.md", "docs/guides/quick-start.md"] {
        assert_eq!(of(page), known[..3], "{page}");
    }
}

#[test]
fn pictures_are_whole() {
    for entry in std::fs::read_dir(root().join("docs/pictures")).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("prefers-color-scheme: dark"), "{}", file.display());
        assert!(
            text.contains("<title>"),
            "{}: it has no words for those who do not see it",
            file.display()
        );
        assert!(is_used(&file), "{} is on no page", file.display());
    }
}

fn is_used(picture: &Path) -> bool {
    let name = picture.file_name().unwrap().to_string_lossy();
    pages().iter().any(|page| page.links.iter().any(|link| link.ends_with(&*name)))
}
