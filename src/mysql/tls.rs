//! TLS: from our settings to the driver's, and what its failures mean.

use std::io;
use std::path::Path;

use mysql_async::{ClientIdentity, SslOpts};
use rustls::CertificateError;

use super::settings::{Connection, TlsMode};
use crate::error::{Error, Result};

/// The driver's TLS options; `None` for none. On a Unix socket there is no TLS: what never leaves
/// the machine needs none, but a mode that insists on it is not met silently.
pub(super) fn options(connection: &Connection) -> Result<Option<SslOpts>> {
    let tls = &connection.tls;
    if tls.mode == TlsMode::Disabled {
        return Ok(None);
    }
    if let Some(socket) = &connection.socket {
        if tls.mode == TlsMode::Preferred {
            return Ok(None);
        }
        return Err(Error::usage(
            "tls_over_socket",
            format!(
                "`--ssl-mode {}` cannot be met over the Unix socket {}",
                tls.mode.word(),
                socket.display()
            ),
        )
        .hint("a socket never leaves the machine: drop the TLS mode, or give `--host` instead"));
    }
    choose_provider();

    let mut options = SslOpts::default();
    if let Some(ca) = readable(tls.ca.as_deref(), "--ssl-ca")? {
        // The authority that was named is the only one to be trusted.
        options =
            options.with_root_certs(vec![ca.to_owned().into()]).with_disable_built_in_roots(true);
    }
    let cert = readable(tls.cert.as_deref(), "--ssl-cert")?;
    let key = readable(tls.key.as_deref(), "--ssl-key")?;
    match (cert, key) {
        (Some(cert), Some(key)) => {
            let identity = ClientIdentity::new(cert.to_owned().into(), key.to_owned().into());
            options = options.with_client_identity(Some(identity));
        }
        (None, None) => {}
        _ => {
            return Err(Error::usage(
                "tls_identity",
                "a client certificate needs its key and the other way round",
            )
            .hint("give both `--ssl-cert` and `--ssl-key`"));
        }
    }
    Ok(Some(match tls.mode {
        TlsMode::Disabled | TlsMode::Preferred | TlsMode::Required => {
            options.with_danger_accept_invalid_certs(true)
        }
        TlsMode::VerifyCa => options.with_danger_skip_domain_validation(true),
        TlsMode::VerifyIdentity => options,
    }))
}

/// Where another library of the process has switched on a second cryptography provider, rustls
/// refuses to guess; an earlier choice stands.
fn choose_provider() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("the process has chosen its cryptography provider already");
    }
}

fn readable<'a>(path: Option<&'a Path>, flag: &str) -> Result<Option<&'a Path>> {
    if let Some(path) = path {
        std::fs::File::open(path).map_err(|error| {
            Error::usage(
                "tls_file",
                format!("cannot read the file {} of `{flag}`: {error}", path.display()),
            )
        })?;
    }
    Ok(path)
}

/// What a failed handshake means; `None` when the error is not about TLS.
pub(super) fn explain(connection: &Connection, error: &io::Error) -> Option<Error> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(flaw) = error else {
        return Some(failed(connection, &error.to_string()));
    };
    Some(match flaw {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            wrong_name(connection)
        }
        CertificateError::UnknownIssuer => Error::not_ready(
            "tls_unknown_issuer",
            format!(
                "the certificate of {} does not come from an authority that is trusted",
                connection.place()
            ),
        )
        .hint("name the authority's certificate with `--ssl-ca`"),
        _ => failed(connection, &error.to_string()),
    })
}

/// The driver checks the name also for `verify_ca`. Going on without any check would be weaker than
/// what was asked for, so this stops.
fn wrong_name(connection: &Connection) -> Error {
    let error = Error::not_ready(
        "tls_wrong_name",
        format!(
            "the certificate of {} does not bear the name `{}`",
            connection.place(),
            connection.host
        ),
    )
    .hint(
        "connect by a name that the certificate bears, or give the server one that bears this name",
    );
    match connection.tls.mode {
        TlsMode::VerifyCa => error.hint(format!(
            "`{}` checks the name, too, in this version; a certificate that the server made for \
             itself bears none, and only `{}` (encrypted, not verified) or a Unix socket works with it",
            TlsMode::VerifyCa.word(),
            TlsMode::Required.word(),
        )),
        _ => error,
    }
}

/// The handshake failed for another reason.
pub(super) fn failed(connection: &Connection, reason: &str) -> Error {
    Error::not_ready(
        "tls_failed",
        format!("no TLS connection to {} could be made: {reason}", connection.place()),
    )
    .hint("check `--ssl-mode`, `--ssl-ca`, `--ssl-cert` and `--ssl-key`")
}
