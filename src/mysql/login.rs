//! What one source (flags, a URL, an option file) says about the connection, and which source wins.

use std::path::PathBuf;

use secrecy::SecretString;

use super::settings::{Connection, Tls, TlsMode};
use crate::error::{Error, Result};

/// Where to connect when nobody says so.
const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_PORT: u16 = 3306;

/// One source's settings; `None` where it says nothing. `Debug` never shows the password.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// Host name or address; asks for TCP, `localhost` too.
    pub host: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
    /// Unix socket; stronger than a host of the same source.
    pub socket: Option<PathBuf>,
    /// Account name.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The schema of a table that is named without one.
    pub database: Option<String>,
    /// How TLS is asked for.
    pub ssl_mode: Option<TlsMode>,
    /// PEM file of the certificate authority.
    pub ssl_ca: Option<PathBuf>,
    /// PEM file of the client's certificate.
    pub ssl_cert: Option<PathBuf>,
    /// PEM file of the client's key.
    pub ssl_key: Option<PathBuf>,
}

impl Login {
    /// This source where it says something, `weaker` elsewhere. Who names a host or a port means TCP:
    /// a socket of a weaker source does not turn it aside.
    #[must_use]
    pub fn or(self, weaker: Self) -> Self {
        let means_tcp = self.socket.is_none() && (self.host.is_some() || self.port.is_some());
        let socket = if means_tcp { None } else { self.socket.or(weaker.socket) };
        Self {
            host: self.host.or(weaker.host),
            port: self.port.or(weaker.port),
            socket,
            user: self.user.or(weaker.user),
            password: self.password.or(weaker.password),
            database: self.database.or(weaker.database),
            ssl_mode: self.ssl_mode.or(weaker.ssl_mode),
            ssl_ca: self.ssl_ca.or(weaker.ssl_ca),
            ssl_cert: self.ssl_cert.or(weaker.ssl_cert),
            ssl_key: self.ssl_key.or(weaker.ssl_key),
        }
    }

    /// Takes a setting by its name in option files; says whether it is one of the connection's.
    /// An error names the value only where it cannot be a secret.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "host" => self.host = Some(value.to_owned()),
            "port" => {
                let port = value.parse().map_err(|_| format!("`{value}` is not a port number"))?;
                self.port = Some(port);
            }
            "socket" => self.socket = Some(value.into()),
            "user" => self.user = Some(value.to_owned()),
            "password" => self.password = Some(value.to_owned().into()),
            "database" => self.database = Some(value.to_owned()),
            "ssl-mode" => {
                let mode = TlsMode::of_word(value);
                self.ssl_mode = Some(mode.ok_or_else(|| {
                    let words = TlsMode::ALL.map(TlsMode::word).join(", ");
                    format!("`{value}` is not one of {words}")
                })?);
            }
            "ssl-ca" => self.ssl_ca = Some(value.into()),
            "ssl-cert" => self.ssl_cert = Some(value.into()),
            "ssl-key" => self.ssl_key = Some(value.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What a connection was made of.
    pub fn of(connection: &Connection) -> Self {
        let Connection { host, port, socket, user, password, tls } = connection.clone();
        Self {
            host: Some(host),
            port: Some(port),
            socket,
            user: Some(user),
            password,
            database: None,
            ssl_mode: Some(tls.mode),
            ssl_ca: tls.ca,
            ssl_cert: tls.cert,
            ssl_key: tls.key,
        }
    }

    /// The connection, with defaults where no source said anything. An authority without a mode
    /// means that the certificate is to be verified, as for MySQL's own clients.
    pub fn connection(self) -> Result<Connection> {
        let by_default = if self.ssl_ca.is_some() { TlsMode::VerifyCa } else { TlsMode::default() };
        let user = self.user.or_else(|| std::env::var("USER").ok()).ok_or_else(|| {
            Error::usage("no_user", "no user was given").hint("give `--user`, `ZOSC_USER` or a URL")
        })?;
        Ok(Connection {
            host: self.host.unwrap_or_else(|| DEFAULT_HOST.to_owned()),
            port: self.port.unwrap_or(DEFAULT_PORT),
            socket: self.socket,
            user,
            password: self.password,
            tls: Tls {
                mode: self.ssl_mode.unwrap_or(by_default),
                ca: self.ssl_ca,
                cert: self.ssl_cert,
                key: self.ssl_key,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(settings: &[(&str, &str)]) -> Login {
        let mut login = Login::default();
        for (name, value) in settings {
            assert!(login.set(name, value).unwrap(), "{name}");
        }
        login
    }

    #[test]
    fn the_stronger_source_wins_setting_by_setting() {
        let login = source(&[("host", "db1"), ("user", "a")])
            .or(source(&[("user", "b"), ("port", "3307"), ("password", "p")]))
            .or(source(&[("port", "1"), ("database", "shop")]));
        assert_eq!(login.host.as_deref(), Some("db1"));
        assert_eq!(login.user.as_deref(), Some("a"));
        assert_eq!(login.port, Some(3307));
        assert_eq!(login.database.as_deref(), Some("shop"));
        assert!(login.password.is_some());
    }

    #[test]
    fn a_host_turns_off_the_socket_of_a_weaker_source() {
        let file = || source(&[("socket", "/run/s")]);
        for tcp in [("host", "db1"), ("port", "3307")] {
            let login = source(&[tcp, ("user", "u")]).or(file());
            assert_eq!(login.connection().unwrap().socket, None);
        }
        let socket = source(&[("socket", "/a"), ("host", "localhost"), ("user", "u")]);
        assert_eq!(socket.or(file()).connection().unwrap().place(), "/a");
        assert_eq!(source(&[("user", "u")]).or(file()).connection().unwrap().place(), "/run/s");
    }

    #[test]
    fn tcp_to_the_loopback_address_by_default() {
        let connection = source(&[("user", "u")]).connection().unwrap();
        assert_eq!(connection.place(), "127.0.0.1:3306");
        assert_eq!(connection.tls.mode, TlsMode::Preferred);
    }

    #[test]
    fn an_authority_means_verification() {
        let connection = source(&[("user", "u"), ("ssl-ca", "/ca.pem")]).connection().unwrap();
        assert_eq!(connection.tls.mode, TlsMode::VerifyCa);
        let explicit = source(&[("user", "u"), ("ssl-ca", "/ca.pem"), ("ssl-mode", "REQUIRED")]);
        assert_eq!(explicit.connection().unwrap().tls.mode, TlsMode::Required);
    }

    #[test]
    fn words_of_tls_modes() {
        for word in ["VERIFY_CA", "verify-ca", ":verify_ca"] {
            assert_eq!(TlsMode::of_word(word), Some(TlsMode::VerifyCa), "{word}");
        }
        assert!(Login::default().set("ssl-mode", "maybe").unwrap_err().contains("preferred"));
    }

    #[test]
    fn debug_shows_no_password() {
        let login = source(&[("user", "u"), ("password", "s3cret")]);
        assert!(!format!("{login:?}").contains("s3cret"));
        assert!(!format!("{:?}", login.connection().unwrap()).contains("s3cret"));
    }
}
