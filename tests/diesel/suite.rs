//! Migrations of Diesel through zosc, on real servers: with Diesel's own connection over MariaDB's C
//! library, and with that of `diesel-async`.
#![allow(clippy::unwrap_used)] // panicking is how a test fails

mod bed;
mod life;
#[path = "../server/support/mysqld.rs"]
#[allow(dead_code)] // other tests need more of it
mod mysqld;
mod scripts;
mod trouble;
