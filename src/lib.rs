//! Online schema change for MySQL and MariaDB: changes the shape of a large table while the
//! application keeps reading and writing it.
//!
//! ```no_run
//! # async fn example() -> zosc::Result<()> {
//! let options = zosc::Options::from_url("mysql://zosc@db1/shop")?;
//! let outcome = zosc::migrate(&options, "ALTER TABLE orders ADD COLUMN status INT").await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`migrate`] gives a future of the outcome that is a stream of events, too, and can be stopped;
//! [`Options`] say where and how. Several migrations may go on in one process, on one runtime or on
//! several. Nothing is printed, no signal is caught, and no setting is read from the environment; what
//! may interest those who look for faults is logged by `tracing`.
//!
//! The one thing of the process that is touched is the cryptography provider of `rustls`, when TLS is
//! used: where none has been chosen before, it is `ring`.
//!
//! With the feature `diesel`, migrations of Diesel change tables so: see [`diesel::Online`].
//! `default-features = false` leaves out what only the command line needs.
//!
//! What this page shows is the library. The command, its tests and its benches use more: those
//! modules are public for them alone, hidden here, and may change with every version.
//!
//! # The rooms
//!
//! The story of a change, and the rooms in its order:
//!
//! a `request` is `plan`ned; a `shadow` of the new shape is built; `capture` says which keys
//! change from then on; `copy` carries all rows over while `refresh` re-reads the changed ones, as
//! the `ledger` tells; `verify` proves the two tables equal; `swap` exchanges them in one atomic
//! rename; `tidy` leaves nothing behind. `migration` is that sentence as code.

// Hidden rooms speak of their own rooms.
#![allow(rustdoc::private_intra_doc_links)]
#![cfg_attr(not(feature = "diesel"), allow(rustdoc::broken_intra_doc_links))]

#[doc(hidden)]
pub mod by_copy;
#[doc(hidden)]
pub mod capture;
#[doc(hidden)]
pub mod command;
#[doc(hidden)]
pub mod conflict;
#[doc(hidden)]
pub mod control;
#[doc(hidden)]
pub mod copy;
mod crash;
#[doc(hidden)]
pub mod ddl;
#[cfg(feature = "diesel")]
pub mod diesel;
#[doc(hidden)]
pub mod direct;
#[doc(hidden)]
pub mod done;
#[doc(hidden)]
pub mod earlier;
#[doc(hidden)]
pub mod ending;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod event;
#[doc(hidden)]
pub mod failover;
#[doc(hidden)]
pub mod gate;
#[doc(hidden)]
pub mod halt;
#[doc(hidden)]
pub mod hooks;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod ledger;
mod library;
#[doc(hidden)]
pub mod means;
#[doc(hidden)]
pub mod migration;
#[doc(hidden)]
pub mod misfit;
#[doc(hidden)]
pub mod mysql;
#[doc(hidden)]
pub mod numbers;
#[doc(hidden)]
pub mod operator;
#[doc(hidden)]
pub mod options;
#[doc(hidden)]
pub mod outcome;
#[doc(hidden)]
pub mod pace;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod progress;
#[doc(hidden)]
pub mod refresh;
#[doc(hidden)]
pub mod rehearse;
#[doc(hidden)]
pub mod request;
#[doc(hidden)]
pub mod schema;
#[doc(hidden)]
pub mod settings;
#[doc(hidden)]
pub mod shadow;
#[doc(hidden)]
pub mod sql;
#[doc(hidden)]
pub mod status;
#[doc(hidden)]
pub mod swap;
#[doc(hidden)]
pub mod tidy;
#[doc(hidden)]
pub mod traffic;
#[doc(hidden)]
pub mod verify;
#[doc(hidden)]
pub mod walk;

#[doc(inline)]
pub use crate::{
    capture::Mode as Capture,
    error::{Error, Kind, Result, ServerCode},
    event::{Blocker, Event, Progress, Stage},
    library::{Migration, migrate},
    options::Options,
    outcome::{Measured, Outcome, Rehearsed, Swapped},
    schema::TableName,
};
