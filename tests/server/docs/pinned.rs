//! What is not run, and why: a list that cannot grow unseen.

use std::collections::BTreeMap;

use super::asked::Asked;
use super::book::pages;

/// Why a block may not be run, and in how many that is so.
const NOT_RUN: [(&str, usize); 8] = [
    ("it builds zosc", 3),
    ("it needs ProxySQL", 1),
    ("it needs a load balancer", 1),
    ("it needs a pull request on GitHub", 1),
    ("it needs a terminal", 1),
    ("it needs golang-migrate", 1),
    ("it needs replicas", 3),
    ("it takes long", 1),
];

#[test]
#[allow(clippy::print_stdout)] // for who reads the log of the tests
fn what_is_not_run() {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for page in pages() {
        for block in page.blocks.iter().filter(|block| block.language() == "sh") {
            if let Some(reason) = Asked::of(block).not_run {
                println!("not run: {}:{}: {reason}", page.name, block.line);
                *reasons.entry(reason).or_default() += 1;
            }
        }
    }
    let reasons: Vec<(&str, usize)> =
        reasons.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(reasons, NOT_RUN);
}
