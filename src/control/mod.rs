//! The room from which a run is steered while it works: a unix socket for the run's own user, and
//! TCP with TLS and a token where that is asked for. No client can hold up the run, or end it other
//! than by the word for it.

mod audit;
mod change;
mod client;
mod helm;
mod preview;
mod report;
mod socket;
mod talk;
mod tcp;
mod words;

use std::path::PathBuf;

use tokio::task::JoinSet;

use crate::error::Result;
use crate::event::Event;
use crate::means::Means;
use crate::request::Request;
use helm::Helm;
use socket::Socket;

pub use client::{Living, ask, living};
pub use tcp::TcpDoor;

/// Where a run listens.
#[derive(Debug, Clone, Default)]
pub struct Doors {
    /// On this machine.
    pub socket: SocketDoor,
    /// From elsewhere.
    pub tcp: Option<TcpDoor>,
}

/// Where the socket lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SocketDoor {
    /// In the user's runtime folder, under the table's name. Where that is not possible the run goes
    /// on without, and says so.
    #[default]
    Usual,
    /// At this path; an error where that is not possible.
    At(PathBuf),
    /// Nowhere.
    None,
}

/// The room while it is open; dropping it ends all conversations and removes the socket.
#[derive(Debug)]
pub struct Room {
    // Goes first: while somebody listens there, no other process takes the file for a dead one's.
    _socket: Option<Socket>,
    _tasks: JoinSet<()>,
}

impl Room {
    /// Opens the doors that are asked for, and says where they are.
    pub async fn open(means: &Means, request: &Request) -> Result<Self> {
        let mut tasks = JoinSet::new();
        let socket = match &request.doors.socket {
            SocketDoor::None => None,
            SocketDoor::At(path) => Some(Socket::at(path).await?),
            SocketDoor::Usual => match Socket::usual(&request.table).await {
                Ok(socket) => Some(socket),
                Err(error) => {
                    let hint = "name another place by `--control-socket`, or `none`";
                    means.events.warn("no_control_socket", error.message, Some(hint));
                    None
                }
            },
        };
        let path = socket.as_ref().map(|(_, socket)| socket.path().display().to_string());
        let helm = Helm::new(means, request, path.clone());
        let socket = match socket {
            Some((listener, socket)) => {
                tasks.spawn(socket::serve(listener, helm.clone()));
                Some(socket)
            }
            None => None,
        };
        let say = |address: String, over: &str| {
            means.events.say(Event::Listening { address, over: over.to_owned() });
        };
        if let Some(path) = path {
            say(path, "unix");
        }
        if let Some(door) = &request.doors.tcp {
            let opened = door.open().await?;
            say(opened.address().to_string(), "tcp");
            tasks.spawn(opened.serve(helm));
        }
        Ok(Self { _socket: socket, _tasks: tasks })
    }
}
