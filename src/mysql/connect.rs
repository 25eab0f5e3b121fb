//! The first connection: how to reach the server, and what it means when that fails.

use std::time::Duration;

use mysql_async::{Conn, DriverError, Error as DbError, IoError, Opts, OptsBuilder, ServerError};
use secrecy::ExposeSecret;

use super::settings::{Connection, TlsMode};
use super::tls;
use crate::error::{Error, Result, ServerCode};

/// How long a server may take to answer the first time.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// An event of the binary log may be larger than `max_allowed_packet` of the server, which is what
/// the driver would go by otherwise.
const MAX_PACKET: usize = 1 << 30;

/// Connections idle while others work; this keeps middle boxes from forgetting them.
const KEEPALIVE: Duration = Duration::from_mins(1);

impl Connection {
    /// Connects; also gives the options that worked, for all later connections: they use TLS if and
    /// only if this one did.
    pub(super) async fn open(&self) -> Result<(Opts, Conn)> {
        let ssl = tls::options(self)?;
        let encrypted = ssl.is_some();
        let opts: Opts = self.options().ssl_opts(ssl).into();
        match self.dial(&opts).await? {
            Ok(conn) => Ok((opts, conn)),
            Err(DbError::Driver(DriverError::NoClientSslFlagFromServer))
                if self.tls.mode == TlsMode::Preferred =>
            {
                let opts: Opts = self.options().into();
                let conn = self.dial(&opts).await?.map_err(|error| self.explain(error, false))?;
                Ok((opts, conn))
            }
            Err(error) => Err(self.explain(error, encrypted)),
        }
    }

    fn options(&self) -> OptsBuilder {
        let builder = OptsBuilder::default()
            .user(Some(self.user.clone()))
            .pass(self.password.as_ref().map(ExposeSecret::expose_secret))
            // Otherwise a TCP connection to a loopback address silently becomes a socket connection.
            .prefer_socket(false)
            .max_allowed_packet(Some(MAX_PACKET))
            .tcp_keepalive(Some(KEEPALIVE));
        match &self.socket {
            Some(socket) => builder.socket(Some(socket.to_string_lossy())),
            None => builder.ip_or_hostname(self.host.clone()).tcp_port(self.port),
        }
    }

    /// The driver's answer, or an error of ours when there is none in time. Giving up is safe here:
    /// nobody uses the half-made connection.
    async fn dial(&self, opts: &Opts) -> Result<Result<Conn, DbError>> {
        tokio::time::timeout(PATIENCE, Conn::new(opts.clone())).await.map_err(|_| {
            self.unreachable(&format!("no answer within {} seconds", PATIENCE.as_secs()))
        })
    }

    fn explain(&self, error: DbError, encrypted: bool) -> Error {
        match error {
            DbError::Server(server) => self.explain_server(server, encrypted),
            DbError::Driver(DriverError::NoClientSslFlagFromServer) => Error::not_ready(
                "tls_not_offered",
                format!("the server at {} does not offer TLS", self.place()),
            )
            .hint(format!(
                "give the server a certificate, or connect without TLS by `--ssl-mode {}`",
                TlsMode::Preferred.word()
            )),
            DbError::Driver(
                error @ (DriverError::UnknownAuthPlugin { .. }
                | DriverError::CleartextPluginDisabled
                | DriverError::MysqlOldPasswordDisabled),
            ) => Error::not_ready(
                "auth_plugin",
                format!(
                    "user `{}` at {} logs in by a method that is not supported: {error}",
                    self.user,
                    self.place()
                ),
            )
            .hint("use an account with `caching_sha2_password`")
            .hint("see that there is such a user: of an unknown one a server names any method"),
            DbError::Io(IoError::Io(error)) => {
                tls::explain(self, &error).unwrap_or_else(|| self.unreachable(&error.to_string()))
            }
            DbError::Io(IoError::Tls(error)) => tls::failed(self, &error.to_string()),
            other => self.unreachable(&other.to_string()),
        }
    }

    fn explain_server(&self, server: ServerError, encrypted: bool) -> Error {
        let (code, place) = (server.code, self.place());
        let said = format!("{} {}", server.code, server.message);
        let error = match code {
            // Access denied (wrong password, wrong plugin, locked account).
            1045 | 1698 | 3118 | 3955 => self.access_denied(&said, encrypted),
            // `require_secure_transport`.
            3159 => {
                Error::not_ready("tls_required", format!("the server at {place} insists on TLS"))
                    .hint(format!("connect with `--ssl-mode {}`", TlsMode::Required.word()))
            }
            1820 | 1862 => Error::not_ready(
                "password_expired",
                format!("the password of user `{}` at {place} has expired", self.user),
            )
            .hint("set a new one with `ALTER USER … IDENTIFIED BY …`"),
            1129 | 1130 => Error::not_ready(
                "host_not_allowed",
                format!("the server at {place} does not accept this machine: {said}"),
            )
            .hint("create the account for this machine's address, or run `FLUSH HOSTS`"),
            1040 | 1203 | 1226 => Error::not_ready(
                "too_many_connections",
                format!("the server at {place} has no connection left: {said}"),
            )
            .hint("raise `max_connections` or the account's limit, then run the same again"),
            _ => self.unreachable(&said),
        };
        Error {
            server: Some(ServerCode { errno: code, sqlstate: server.state, flavour: None }),
            ..error
        }
    }

    fn access_denied(&self, said: &str, encrypted: bool) -> Error {
        let error = Error::not_ready(
            "access_denied",
            format!("{} does not let user `{}` in: {said}", self.place(), self.user),
        );
        let error = match self.password {
            Some(_) => error.hint("check user and password"),
            None => error.hint(
                "no password was given: use `--password` (asks for it), `--password-file`, \
                 `ZOSC_PASSWORD` or an option file (`~/.mylogin.cnf` is not read)",
            ),
        };
        // The server answers the same to a wrong password and to missing TLS.
        if !encrypted {
            error.hint(format!(
                "this connection has no TLS; an account made with `REQUIRE SSL` needs \
                 `--ssl-mode {}` over TCP",
                TlsMode::Required.word()
            ))
        } else if self.tls.cert.is_none() {
            error.hint("an account made with `REQUIRE X509` needs `--ssl-cert` and `--ssl-key`")
        } else {
            error
        }
    }

    fn unreachable(&self, reason: &str) -> Error {
        Error::not_ready("cannot_connect", format!("cannot connect to {}: {reason}", self.place()))
            .hint(
                "check host and port (or `--socket`), and that the server runs and can be reached",
            )
    }
}
