//! Whoever has asked for a run: what they hear, their word to stop, and commands of their own.

use crate::error::Result;
use crate::event::Events;
use crate::halt::Halt;
use crate::hooks::Hooks;
use crate::request::Request;
use crate::traffic::Traffic;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Operator {
    /// What is said to the outside.
    pub events: Events,
    /// Why the run stops, if it does.
    pub halt: Halt,
    /// Commands that are called at moments of the run.
    pub hooks: Hooks,
    /// The application's traffic around the swap.
    pub traffic: Traffic,
}

impl Operator {
    /// As the request has it. A usage error if what looks like a hook is none.
    pub fn begin(request: &Request, events: &Events, halt: &Halt) -> Result<Self> {
        let hooks = Hooks::begin(request, events, halt)?;
        let traffic = Traffic::new(&request.traffic, hooks.subject(), events);
        Ok(Self { events: events.clone(), halt: halt.clone(), hooks, traffic })
    }
}
