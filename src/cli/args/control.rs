//! Where the run listens, and when it may swap.
#![allow(clippy::doc_markdown)] // these comments are the help text

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use zosc::control::{Doors, SocketDoor, TcpDoor};
use zosc::error::{Error, Result};
use zosc::settings::{CutOver, Window};

use super::super::password;
use super::tuning::SWAP;

const STEER: &str = "To steer it while it works";

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = STEER)]
pub(super) struct ControlArguments {
    /// The swap waits until `zosc ctl RUN cut-over`; kept for a run that goes on after a crash
    #[arg(long, env = "ZOSC_POSTPONE", help_heading = SWAP)]
    postpone: bool,
    /// The swap waits while this file exists
    #[arg(long, value_name = "FILE", env = "ZOSC_POSTPONE_FLAG_FILE", help_heading = SWAP)]
    postpone_flag_file: Option<PathBuf>,
    /// Swap in this time of the day only, written as for --window; may be given more than once
    #[arg(long, value_name = "TIMES", env = "ZOSC_CUT_OVER_WINDOW", value_delimiter = ';', help_heading = SWAP)]
    cut_over_window: Vec<Window>,
    /// Where the run listens for `zosc ctl`; `none` for nowhere [default: in your runtime folder,
    /// under the table's name]
    #[arg(long, value_name = "PATH", env = "ZOSC_CONTROL_SOCKET")]
    control_socket: Option<PathBuf>,
    /// Listen on this address and port, too; only with a certificate, its key and a token
    #[arg(long, value_name = "ADDRESS", env = "ZOSC_CONTROL_TCP")]
    control_tcp: Option<SocketAddr>,
    /// The certificate for --control-tcp, PEM
    #[arg(long, value_name = "FILE", env = "ZOSC_CONTROL_TLS_CERT")]
    control_tls_cert: Option<PathBuf>,
    /// The key for --control-tcp, PEM
    #[arg(long, value_name = "FILE", env = "ZOSC_CONTROL_TLS_KEY")]
    control_tls_key: Option<PathBuf>,
    /// Read the token for --control-tcp from the first line of a file (ZOSC_CONTROL_TOKEN works, too)
    #[arg(long, value_name = "FILE", env = "ZOSC_CONTROL_TOKEN_FILE")]
    control_token_file: Option<PathBuf>,
}

impl ControlArguments {
    pub(super) fn postpone(&self) -> bool {
        self.postpone
    }

    /// When the swap may begin.
    pub(super) fn cut_over(&self) -> CutOver {
        CutOver {
            flag_file: self.postpone_flag_file.clone(),
            windows: self.cut_over_window.clone(),
        }
    }

    /// Where the run listens. TCP is refused unless all that protects it is there.
    pub(super) fn doors(&self) -> Result<Doors> {
        let socket = match &self.control_socket {
            None => SocketDoor::Usual,
            Some(path) if path == Path::new("none") => SocketDoor::None,
            Some(path) => SocketDoor::At(path.clone()),
        };
        let tcp = match self.control_tcp {
            None => None,
            Some(address) => match (&self.control_tls_cert, &self.control_tls_key, self.token()?) {
                (Some(cert), Some(key), Some(token)) => {
                    Some(TcpDoor::new(address, cert.clone(), key.clone(), token)?)
                }
                _ => return Err(unprotected()),
            },
        };
        Ok(Doors { socket, tcp })
    }

    fn token(&self) -> Result<Option<SecretString>> {
        match &self.control_token_file {
            Some(file) => password::read(file).map(Some),
            None => Ok(std::env::var("ZOSC_CONTROL_TOKEN").ok().map(SecretString::from)),
        }
    }
}

fn unprotected() -> Error {
    Error::usage(
        "control_unprotected",
        "`--control-tcp` needs `--control-tls-cert`, `--control-tls-key` and a token",
    )
    .hint("give the token in `ZOSC_CONTROL_TOKEN` or by `--control-token-file`")
    .hint(
        "or leave it out, and reach the unix socket by ssh: `ssh host zosc ctl shop.orders status`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_is_never_open_by_itself() {
        let some = |file: &str| Some(PathBuf::from(file));
        let bare = ControlArguments {
            control_tcp: Some("127.0.0.1:0".parse().unwrap()),
            ..ControlArguments::default()
        };
        assert_eq!(bare.doors().unwrap_err().code, "control_unprotected");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "0123456789abcdef\n").unwrap();
        let whole = ControlArguments {
            control_tls_cert: some("c"),
            control_tls_key: some("k"),
            control_token_file: Some(file.clone()),
            ..bare.clone()
        };
        assert!(whole.doors().unwrap().tcp.is_some());
        let without_key = ControlArguments { control_tls_key: None, ..whole.clone() };
        assert_eq!(without_key.doors().unwrap_err().code, "control_unprotected");
        std::fs::write(&file, "short\n").unwrap();
        assert_eq!(whole.doors().unwrap_err().code, "token_too_short");
        assert!(ControlArguments::default().doors().unwrap().tcp.is_none());
    }

    #[test]
    fn none_is_nowhere() {
        let at = |path: &str| ControlArguments {
            control_socket: Some(path.into()),
            ..ControlArguments::default()
        };
        assert_eq!(at("none").doors().unwrap().socket, SocketDoor::None);
        assert_eq!(at("./none").doors().unwrap().socket, SocketDoor::At("./none".into()));
    }
}
