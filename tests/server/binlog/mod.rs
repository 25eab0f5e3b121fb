//! Capture by the binary log, on a real server.

mod bench;
mod keys;
mod mariadb;
mod statements;
mod transactions;
mod trouble;
mod xa;
