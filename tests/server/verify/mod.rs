//! Verification on a real server: what is equal passes, what differs by one bit is named.

mod conflicts;
mod conversions;
mod cost;
mod facts;
mod fences;
mod keys;
mod stage;
mod types;
mod writes;
