//! The pages as Markdown: their blocks, links and headings.

use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page of the book, or the README.
#[derive(Debug)]
pub struct Page {
    /// As the repository has it, such as `docs/guides/pace.md`.
    pub name: String,
    pub text: String,
    pub blocks: Vec<Block>,
    /// Where its links lead, as they are written.
    pub links: Vec<String>,
    /// Its headings' anchors.
    pub anchors: Vec<String>,
}

/// A block of code.
#[derive(Debug, Clone)]
pub struct Block {
    /// What stands behind the three backticks; empty for an indented block.
    pub info: String,
    pub text: String,
    /// The heading that it stands under.
    pub heading: String,
    /// The line of its first line of text, from 1.
    pub line: usize,
    /// Whether nothing but white space lies between it and the block before it.
    pub follows: bool,
}

impl Block {
    /// `sh`, `text`, `json`, ...; empty where nothing is said.
    pub fn language(&self) -> &str {
        self.info.split_whitespace().next().unwrap_or_default()
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README and all pages below `docs`, in the order of their names.
pub fn pages() -> Vec<Page> {
    let mut files = vec![root().join("README.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(Page::read).collect()
}

pub fn page(name: &str) -> Page {
    Page::read(&root().join(name))
}

impl Page {
    fn read(file: &PathBuf) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let mut page =
            Self { name, blocks: Vec::new(), links: Vec::new(), anchors: Vec::new(), text };
        page.parse();
        page
    }

    fn parse(&mut self) {
        let text = self.text.clone();
        let (mut heading, mut block) = (None::<String>, None::<Block>);
        let (mut end_of_last, mut last_heading) = (None, String::new());
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    last_heading = heading.take().unwrap_or_default();
                    let anchor = anchor(&last_heading, &self.anchors);
                    self.anchors.push(anchor);
                }
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => info.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    let between = end_of_last.map(|end| &text[end..range.start]);
                    let follows = between.is_some_and(|between: &str| between.trim().is_empty());
                    let line = text[..range.start].matches('\n').count() + 2;
                    let (heading, text) = (last_heading.clone(), String::new());
                    block = Some(Block { info, text, heading, line, follows });
                }
                Event::End(TagEnd::CodeBlock) => {
                    self.blocks.extend(block.take());
                    end_of_last = Some(range.end);
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    self.links.push(dest_url.to_string());
                }
                Event::Text(words) | Event::Code(words) => match (&mut heading, &mut block) {
                    (Some(open), _) => open.push_str(&words),
                    (None, Some(block)) => block.text.push_str(&words),
                    (None, None) => {}
                },
                _ => {}
            }
        }
    }
}

/// As GitHub and mdBook make it of a heading.
fn anchor(heading: &str, taken: &[String]) -> String {
    let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
    let anchor: String = heading.to_lowercase().chars().filter(kept).collect();
    let anchor = anchor.replace(' ', "-");
    match taken.iter().filter(|other| **other == anchor).count() {
        0 => anchor,
        more => format!("{anchor}-{more}"),
    }
}

#[test]
fn anchors_are_made_as_on_the_web() {
    assert_eq!(
        anchor("A replica takes the server's place", &[]),
        "a-replica-takes-the-servers-place"
    );
    assert_eq!(anchor("9. The rollback window", &[]), "9-the-rollback-window");
    assert_eq!(anchor("The `x_y`", &["the-x_y".into()]), "the-x_y-1");
}
