//! Capture by triggers on real servers.

mod bench;
mod disturb;
mod keys;
mod late;
mod left;
mod locks;
mod plan;
mod silent;
