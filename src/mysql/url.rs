//! `mysql://user:password@host:3306/schema?ssl-mode=required`, in the spellings of its dialects.

use percent_encoding::percent_decode_str;
use url::Url;

use super::Login;
use crate::error::{Error, Result};

/// MySQL and Diesel, MariaDB, and the adapters of Rails.
const SCHEMES: [&str; 4] = ["mysql", "mariadb", "mysql2", "trilogy"];

impl Login {
    /// What a URL says. No error repeats the URL, because it may hold a password.
    ///
    /// Parameters of other tools (pools, encodings) are passed over, but not those about TLS that
    /// are not understood: the connection would be weaker than what was asked for.
    pub fn from_url(url: &str) -> Result<Self> {
        let url = Url::parse(url).map_err(|error| unclear(&error.to_string()))?;
        if !SCHEMES.contains(&url.scheme()) {
            let known = SCHEMES.map(|scheme| format!("`{scheme}://`")).join(", ");
            return Err(unclear(&format!("it must begin with one of {known}")));
        }
        let mut login = Self { port: url.port(), ..Self::default() };
        let parts = [
            ("host", url.host_str().map(|host| host.trim_matches(['[', ']']))),
            ("user", Some(url.username())),
            ("password", url.password()),
            ("database", Some(url.path().trim_start_matches('/'))),
        ];
        for (name, part) in parts {
            // An empty password is one, an empty name is none.
            if let Some(part) = part.filter(|part| !part.is_empty() || name == "password") {
                let decoded = percent_decode_str(part).decode_utf8();
                let decoded = decoded.map_err(|_| unclear(&format!("its {name} is not UTF-8")))?;
                login.set(name, &decoded).map_err(|flaw| unclear(&flaw))?;
            }
        }
        for (name, value) in url.query_pairs() {
            let taken = login.set(option_name(&name), &value).map_err(|flaw| unclear(&flaw))?;
            if !taken && ["ssl", "tls", "verify"].iter().any(|word| name.contains(word)) {
                return Err(unclear(&format!("its parameter `{name}` is not known"))
                    .hint("TLS is asked for by `ssl-mode`, `ssl-ca`, `ssl-cert` and `ssl-key`"));
            }
        }
        Ok(login)
    }
}

/// The name in option files of a parameter as Diesel, the driver, mysql2 or MySQL's shell spell it.
fn option_name(parameter: &str) -> &str {
    match parameter {
        "unix_socket" | "unix-socket" => "socket",
        "ssl_mode" | "sslmode" => "ssl-mode",
        "ssl_ca" | "sslca" => "ssl-ca",
        "ssl_cert" | "sslcert" => "ssl-cert",
        "ssl_key" | "sslkey" => "ssl-key",
        other => other,
    }
}

fn unclear(reason: &str) -> Error {
    Error::usage("bad_url", format!("the URL of the server is not understood: {reason}"))
        .hint("write `mysql://user@host:3306/schema`, special characters percent-encoded")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::mysql::TlsMode;

    #[test]
    fn all_parts() {
        let url = "mysql://us%40er:p%2Fw%3A@db.example:3307/sh%20op?ssl-mode=VERIFY_CA&ssl_ca=/c";
        let login = Login::from_url(url).unwrap();
        assert_eq!(login.host.as_deref(), Some("db.example"));
        assert_eq!(login.port, Some(3307));
        assert_eq!(login.user.as_deref(), Some("us@er"));
        assert_eq!(login.password.unwrap().expose_secret(), "p/w:");
        assert_eq!(login.database.as_deref(), Some("sh op"));
        assert_eq!(login.ssl_mode, Some(TlsMode::VerifyCa));
        assert_eq!(login.ssl_ca.unwrap().to_str(), Some("/c"));
    }

    #[test]
    fn dialects() {
        for url in [
            "mysql2://root@localhost/db?socket=/s&pool=5&encoding=utf8mb4",
            "trilogy://root@localhost/db?unix_socket=/s",
            "mariadb:///db?socket=%2Fs",
        ] {
            let login = Login::from_url(url).unwrap();
            assert_eq!(login.socket.unwrap().to_str(), Some("/s"), "{url}");
            assert_eq!(login.database.as_deref(), Some("db"));
        }
        let address = Login::from_url("mysql://root@[::1]:3306/").unwrap();
        assert_eq!(address.host.as_deref(), Some("::1"));
        assert_eq!(address.database, None);
    }

    #[test]
    fn errors_do_not_repeat_the_password() {
        for url in [
            "mysql://root:s3cret@host:99999/",
            "postgres://root:s3cret@host/",
            "mysql://root:s3cret@host/?ssl-mode=s0so",
            "mysql://root:s3cret@host/?require_ssl=true",
            "root:s3cret@host",
        ] {
            let error = Login::from_url(url).unwrap_err();
            assert_eq!(error.code, "bad_url");
            assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        }
    }
}
