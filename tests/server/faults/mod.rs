//! Trouble with the server while zosc works: it goes on, or it stops and says how to go on. The
//! judge is a twin that an application writes alike.

mod application;
pub mod bed;
mod connections;
mod failover;
mod kills;
mod locks;
mod pair;
mod read_only;
mod restarts;
mod rights;
