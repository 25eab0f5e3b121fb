//! How to reach the server.
#![allow(clippy::doc_markdown)] // these comments are the help text

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::super::settings;

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArguments {
    /// mysql://user@host:3306/schema?ssl-mode=required (better in ZOSC_URL if it has a password)
    #[arg(long, value_name = "URL", env = "ZOSC_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// Whether the URL was typed, so that everybody on the machine can see it.
    #[arg(skip)]
    pub(crate) url_is_visible: bool,
    /// The server's name or address; TCP, for `localhost` too [default: 127.0.0.1]
    #[arg(long, value_name = "HOST", env = "ZOSC_HOST")]
    pub(crate) host: Option<String>,
    /// The server's port [default: 3306]
    #[arg(short = 'P', long, value_name = "PORT", env = "ZOSC_PORT")]
    pub(crate) port: Option<u16>,
    /// The server's Unix socket, instead of TCP
    #[arg(short = 'S', long, value_name = "PATH", env = "ZOSC_SOCKET")]
    pub(crate) socket: Option<PathBuf>,
    /// The account [default: your own name]
    #[arg(short = 'u', long, value_name = "USER", env = "ZOSC_USER")]
    pub(crate) user: Option<String>,
    /// Ask for the password on the terminal; never write it here (ZOSC_PASSWORD, an option file and
    /// MYSQL_PWD work, too)
    #[arg(short, long)]
    pub(crate) password: bool,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE", env = "ZOSC_PASSWORD_FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// The schema of a table that is named without one
    #[arg(short = 'D', long, value_name = "SCHEMA", env = "ZOSC_DATABASE")]
    pub(crate) database: Option<String>,
    /// disabled, preferred, required, verify_ca or verify_identity [default: preferred; verify_ca
    /// with --ssl-ca]
    #[arg(long, value_name = "MODE", env = "ZOSC_SSL_MODE", value_parser = settings::ssl_mode)]
    pub(crate) ssl_mode: Option<zosc::mysql::TlsMode>,
    /// The authority's certificate, PEM
    #[arg(long, value_name = "FILE", env = "ZOSC_SSL_CA")]
    pub(crate) ssl_ca: Option<PathBuf>,
    /// The client's certificate, PEM
    #[arg(long, value_name = "FILE", env = "ZOSC_SSL_CERT")]
    pub(crate) ssl_cert: Option<PathBuf>,
    /// The client's key, PEM
    #[arg(long, value_name = "FILE", env = "ZOSC_SSL_KEY")]
    pub(crate) ssl_key: Option<PathBuf>,
    /// Read this option file instead of /etc/my.cnf, /etc/mysql/my.cnf and ~/.my.cnf
    #[arg(long, value_name = "FILE", env = "ZOSC_DEFAULTS_FILE")]
    pub(crate) defaults_file: Option<PathBuf>,
    /// Read this option file, too
    #[arg(long, value_name = "FILE", env = "ZOSC_DEFAULTS_EXTRA_FILE")]
    pub(crate) defaults_extra_file: Option<PathBuf>,
    /// Read no option file
    #[arg(long)]
    pub(crate) no_defaults: bool,
    /// Not supported; typed by those who are used to it.
    #[arg(long, value_name = "NAME", hide = true)]
    pub(crate) login_path: Option<String>,
}

impl ConnectionArguments {
    /// A flag is stronger than the environment, also where it is not the very same setting: a typed
    /// host must not be turned aside by a socket that some profile exports.
    pub(super) fn weigh(&mut self, matches: &ArgMatches) {
        let typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        if (typed("host") || typed("port")) && !typed("socket") {
            self.socket = None;
        }
        self.url_is_visible = typed("url");
    }
}
