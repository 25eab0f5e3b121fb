//! What the tests stand on.

pub mod address;
pub mod application;
pub mod bed;
mod dialect;
pub mod each;
pub mod ground;
pub mod mysqld;
pub mod pair;
pub mod place;
pub mod proxy;
pub mod pulse;
pub mod replica;
pub mod replication;
pub mod story;
mod words;
pub mod zosc;
