//! The only room that knows the driver: connections, sessions, what errors mean.

mod connect;
mod fault;
mod flavour;
mod login;
mod option_file;
mod processes;
mod server;
mod session;
mod settings;
mod settle;
mod tls;
mod url;

pub use fault::Fault;
pub use flavour::Flavour;
pub use login::Login;
pub use option_file::{Defaults, Entry, OptionFiles};
pub use processes::Process;
pub use server::{Facts, Server};
pub(crate) use session::mark_of;
pub use session::{Session, plain_text, text};
pub use settings::{Connection, Tls, TlsMode};
