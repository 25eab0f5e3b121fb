//! The handles that every stage of a copying run works with. None of them holds settings or progress:
//! those are the stages' own.

use crate::event::Events;
use crate::halt::Halt;
use crate::journal::Journal;
use crate::mysql::Server;
use crate::pace::Pace;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Means {
    /// Makes connections.
    pub server: Server,
    /// What survives a crash.
    pub journal: Journal,
    /// May we go on, and with how many?
    pub pace: Pace,
    /// What is said to the outside.
    pub events: Events,
    /// Why the run stops, if it does.
    pub halt: Halt,
}
