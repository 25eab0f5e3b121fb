//! zosc dies at every boundary of its work and at random moments, and the same command goes on.

mod bug;
mod direct;
mod places;
mod random;
mod resume;
