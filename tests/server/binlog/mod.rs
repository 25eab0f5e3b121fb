//! Capture by the binary log, on a real server.

mod bench;
mod keys;
mod transactions;
mod trouble;
