//! What the tests stand on.

pub mod address;
pub mod ground;
pub mod mysqld;
pub mod story;
pub mod zosc;
