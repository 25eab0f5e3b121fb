//! A run is steered while it works. The judge is the twin that the application writes alike.

pub mod client;
mod outside;
mod postpone;
mod words;
