//! What a page asks for behind the `sh` of a block.

use super::book::Block;

/// What the words behind `sh` ask for.
#[derive(Debug, Default)]
pub struct Asked {
    /// It cannot be run here, and why.
    pub not_run: Option<String>,
    /// It goes on beside the blocks that follow, until the page or `anew`.
    pub background: bool,
    /// The same as `ended`, and table and account are made anew.
    pub anew: bool,
    /// Before it all that goes on must end.
    pub ended: bool,
    /// The exit code that the page promises.
    pub code: i32,
}

impl Asked {
    /// Of a block of `sh`; panics at a word that is not known.
    pub fn of(block: &Block) -> Self {
        let words = block.info.strip_prefix("sh").unwrap().trim();
        if let Some(reason) = words.strip_prefix("not-run: ") {
            return Self { not_run: Some(reason.to_owned()), ..Self::default() };
        }
        let mut asked = Self::default();
        for word in words.split_whitespace() {
            match word.split_once('=') {
                None if word == "background" => asked.background = true,
                None if word == "anew" => asked.anew = true,
                None if word == "ended" => asked.ended = true,
                Some(("exit", code)) => asked.code = code.parse().unwrap(),
                _ => panic!("`sh {words}`: what is `{word}`?"),
            }
        }
        asked
    }
}
