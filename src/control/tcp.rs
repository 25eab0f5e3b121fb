//! The door for clients on other machines: TLS and a token, or none at all.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::helm::Helm;
use super::talk::{go_on, read_line, say};
use crate::error::{Error, Kind, Result};

/// Whoever guesses must not be able to try all.
const SHORTEST_TOKEN: usize = 16;
/// Handshake and token must come within this.
const PATIENCE: Duration = Duration::from_secs(10);
/// The answer to a wrong token takes so long.
const PENALTY: Duration = Duration::from_secs(1);
/// So many may come at once.
const SEATS: usize = 16;

/// Where to listen, as whom, and what opens.
#[derive(Debug, Clone)]
pub struct TcpDoor {
    address: SocketAddr,
    certificate: PathBuf,
    key: PathBuf,
    token: SecretString,
}

impl TcpDoor {
    /// With the certificate and its key in PEM files. A token that can be guessed is an error.
    pub fn new(
        address: SocketAddr,
        certificate: PathBuf,
        key: PathBuf,
        token: SecretString,
    ) -> Result<Self> {
        if token.expose_secret().len() < SHORTEST_TOKEN {
            return Err(Error::usage(
                "token_too_short",
                format!("the control token must have at least {SHORTEST_TOKEN} characters"),
            )
            .hint("make one: `openssl rand -hex 32`"));
        }
        Ok(Self { address, certificate, key, token })
    }

    /// Listens.
    pub(super) async fn open(&self) -> Result<Opened> {
        let acceptor = TlsAcceptor::from(Arc::new(self.tls()?));
        let failed = |error: io::Error| {
            Error::new(
                Kind::NotReady,
                "no_control_tcp",
                format!("nobody can listen on {}: {error}", self.address),
            )
            .hint("name another address by `--control-tcp`")
        };
        let listener = TcpListener::bind(self.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Opened { listener, acceptor, address, token: self.token.clone() })
    }

    fn tls(&self) -> Result<ServerConfig> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unusable(&self.certificate, "--control-tls-cert", &error))?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unusable(&self.key, "--control-tls-key", &error))?;
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| unusable(&self.certificate, "--control-tls-cert", &error))
    }
}

fn unusable(file: &Path, flag: &str, error: &dyn std::fmt::Display) -> Error {
    let message = format!("the file {} of `{flag}` cannot be used: {error}", file.display());
    Error::usage("control_tls", message)
}

/// A door that is open.
pub(super) struct Opened {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    address: SocketAddr,
    token: SecretString,
}

impl Opened {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Each client has a task of its own.
    pub(super) async fn serve(self, helm: Helm) {
        let seats = Arc::new(Semaphore::new(SEATS));
        let mut clients = JoinSet::new();
        loop {
            let (stream, from) = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::debug!(%error, "a client could not be let in");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
                Some(_) = clients.join_next() => continue,
            };
            // Without a seat there is no answer: that would cost a handshake.
            let Ok(seat) = Arc::clone(&seats).try_acquire_owned() else { continue };
            let (acceptor, token, helm) = (self.acceptor.clone(), self.token.clone(), helm.clone());
            clients.spawn(async move {
                let _seat = seat;
                if let Err(error) = welcome(stream, from, &acceptor, &token, &helm).await {
                    tracing::debug!(%error, %from, "a client of the control port is gone");
                }
            });
        }
    }
}

async fn welcome(
    stream: TcpStream,
    from: SocketAddr,
    acceptor: &TlsAcceptor,
    token: &SecretString,
    helm: &Helm,
) -> io::Result<()> {
    let by = format!("tcp {from}");
    let mut stream = BufReader::new(timeout(PATIENCE, acceptor.accept(stream)).await??);
    let first = timeout(PATIENCE, read_line(&mut stream)).await??.unwrap_or_default();
    let given = first.trim().strip_prefix("token ").unwrap_or_default().trim();
    if !bool::from(given.as_bytes().ct_eq(token.expose_secret().as_bytes())) {
        helm.was_refused(&by);
        tokio::time::sleep(PENALTY).await;
        return say(&mut stream, "error: the first line must be `token` and the token\n").await;
    }
    go_on(&mut stream, helm, &by).await
}
