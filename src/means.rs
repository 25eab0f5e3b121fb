//! The handles that every stage of a copying run works with. None of them holds progress: that is
//! the stages' own.

use crate::event::Events;
use crate::gate::Gate;
use crate::halt::Halt;
use crate::journal::Journal;
use crate::mysql::Server;
use crate::pace::{Pace, Watching};
use crate::settings::{Live, Settings};

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Means {
    /// Makes connections.
    pub server: Server,
    /// What survives a crash.
    pub journal: Journal,
    /// What may be set anew at any time.
    pub settings: Live,
    /// May we go on, and how hard?
    pub pace: Pace,
    /// May the tables be swapped?
    pub gate: Gate,
    /// What is said to the outside.
    pub events: Events,
    /// Why the run stops, if it does.
    pub halt: Halt,
}

impl Means {
    /// Those of a run that begins, its swap postponed or not; looking at its pace ends when the second
    /// is dropped.
    pub fn begin(
        server: &Server,
        journal: Journal,
        settings: Settings,
        postponed: bool,
        events: &Events,
        halt: &Halt,
    ) -> (Self, Watching) {
        let settings = Live::new(settings);
        let (pace, watching) = Pace::start(server, &journal, &settings, events, halt);
        let gate = Gate::new(&settings, &pace, postponed);
        let (server, events, halt) = (server.clone(), events.clone(), halt.clone());
        (Self { server, journal, settings, pace, gate, events, halt }, watching)
    }
}
