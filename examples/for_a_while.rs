//! Works on a table for so many seconds, then stops; run every night, it comes to its end:
//! `cargo run --example for_a_while -- mysql://root@127.0.0.1/shop 3600 "ALTER TABLE orders FORCE"`
#![allow(clippy::print_stdout)] // an example may print

use std::time::Duration;

use zosc::{Kind, Options, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [url, seconds, statement] = &words[..] else {
        println!("give the server's URL, a number of seconds and a statement");
        return Ok(());
    };
    let seconds = Duration::from_secs(seconds.parse().unwrap_or(3600));
    let is_done = work(url, statement, seconds).await?;
    println!("{}", if is_done { "done" } else { "not yet; the same command goes on" });
    Ok(())
}

/// Whether the table is changed.
pub(crate) async fn work(url: &str, statement: &str, time: Duration) -> Result<bool> {
    let options = Options::from_url(url)?;
    match zosc::migrate(&options, statement).until(tokio::time::sleep(time)).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == Kind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}
