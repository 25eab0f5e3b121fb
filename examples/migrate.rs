//! Changes a table and prints what happens; Ctrl-C stops it, and the same command goes on:
//! `cargo run --example migrate -- mysql://root@127.0.0.1/shop "ALTER TABLE orders ADD note TEXT"`
#![allow(clippy::print_stdout)] // an example may print

use zosc::{Options, Outcome, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let (Some(url), Some(statement)) = (words.next(), words.next()) else {
        println!("give the server's URL and a statement");
        return Ok(());
    };
    change(&url, &statement).await
}

pub(crate) async fn change(url: &str, statement: &str) -> Result<()> {
    let options = Options::from_url(url)?.set("max-lag", "2s")?;
    let mut migration = zosc::migrate(&options, statement).until(tokio::signal::ctrl_c());
    while let Some(event) = migration.next_event().await {
        println!("{event}");
    }
    match migration.await {
        Ok(Outcome::Copied(swapped)) => {
            let (kept, took) = (swapped.kept, swapped.locked);
            println!("done; nobody could write for {took:?}; the table as it was is {kept}");
        }
        Ok(outcome) => println!("done: {}", outcome.word()),
        Err(error) => {
            println!("{error}");
            for hint in &error.hints {
                println!("  {hint}");
            }
            return Err(error);
        }
    }
    Ok(())
}
