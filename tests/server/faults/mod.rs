//! Trouble with the server while zosc works: it goes on, or it stops and says how to go on. The
//! judge is a twin that an application writes alike.

mod connections;
mod failover;
mod kills;
mod locks;
mod read_only;
mod restarts;
mod rights;
