//! Online schema change for MySQL.
//!
//! The story of a change, and the rooms in its order:
//!
//! a `request` is `plan`ned; a `shadow` of the new shape is built; `capture` says which keys
//! change from then on; `copy` carries all rows over while `refresh` re-reads the changed ones, as
//! the `ledger` tells; `verify` proves the two tables equal; `swap` exchanges them in one atomic
//! rename; `tidy` leaves nothing behind. `migration` is that sentence as code.

pub mod by_copy;
pub mod capture;
pub mod command;
pub mod conflict;
pub mod control;
pub mod copy;
mod crash;
pub mod ddl;
pub mod direct;
pub mod earlier;
pub mod ending;
pub mod error;
pub mod event;
pub mod failover;
pub mod gate;
pub mod halt;
pub mod hooks;
pub mod journal;
pub mod ledger;
pub mod means;
pub mod migration;
pub mod misfit;
pub mod mysql;
pub mod operator;
pub mod outcome;
pub mod pace;
pub mod plan;
pub mod progress;
pub mod refresh;
pub mod rehearse;
pub mod request;
pub mod schema;
pub mod settings;
pub mod shadow;
pub mod sql;
pub mod status;
pub mod swap;
pub mod tidy;
pub mod traffic;
pub mod verify;
pub mod walk;
