//! Plans drawn on a real server: method, key, columns, refusals; and that planning leaves nothing
//! behind.

mod direct;
pub mod ground;
mod mapped;
mod maria;
mod methods;
mod read;
mod refused;
