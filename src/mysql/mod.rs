//! The only room that knows the driver: connections, sessions, what errors mean.

mod connect;
mod fault;
mod login;
mod option_file;
mod server;
mod session;
mod settings;
mod tls;
mod url;

pub use fault::Fault;
pub use login::Login;
pub use option_file::{Defaults, Entry, OptionFiles};
pub use server::{Facts, Flavour, Server};
pub use session::{Session, plain_text, text};
pub use settings::{Connection, Tls, TlsMode};
