//! The operator's own commands: at the moments of a run, and around the swap.

mod calls;
mod scripts;
mod traffic;
mod trouble;
