//! A command's process group: all that it has started and that has not left it.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// Killed when it is dropped.
#[derive(Debug)]
pub(super) struct Group(Option<Pid>);

impl Group {
    /// The child must have been started as the leader of a group.
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// What is left of it, such as a daemon that was started on purpose, may go on.
    pub(super) fn forget(mut self) {
        self.0 = None;
    }

    pub(super) fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        match self.0.map(|leader| kill_process_group(leader, signal)) {
            None | Some(Ok(()) | Err(Errno::SRCH)) => {}
            Some(Err(error)) => tracing::warn!(%error, "a command cannot be ended"),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
