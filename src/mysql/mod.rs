//! The only room that knows the driver: connections, sessions, what errors mean.

mod connect;
mod fault;
mod flavour;
mod history;
mod login;
mod meaning;
mod option_file;
mod presence;
mod processes;
mod restart;
mod server;
mod session;
mod settings;
mod settle;
mod silence;
mod tls;
mod trial;
mod url;
mod waits;

pub use fault::Fault;
pub(crate) use fault::connection_lost;
pub use flavour::Flavour;
pub use history::History;
pub use login::Login;
pub use option_file::{Defaults, Entry, OptionFiles};
pub use presence::Presence;
pub use processes::Process;
pub use restart::Identity;
pub use server::{Facts, Server};
pub(crate) use session::mark_of;
pub use session::{Session, plain_text, text};
pub use settings::{Connection, Tls, TlsMode};
pub(crate) use silence::Vigil;
pub use trial::Trials;
pub(crate) use trial::right_missing;
