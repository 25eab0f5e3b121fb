//! The swap: both ways, what may die in them, and what they carry over.

mod deaths;
mod decide;
mod hole;
mod leftovers;
mod parts;
mod queued;
mod strays;
mod triggers;
