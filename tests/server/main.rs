//! Tests on real servers, in one binary so that they share what is costly.
#![allow(unreachable_pub)] // a test binary exports nothing
#![allow(clippy::unwrap_used)] // panicking is how a test fails

mod binlog;
mod connect;
mod control;
mod crash;
mod disturbances;
mod docs;
mod faults;
mod hooks;
mod judge;
mod leftovers;
mod library;
mod meddling;
mod memory;
mod names;
mod network;
mod pace;
mod plan;
mod rails;
mod recipes;
mod refusals;
mod rehearse;
mod smoke;
mod soak;
mod support;
mod swap;
mod triggers;
mod twin;
mod verify;
mod watch;
