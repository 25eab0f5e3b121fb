//! Every command of the pages does what the page says.

use std::sync::Mutex;

use super::book::{Page, page, pages};
use super::ground::{Ground, QUICK_START};
use super::page::Played;

/// So many servers are used side by side.
const LANES: usize = 2;

const README: &str = "README.md";

/// From zero to a changed table, by nothing but what the README says.
#[test]
fn a_strangers_path_through_the_readme() {
    let ground = Ground::new();
    let readme = page(README);
    let place = ground.bare();
    let flaws = Played::new(&readme, place).play();
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
    let place = ground.seen();
    let definition = place.ask("SHOW CREATE TABLE shop.orders");
    assert!(definition.contains("`note` text"), "{definition}");
    assert_eq!(place.ask("SELECT COUNT(*) FROM shop.orders"), "2");
}

#[test]
fn every_command_of_the_pages() {
    let all = pages();
    let pages = all.iter().filter(|page| page.name != README && has_commands(page));
    let waiting = Mutex::new(pages.collect::<Vec<_>>());
    let flaws = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                let ground = Ground::new();
                while let Some(page) = next(&waiting) {
                    let from_nothing = page.name == QUICK_START;
                    let place = if from_nothing { ground.bare() } else { ground.laid() };
                    let found = Played::new(page, place).play();
                    flaws.lock().unwrap().extend(found);
                }
            });
        }
    });
    let flaws = flaws.into_inner().unwrap();
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

fn next<'p>(waiting: &Mutex<Vec<&'p Page>>) -> Option<&'p Page> {
    waiting.lock().unwrap().pop()
}

fn has_commands(page: &Page) -> bool {
    page.blocks.iter().any(|block| ["sh", "ini"].contains(&block.language()))
}
